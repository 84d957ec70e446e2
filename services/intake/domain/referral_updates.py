"""How a case follows its referrals and its clocks: routing and the passing of time move it, never a request."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.codes import CaseState, ClockKind
from libraries.policies import Policy
from libraries.policies.kinds import Happening
from services.intake.domain.case import Awaited, Case
from services.intake.domain.change import Change, Progressed, Resolved, Resumed, Suspended, Terminated, WordOwed
from services.intake.domain.registering import accepted
from services.intake.domain.states import Move, after
from services.intake.domain.timing import happens, turns

EXTENSION, SUSPENSION = "extension", "suspension"
AT_WORK = frozenset({CaseState.IN_PROGRESS, CaseState.SUSPENDED})


def dispatched(case: Case, at: datetime, referral: UUID, office: str, policy: Policy) -> Change:
    """A lead has it. Whoever gets it instead of an office that waited starts to work: nothing holds the case then."""
    state = after(case.state, Move.DISPATCH)
    change = _resume(Change(case=replace(case, lead=referral, lead_office=office), at=at))
    if state is not None:
        change = change.says(Progressed(cause=Happening.REFERRAL_DISPATCHED.value), state=state)
    return heard(change, referral, Happening.REFERRAL_DISPATCHED, policy)


def heard(change: Change, referral: UUID, what: Happening, policy: Policy) -> Change:
    """What happened to the lead's referral may be what a clock of the window waited for."""
    if referral != change.case.lead:
        return change
    begun = change if change.facts else change.says(Progressed(cause=what.value))
    turned = turns(begun, what, policy)
    return change if turned is begun else turned


def timed(change: Change, handling: Awaited) -> Change:
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
    return owed(change, EXTENSION) if change.case.state in AT_WORK else change


def owed(change: Change, about: str) -> Change:
    """The first-contact window owes the applicant a word."""
    return change.says(WordOwed(about=about), untold=tuple(dict.fromkeys((*change.case.untold, about))))


def held(case: Case, at: datetime, referral: UUID, reason: str) -> Change:
    """The lead waits for something that stops the clock by law: the applicant is to be told (行政许可法 45)."""
    change = Change(case=case, at=at)
    if referral != case.lead or after(case.state, Move.SUSPEND) is None:
        return change
    return owed(change.says(Suspended(reason=reason), state=change.moves(Move.SUSPEND)), SUSPENSION)


def succeeded(case: Case, at: datetime, referral: UUID, office: str) -> Change:
    """The lead's office is no more, and another goes on with the same referral."""
    return Change(case=replace(case, lead_office=office) if referral == case.lead else case, at=at)


def resumed(case: Case, at: datetime, referral: UUID) -> Change:
    change = Change(case=case, at=at)
    return _resume(change) if referral == case.lead else change


def let_go(case: Case, at: datetime, referral: UUID) -> Change:
    """The lead's referral was taken back or returned: what held its office holds the case no longer."""
    return resumed(case, at, referral)


def completed(case: Case, at: datetime, referral: UUID, policy: Policy) -> Change:
    """The lead is done, and routing lets no lead finish before its co-handlers; the applicant is to be asked."""
    change = Change(case=case, at=at)
    if referral != case.lead:
        return change
    change = _resume(change)
    if after(change.case.state, Move.RESOLVE) is None:
        return change
    return happens(change, Resolved(), policy, state=change.moves(Move.RESOLVE), resolved_at=at, handling=None)


def failed(case: Case, at: datetime, referral: UUID, reason: str, policy: Policy) -> Change:
    change = Change(case=case, at=at)
    if referral != case.lead or after(case.state, Move.TERMINATE) is None:
        return change
    return happens(change, Terminated(reason=reason), policy, state=change.moves(Move.TERMINATE), handling=None)


def silent(case: Case, at: datetime, kind: ClockKind, version: int, policy: Policy) -> Change:
    """The window let its time pass without a word: the case counts as accepted (视为受理).

    While the applicant has the word the clock stands still; an alert of an older version says nothing about now.
    """
    change = Change(case=case, at=at)
    current = any(clock.kind is kind and clock.version == version for clock in case.clocks)
    accepts = kind in policy.course(case.category).accepting
    if case.state is not CaseState.REGISTERED or not accepts or not current:
        return change
    return accepted(change, policy, deemed=True)


def _resume(change: Change) -> Change:
    if after(change.case.state, Move.RESUME) is None:
        return change
    reviewed = change.case.handling is not None and change.case.handling.kind is ClockKind.HOLD_REVIEW
    return change.says(Resumed(), state=change.moves(Move.RESUME), handling=None if reviewed else change.case.handling)
