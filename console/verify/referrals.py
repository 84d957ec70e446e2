"""The parts that offices have in a case: one for each office at a time, and the lead's ends last."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, JournalRow, Snapshot
from console.verify.timelines import decoded
from contracts.codes import ReferralRole
from contracts.events.referrals import (
    ReferralCompleted,
    ReferralDispatched,
    ReferralEvent,
    ReferralOfficeSucceeded,
    ReferralReworkRequested,
)

CHECK = ReferralRole.CHECK
"""A question about the applicant stands beside the office's part of the work."""
ENDS = frozenset(
    {"referral.returned", "referral.completed", "referral.failed", "referral.cancelled", "referral.classified"}
)


@check("an office has one live referral of a case, as routing holds them")
def one_live_referral(snapshot: Snapshot) -> Iterator[Fault | None]:
    for case_id, referrals in snapshot.referrals_of.items():
        live = Counter((referral.office, referral.role == CHECK) for referral in referrals if not referral.ended)
        for (office, _), number in live.items():
            detail = f"{number} live referrals of one office"
            yield Fault(detail=detail, case_id=case_id, ids={"office": office}) if number > 1 else None


@check("an office has one live referral of a case, as routing published it")
def one_live_referral_published(snapshot: Snapshot) -> Iterator[Fault | None]:
    for case_id, rows in _of_routing(snapshot):
        parts: dict[bool, dict[UUID, str]] = {False: {}, True: {}}
        for row, event in _referral_events(rows):
            open_ = parts[event.role is CHECK]
            before = open_.get(event.referral_id)
            _follow(open_, event)
            office = open_.get(event.referral_id)
            if office is None or office == before:
                continue
            others = [str(id_) for id_, held in open_.items() if held == office and id_ != event.referral_id]
            ids = {"office": office, "referral_id": str(event.referral_id), "sequence": str(row.sequence)}
            detail = f"sent to an office that has {', '.join(others)}"
            yield Fault(detail=detail, case_id=case_id, ids=ids) if others else None


@check("no lead finished while a co-handler was open")
def gates_kept(snapshot: Snapshot) -> Iterator[Fault | None]:
    for case_id, rows in _of_routing(snapshot):
        open_: dict[UUID, str] = {}
        for row, event in _referral_events(rows):
            if event.role is ReferralRole.CO:
                _follow(open_, event)
            elif event.role is ReferralRole.LEAD and isinstance(event, ReferralCompleted):
                detail = f"the lead finished while {', '.join(sorted(open_.values()))} had not answered"
                ids = {"referral_id": str(event.referral_id), "sequence": str(row.sequence)}
                yield Fault(detail=detail, case_id=case_id, ids=ids) if open_ else None


def _of_routing(snapshot: Snapshot) -> Iterator[tuple[UUID, list[JournalRow]]]:
    return ((case_id, rows) for (service, case_id), rows in snapshot.journal_of.items() if service == "routing")


def _referral_events(rows: list[JournalRow]) -> Iterator[tuple[JournalRow, ReferralEvent]]:
    for row in rows:
        event = decoded(row) if row.type.startswith("yimen.referral.") else None
        if isinstance(event, ReferralEvent):
            yield row, event


def _follow(open_: dict[UUID, str], event: ReferralEvent) -> None:
    """Who has which referral after the event."""
    if isinstance(event, ReferralDispatched | ReferralReworkRequested | ReferralOfficeSucceeded):
        open_[event.referral_id] = event.office
    elif event.TYPE in ENDS:
        open_.pop(event.referral_id, None)
