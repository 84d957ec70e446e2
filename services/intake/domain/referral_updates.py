"""How a case follows its referrals and its clocks: routing and the passing of time move it, never a request."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.codes import CaseState, ClockKind
from contracts.events.cases import (
    CaseApplicantToBeTold,
    CaseProgressed,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseTerminated,
)
from contracts.reviews import ReviewResult
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from services.intake.domain.case import Case, ExpectedAnswer
from services.intake.domain.change import Change
from services.intake.domain.registering import accepted
from services.intake.domain.states import Move, after
from services.intake.domain.timing import apply_trigger, emit_trigger

EXTENSION, SUSPENSION = "extension", "suspension"
AT_WORK = frozenset({CaseState.IN_PROGRESS, CaseState.SUSPENDED})


def dispatched(case: Case, at: datetime, referral: UUID, office: str, policy: Policy) -> Change:
    """A lead has it. Whoever gets it instead of an office that waited starts to work: nothing holds the case then."""
    change = _resume(Change(case=replace(case, lead=referral, lead_office=office), at=at))
    if after(case.state, Move.DISPATCH) is not None:
        change = _progressed(change.transition(Move.DISPATCH), Trigger.REFERRAL_DISPATCHED)
    return apply_update(change, referral, Trigger.REFERRAL_DISPATCHED, policy)


def apply_update(change: Change, referral: UUID, what: Trigger, policy: Policy) -> Change:
    """What happened to the lead's referral may be what a clock of the window waited for."""
    if referral != change.case.lead:
        return change
    begun = change if change.events else _progressed(change, what)
    moved = apply_trigger(begun, what, policy)
    return change if moved is begun else moved


def _progressed(change: Change, cause: Trigger) -> Change:
    return change.emit(CaseProgressed, cause=cause.value, progressed_at=change.at)


def timed(change: Change, handling: ExpectedAnswer) -> Change:
    """Routing said until when the lead has time; late news of a case that is over says nothing.

    While the case is suspended its work has no date: what is awaited is the review of the hold.
    """
    case, reviews = change.case, handling.kind is ClockKind.HOLD_REVIEW
    awaits = case.state is CaseState.SUSPENDED if reviews else case.state in AT_WORK
    standing = case.handling is not None and case.handling.kind is ClockKind.HOLD_REVIEW and not reviews
    if not awaits or (standing and case.state is CaseState.SUSPENDED):
        return change
    return replace(change, case=replace(case, handling=handling))


def extended(change: Change) -> Change:
    """The lead was given more time: the first-contact window has to tell the applicant, and why."""
    return notice_due(change, EXTENSION) if change.case.state in AT_WORK else change


def notice_due(change: Change, about: str) -> Change:
    """The first-contact window owes the applicant a word."""
    pending_notices = tuple(dict.fromkeys((*change.case.pending_notices, about)))
    return change.with_case(pending_notices=pending_notices).emit(CaseApplicantToBeTold, about=about, owed_at=change.at)


def held(case: Case, at: datetime, referral: UUID, reason: str) -> Change:
    """The lead waits for something that stops the clock by law: the applicant is to be told (行政许可法 45)."""
    change = Change(case=case, at=at)
    if referral != case.lead or after(case.state, Move.SUSPEND) is None:
        return change
    return notice_due(change.transition(Move.SUSPEND).emit(CaseSuspended, reason=reason, suspended_at=at), SUSPENSION)


def succeeded(case: Case, at: datetime, referral: UUID, office: str) -> Change:
    """The lead's office is no more, and another goes on with the same referral."""
    return Change(case=replace(case, lead_office=office) if referral == case.lead else case, at=at)


def resumed(case: Case, at: datetime, referral: UUID) -> Change:
    change = Change(case=case, at=at)
    return _resume(change) if referral == case.lead else change


def let_go(case: Case, at: datetime, referral: UUID) -> Change:
    """The lead's referral was taken back or returned: what held its office holds the case no longer."""
    return resumed(case, at, referral)


def completed(case: Case, at: datetime, referral: UUID, policy: Policy, result: ReviewResult | None = None) -> Change:
    """The lead is done, and routing lets no lead finish before its co-handlers; the applicant is to be asked."""
    change = Change(case=case, at=at)
    if referral != case.lead:
        return change
    change = _resume(change)
    if after(change.case.state, Move.RESOLVE) is None:
        return change
    change = change.transition(Move.RESOLVE, resolved_at=at, handling=None, result=result)
    return emit_trigger(change, CaseResolved, policy, resolved_at=at, round=change.case.round, result=result)


def failed(case: Case, at: datetime, referral: UUID, reason: str, policy: Policy) -> Change:
    change = Change(case=case, at=at)
    if referral != case.lead or after(case.state, Move.TERMINATE) is None:
        return change
    change = change.transition(Move.TERMINATE, handling=None)
    return emit_trigger(change, CaseTerminated, policy, reason=reason, terminated_at=at)


def silent(case: Case, at: datetime, kind: ClockKind, version: int, policy: Policy) -> Change:
    """The window let its time pass without a word: the case counts as accepted (视为受理).

    While the applicant has the word the clock stands still; an alert of an older version says nothing about now.
    """
    change = Change(case=case, at=at)
    current = any(clock.kind is kind and clock.version == version for clock in case.clocks)
    accepts = kind in policy.schedule(case.category).accepting
    if case.state is not CaseState.REGISTERED or not accepts or not current:
        return change
    return accepted(change, policy, deemed=True)


def _resume(change: Change) -> Change:
    if after(change.case.state, Move.RESUME) is None:
        return change
    reviewed = change.case.handling is not None and change.case.handling.kind is ClockKind.HOLD_REVIEW
    handling = None if reviewed else change.case.handling
    return change.transition(Move.RESUME, handling=handling).emit(CaseResumed, resumed_at=change.at)
