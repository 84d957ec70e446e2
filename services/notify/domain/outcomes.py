"""What became of each referral and each case in each round, folded from events: the facts behind the figures.

Cases and referrals come from two topics, in any order between them. So a case has two rows of facts that know nothing
of each other: what its window said, and what was sent to its leads.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from contracts import codes
from contracts.clocks import ClockFacts, ClockMet, ClockStarted
from contracts.codes import ClockKind, ReferralRole, ReferralState
from contracts.events import cases as c
from contracts.events import referrals as r
from contracts.events.base import CaseBound
from contracts.events.clocks import clocks_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralOutcome:
    """One office's part in one round."""

    referral_id: UUID
    round: int
    case_id: UUID
    office: str
    area: str
    category: str
    field: codes.Field
    role: ReferralRole
    sent_as: codes.Sending
    dispatched_at: datetime
    """Of a later round, when it began."""
    sign_due_at: datetime | None = None
    signed_at: datetime | None = None
    """By the office's own word, never by silence."""
    responded_at: datetime | None = None
    """The first word of substance."""
    taken: bool = False
    """It was accepted, by word or by silence, or its return was refused."""
    has_limit: bool = False
    work_due_at: datetime | None = None
    """`None` too while the time stands still."""
    came_late: bool = False
    extensions: int = 0
    return_requested_at: datetime | None = None
    return_pending: bool = False
    returned_at: datetime | None = None
    reassigned_at: datetime | None = None
    completed_at: datetime | None = None
    failed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """One round of a case, as its window says it."""

    case_id: UUID
    round: int
    area: str
    category: str
    field: codes.Field
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    satisfied: bool | None = None
    reopened_at: datetime | None = None
    """The round was not the last."""
    terminated_at: datetime | None = None
    withdrawn_at: datetime | None = None
    merged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOutcome:
    """One round of a case, as it was sent to leads."""

    case_id: UUID
    round: int
    area: str
    category: str
    field: codes.Field
    office: str
    """The last lead."""
    sendings: int
    returns: int = 0


T = TypeVar("T")
Rounds = dict[UUID, dict[int, T]]
"""By referral or case, then by round."""


@dataclass(slots=True, kw_only=True)
class Outcomes:
    """What is known of the referrals and cases of one batch; `note` writes in it."""

    referrals: Rounds[ReferralOutcome] = field(default_factory=dict)
    cases: Rounds[CaseOutcome] = field(default_factory=dict)
    leads: Rounds[LeadOutcome] = field(default_factory=dict)


WITHDRAWN: Final = "case_withdrawn"
CLASSIFIED: Final = "classified"
MERGED: Final = "case_merged"
"""As routing says why it took a referral back."""
SUBSTANCE: Final = (
    r.ReferralProgressReported,
    r.ReferralOnHold,
    r.ReferralExtensionRequested,
    r.ReferralReturnRequested,
    r.ReferralCompleted,
    r.ReferralFailed,
    r.ReferralLeadActed,
    r.ReferralClassified,
)
SIGNS: Final = (r.ReferralSigned, r.ReferralAccepted)
TAKES: Final = frozenset(
    {ReferralState.ACCEPTED, ReferralState.IN_PROGRESS, ReferralState.ON_HOLD, ReferralState.COMPLETED}
)


def note(event: CaseBound, outcomes: Outcomes) -> None:
    """Events that were seen before must not come again; of what began before us nothing is known, and nothing noted."""
    if isinstance(event, r.ReferralEvent):
        _referral(event, outcomes)
    elif isinstance(event, c.CaseEvent):
        _case(event, outcomes)
    elif isinstance(event, r.RoutingReclassified):
        _reclassified(event, outcomes)
    for clock in clocks_in(event):
        if isinstance(clock, ClockFacts):
            _limit(clock, outcomes)
        elif isinstance(event, r.ReferralEvent) and isinstance(clock, ClockMet) and clock.kind is ClockKind.SIGNING:
            _sign(event.referral_id, clock.at, outcomes)


def last(rounds: dict[int, T] | None) -> T | None:
    return rounds[max(rounds)] if rounds else None


def _referral(event: r.ReferralEvent, outcomes: Outcomes) -> None:
    if isinstance(event, r.ReferralDispatched):
        _dispatched(event, outcomes)
        return
    before = last(outcomes.referrals.get(event.referral_id))
    if before is None:
        return
    if event.round > before.round:
        before = _next_round(before, event, outcomes)
    after = _moved(before, event)
    outcomes.referrals[after.referral_id][after.round] = after
    if isinstance(event, r.ReferralReturned) and after.role is ReferralRole.LEAD:
        lead = outcomes.leads.get(after.case_id, {}).get(after.round)
        if lead is not None:
            outcomes.leads[after.case_id][after.round] = replace(lead, returns=lead.returns + 1)
    if isinstance(event, r.ReferralClassified):
        # To say which matter it is was no handling, and it was sent to the right place for that.
        lead = outcomes.leads.get(after.case_id, {}).get(after.round)
        if lead is not None:
            outcomes.leads[after.case_id][after.round] = replace(lead, sendings=lead.sendings - 1)
    if isinstance(event, r.ReferralOfficeSucceeded) and after.role is ReferralRole.LEAD:
        lead = outcomes.leads.get(after.case_id, {}).get(after.round)
        if lead is not None:
            outcomes.leads[after.case_id][after.round] = replace(lead, office=event.office, area=event.area)


def _reclassified(event: r.RoutingReclassified, outcomes: Outcomes) -> None:
    """The round that goes on is of the matter that it is."""
    lead = last(outcomes.leads.get(event.case_id))
    if lead is not None:
        placed = replace(lead, area=event.area, category=event.category, field=event.field)
        outcomes.leads[event.case_id][lead.round] = placed


def _dispatched(event: r.ReferralDispatched, outcomes: Outcomes) -> None:
    outcomes.referrals.setdefault(event.referral_id, {})[event.round] = ReferralOutcome(
        referral_id=event.referral_id,
        round=event.round,
        case_id=event.case_id,
        office=event.office,
        area=event.area,
        category=event.category,
        field=event.field,
        role=event.role,
        sent_as=event.sent_as,
        dispatched_at=event.at,
    )
    if event.role is ReferralRole.LEAD:
        _sent(outcomes.referrals[event.referral_id][event.round], outcomes)


def _next_round(before: ReferralOutcome, event: r.ReferralEvent, outcomes: Outcomes) -> ReferralOutcome:
    """The same office takes it up again: nothing of the round before counts in this one."""
    found = ReferralOutcome(
        referral_id=before.referral_id,
        round=event.round,
        case_id=before.case_id,
        office=before.office,
        area=before.area,
        category=before.category,
        field=before.field,
        role=before.role,
        sent_as=before.sent_as,
        dispatched_at=event.at,
        taken=True,
    )
    if found.role is ReferralRole.LEAD:
        _sent(found, outcomes)
    return found


def _sent(referral: ReferralOutcome, outcomes: Outcomes) -> None:
    rounds = outcomes.leads.setdefault(referral.case_id, {})
    before = rounds.get(referral.round)
    rounds[referral.round] = LeadOutcome(
        case_id=referral.case_id,
        round=referral.round,
        area=referral.area,
        category=referral.category,
        field=referral.field,
        office=referral.office,
        sendings=(before.sendings if before is not None else 0) + 1,
        returns=before.returns if before is not None else 0,
    )


def _moved(one: ReferralOutcome, event: r.ReferralEvent) -> ReferralOutcome:
    at = event.at
    if one.responded_at is None and event.feedback_id is not None and isinstance(event, SUBSTANCE):
        one = replace(one, responded_at=at)
    if one.signed_at is None and isinstance(event, SIGNS):
        one = replace(one, signed_at=at)
    if event.state in TAKES and not one.taken:
        one = replace(one, taken=True)
    if isinstance(event, r.ReferralOfficeSucceeded):
        return replace(one, office=event.office, area=event.area)
    if isinstance(event, r.ReferralReclassified):
        return replace(one, area=event.area, category=event.category, field=event.field)
    if isinstance(event, r.ReferralClassified):
        return replace(one, cancelled_at=at, cancelled_because=CLASSIFIED, return_pending=False)
    if isinstance(event, r.ReferralExtended):
        return replace(one, extensions=one.extensions + 1)
    if isinstance(event, r.ReferralCancelled):
        return replace(one, cancelled_at=at, cancelled_because=event.reason, return_pending=False)
    return _answered(one, event)


def _answered(one: ReferralOutcome, event: r.ReferralEvent) -> ReferralOutcome:
    """What the office or who decides on it says of the referral itself."""
    at = event.at
    if isinstance(event, r.ReferralReturnRequested):
        return replace(one, return_requested_at=one.return_requested_at or at, return_pending=True)
    if isinstance(event, r.ReferralReturned):
        return replace(one, returned_at=at, return_pending=False)
    if isinstance(event, r.ReferralReturnRefused):
        return replace(one, return_pending=False)
    if isinstance(event, r.ReferralReassigned):
        return replace(one, reassigned_at=at)
    if isinstance(event, r.ReferralCompleted):
        return replace(one, completed_at=at)
    return replace(one, failed_at=at) if isinstance(event, r.ReferralFailed) else one


def _limit(clock: ClockFacts, outcomes: Outcomes) -> None:
    one = last(outcomes.referrals.get(clock.referral_id)) if clock.referral_id is not None else None
    if one is None:
        return
    due = clock.due_at or clock.missed_at
    if clock.kind is ClockKind.SIGNING:
        one = replace(one, sign_due_at=due)
    elif clock.kind in codes.WORK:
        late = isinstance(clock, ClockStarted) and due is not None and due < one.dispatched_at
        one = replace(one, has_limit=True, work_due_at=due, came_late=one.came_late or late)
    outcomes.referrals[one.referral_id][one.round] = one


def _sign(referral_id: UUID, at: datetime, outcomes: Outcomes) -> None:
    one = last(outcomes.referrals.get(referral_id))
    if one is not None and one.signed_at is None:
        outcomes.referrals[referral_id][one.round] = replace(one, signed_at=at)


def _case(event: c.CaseEvent, outcomes: Outcomes) -> None:
    if isinstance(event, c.CaseRegistered):
        outcomes.cases.setdefault(event.case_id, {})[1] = CaseOutcome(
            case_id=event.case_id, round=1, area=event.area, category=event.category, field=event.field
        )
        return
    rounds = outcomes.cases.get(event.case_id)
    one = last(rounds)
    if rounds is None or one is None:
        return
    if isinstance(event, c.CaseReopened):
        rounds[one.round] = replace(one, reopened_at=event.reopened_at)
        one = CaseOutcome(case_id=one.case_id, round=event.round, area=one.area, category=one.category, field=one.field)
    if isinstance(event, c.CaseReviewRequested):
        # Another office judges the result: nobody was asked to do it again.
        one = CaseOutcome(
            case_id=one.case_id, round=event.round, area=one.area, category=event.category, field=event.field
        )
    rounds[one.round] = _ended(one, event)


def _ended(one: CaseOutcome, event: c.CaseEvent) -> CaseOutcome:
    if isinstance(event, c.CaseResolved):
        return replace(one, resolved_at=event.resolved_at)
    if isinstance(event, c.CaseClosed):
        return replace(one, closed_at=event.closed_at, satisfied=event.satisfied)
    if isinstance(event, c.CaseTerminated):
        return replace(one, terminated_at=event.terminated_at)
    if isinstance(event, c.CaseWithdrawn):
        return replace(one, withdrawn_at=event.withdrawn_at)
    if isinstance(event, c.CaseMerged):
        return replace(one, merged_at=event.merged_at)
    return replace(one, merged_at=None) if isinstance(event, c.CaseUnmerged) else one


def changed(before: Rounds[T], now: Rounds[T]) -> Iterable[T]:
    """What is new or other than it was."""
    for key, rounds in now.items():
        known = before.get(key, {})
        yield from (one for number, one in rounds.items() if one is not known.get(number))
