"""Duplicates of a matter go on in one case (并案), and one that was merged wrongly goes on by itself again.

The case that goes on holds the earliest date of them: no merge gives an office more time.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from contracts.codes import CaseState
from contracts.events.cases import (
    CaseAccepted,
    CaseDuplicateAdded,
    CaseDuplicateRemoved,
    CaseMerged,
    CaseUnmerged,
)
from contracts.refusals import Fault, Refused
from contracts.submissions import Applicant
from libraries.policies import Policy
from services.intake.domain.actions import illegal
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.people import same_person
from services.intake.domain.referral_updates import notice_due
from services.intake.domain.registering import acceptance
from services.intake.domain.states import Move
from services.intake.domain.timing import emit_trigger

MERGE: Final = "merge"
"""What the window of the case that goes on owes the applicant a word about."""
NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The date of a case that has none, or whose clock stands still."""


def merge(
    survivor: Case,
    duplicates: Mapping[str, Case],
    at: datetime,
    policy: Policy,
    *,
    applicants: Mapping[str, Applicant | None],
    own: Applicant | None,
) -> list[Change] | Refused:
    """All of them or none; the change of the survivor comes last.

    `duplicates` and `applicants` are by the field that named them; an applicant who was erased is `None`.
    """
    if refused := illegal(survivor, Move.MERGE):
        return refused
    faults = [
        fault
        for field, case in duplicates.items()
        for fault in _faults(field, case, survivor, same=_same(own, applicants[field]))
    ]
    if faults:
        return Refused.of(*faults)
    merged = [_merged(case, survivor, at, policy) for case in duplicates.values()]
    change = Change(case=survivor, at=at)
    for case in duplicates.values():
        change = change.emit(CaseDuplicateAdded, duplicate=case.id, duplicate_number=case.number, added_at=at)
    return [*merged, notice_due(change, MERGE)]


def unmerge(case: Case, survivor: Case, at: datetime, policy: Policy) -> list[Change] | Refused:
    """It goes on as an accepted case, with the time that it has used; whoever says so has looked at it."""
    if refused := illegal(case, Move.UNMERGE):
        return refused
    change = Change(case=case, at=at).transition(Move.UNMERGE, merged_into=None, accepted_at=case.accepted_at or at)
    change = emit_trigger(
        change, CaseUnmerged, policy, survivor=survivor.id, survivor_number=survivor.number, unmerged_at=at
    )
    if case.accepted_at is None:
        change = change.emit(CaseAccepted, **acceptance(change.case, at))
    removed = Change(case=survivor, at=at).emit(
        CaseDuplicateRemoved, duplicate=case.id, duplicate_number=case.number, removed_at=at
    )
    return [change, removed]


def _same(one: Applicant | None, other: Applicant | None) -> bool:
    return one is not None and other is not None and same_person(one, other)


def _faults(field: str, case: Case, survivor: Case, *, same: bool) -> Sequence[Fault]:
    if case.id == survivor.id:
        return [Fault(field, "itself")]
    if refused := illegal(case, Move.MERGE):
        return [Fault(field, refused.code, refused.facts)]
    if case.category != survivor.category:
        return [Fault(field, "other_category", {"number": case.number})]
    if not same:
        return [Fault(field, "other_applicant", {"number": case.number})]
    if _date(case) < _date(survivor):
        return [Fault(field, "earlier_date", {"number": case.number})]
    return []


def _date(case: Case) -> datetime:
    """When the lead has to be done. What no lead has yet is later than anything that one has."""
    if case.state is CaseState.SUSPENDED or case.handling is None or case.handling.due_at is None:
        return NEVER
    return case.handling.due_at


def _merged(case: Case, survivor: Case, at: datetime, policy: Policy) -> Change:
    change = Change(case=case, at=at).transition(Move.MERGE, handling=None, merged_into=survivor.id)
    return emit_trigger(change, CaseMerged, policy, into=survivor.id, into_number=survivor.number, merged_at=at)
