"""Whose act something was: what somebody must have done names office, role and door."""

from collections.abc import Iterator
from typing import Final

from console.verify.registry import check
from console.verify.snapshot import Fault, Snapshot
from console.verify.timelines import decoded
from contracts.codes import Door, Role
from contracts.events.base import Actor, CaseBound
from contracts.events.cases import CaseAccepted
from contracts.events.referrals import ReferralExtensionRefused

ACTS: Final = frozenset(
    {
        "case.registered",
        "case.accepted",
        "case.not_accepted",
        "case.supplement_requested",
        "case.supplemented",
        "case.withdrawn",
        "case.merged",
        "case.unmerged",
        "case.duplicate_added",
        "case.duplicate_removed",
        "case.closed",
        "case.reopened",
        "case.review_requested",
        "case.reclassified",
        "case.applicant_told",
        "case.consent_given",
        "case.consent_withdrawn",
        "case.check_requested",
        "case.applicant_not_reached",
        "case.attachment_added",
        "case.materials_taken_over",
        "case.take_over_withdrawn",
        "case.erased",
        "routing.arbitration_requested",
        "routing.overridden",
        "routing.reclassified",
        "referral.signed",
        "referral.accepted",
        "referral.return_requested",
        "referral.returned",
        "referral.return_refused",
        "referral.reassigned",
        "referral.on_hold",
        "referral.resumed",
        "referral.progress_reported",
        "referral.completed",
        "referral.failed",
        "referral.lead_acted",
        "referral.urged",
        "referral.classified",
        "referral.reclassified",
        "referral.extension_requested",
        "referral.extended",
        "referral.extension_refused",
        "feedback.received",
    }
)
"""What no rule and no passing of time brings about."""


_WIRE: Final = frozenset(f"yimen.{type_}.v1" for type_ in ACTS)


@check("what somebody did names office, role and door")
def acts_have_actors(snapshot: Snapshot) -> Iterator[Fault | None]:
    for (service, case_id), rows in snapshot.journal_of.items():
        if service == "notify":
            continue
        for row in rows:
            event = decoded(row) if row.type in _WIRE else None
            if not isinstance(event, CaseBound) or _by_silence(event):
                continue
            lacks = _lacks(event.by)
            detail = f"{row.type} does not say {', '.join(lacks)}"
            yield Fault(detail=detail, case_id=case_id, ids={"sequence": str(row.sequence)}) if lacks else None


def _by_silence(event: CaseBound) -> bool:
    """Silence accepts a case, and refuses more time, without anybody."""
    if isinstance(event, CaseAccepted):
        return event.deemed
    return isinstance(event, ReferralExtensionRefused) and event.silent


def _lacks(by: Actor | None) -> list[str]:
    """Whoever runs the installation speaks for no office, nor does an applicant."""
    if by is None:
        return ["by whom"]
    if (by.role is Role.OPS and by.door is Door.CONSOLE) or by.role is Role.APPLICANT:
        return []
    lacks = ["the role"] if by.role is None else []
    lacks += [] if by.office else ["the office"]
    return lacks + (["the door"] if by.door is Door.RULES else [])
