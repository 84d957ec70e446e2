"""Between the domain and what others read: events and HTTP bodies."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never
from uuid import UUID

import msgspec

from contracts.codes import CaseState, ClockKind
from contracts.events import Event
from contracts.events.cases import (
    CaseAccepted,
    CaseClosed,
    CaseNotAccepted,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSupplemented,
    CaseSupplementRequested,
    CaseSuspended,
    CaseTerminated,
    CaseWithdrawn,
)
from contracts.events.clocks import (
    ClockCancelled,
    ClockFacts,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    LimitBasis,
)
from services.deadlines import due
from services.intake.domain import change as said
from services.intake.domain.case import Awaited, Case
from services.intake.domain.change import Change, ClocksMoved, Fact
from services.policies import Policy
from services.policies.clocks import basis_of


class AnswerBy(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers next, by when, and which law says so."""

    office: str
    office_zh: str
    office_en: str
    clock: ClockKind
    clock_zh: str
    limit: str
    due_at: datetime | None
    provisional: bool
    basis: LimitBasis


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case over HTTP; the applicant is fetched apart, and each fetch is on record."""

    case_id: UUID
    number: str
    state: CaseState
    state_zh: str
    round: int
    category: str
    area: str
    received_at: datetime
    registered_at: datetime
    accepted_at: datetime | None
    resolved_at: datetime | None
    missing: tuple[str, ...]
    first_contact_office: str
    lead_referral: UUID | None
    answer_by: AnswerBy | None


def to_events(change: Change, policy: Policy) -> Iterator[Event]:
    """What became true, in order."""
    for fact in change.facts:
        yield _clock_event(fact, change, policy) if isinstance(fact, ClocksMoved) else _event(fact, change, policy)


def _event(fact: Fact, change: Change, policy: Policy) -> Event:
    case, case_id, at = change.case, change.case.id, change.at
    match fact:
        case said.Registered():
            return _registered(case, policy)
        case said.Accepted(deemed=deemed):
            return _accepted(case, policy, at, deemed=deemed)
        case said.NoticeGiven(missing=missing, overridden=overridden):
            return CaseSupplementRequested(case_id=case_id, missing=missing, requested_at=at, overridden=overridden)
        case said.Supplemented(materials=materials):
            return CaseSupplemented(case_id=case_id, materials=materials, supplemented_at=at)
        case said.Declined(reason=reason, go_to=go_to):
            return CaseNotAccepted(case_id=case_id, reason=reason, go_to=go_to, declined_at=at)
        case said.Withdrawn(reason=reason):
            return CaseWithdrawn(case_id=case_id, reason=reason, withdrawn_at=at)
        case said.Suspended(reason=reason):
            return CaseSuspended(case_id=case_id, reason=reason, suspended_at=at)
        case said.Resumed():
            return CaseResumed(case_id=case_id, resumed_at=at)
        case said.Resolved():
            return CaseResolved(case_id=case_id, resolved_at=at, round=case.round)
        case said.Terminated(reason=reason):
            return CaseTerminated(case_id=case_id, reason=reason, terminated_at=at)
        case said.Closed(satisfied=satisfied):
            return CaseClosed(case_id=case_id, closed_at=at, satisfied=satisfied)
        case said.Reopened(reason=reason):
            return CaseReopened(case_id=case_id, reopened_at=at, round=case.round, reason=reason)
        case ClocksMoved():
            return _clock_event(fact, change, policy)
        case _:
            assert_never(fact)


def _registered(case: Case, policy: Policy) -> CaseRegistered:
    return CaseRegistered(
        case_id=case.id,
        number=case.number,
        category=case.category,
        field=policy.categories[case.category].field,
        area=case.area,
        channel=case.channel,
        source=case.source,
        submission_id=case.submission_id,
        received_at=case.received_at,
        registered_at=case.registered_at,
        first_contact_office=case.first_contact_office,
        attributes=case.attributes,
    )


def _accepted(case: Case, policy: Policy, at: datetime, *, deemed: bool) -> CaseAccepted:
    return CaseAccepted(
        case_id=case.id,
        number=case.number,
        category=case.category,
        field=policy.categories[case.category].field,
        area=case.area,
        channel=case.channel,
        accepted_at=at,
        first_contact_office=case.first_contact_office,
        attributes=case.attributes,
        deemed=deemed,
    )


def _clock_event(moved: ClocksMoved, change: Change, policy: Policy) -> Event:
    case_id, at = change.case.id, change.at
    if moved.how in (said.MET, said.CANCELLED):
        ended = tuple(clock.ending() for clock in moved.clocks)
        kind = ClockMet if moved.how == said.MET else ClockCancelled
        return kind(case_id=case_id, clocks=ended)
    facts = tuple(clock.facts(policy.calendar) for clock in moved.clocks)
    match moved.how:
        case said.PAUSED:
            return ClockPaused(case_id=case_id, clocks=facts, reason=moved.reason, paused_at=at)
        case said.RESUMED:
            return ClockResumed(case_id=case_id, clocks=facts, resumed_at=at)
        case _:
            return ClockStarted(case_id=case_id, clocks=facts)


def to_awaited(facts: ClockFacts) -> Awaited:
    """What routing said about the lead's time."""
    return Awaited(
        office=facts.office,
        kind=facts.kind,
        limit=facts.limit,
        due_at=facts.due_at,
        provisional=facts.provisional,
        basis=facts.basis,
    )


def to_view(case: Case, policy: Policy) -> CaseView:
    awaited = _awaited(case, policy)
    return CaseView(
        case_id=case.id,
        number=case.number,
        state=case.state,
        state_zh=case.state.zh,
        round=case.round,
        category=case.category,
        area=case.area,
        received_at=case.received_at,
        registered_at=case.registered_at,
        accepted_at=case.accepted_at,
        resolved_at=case.resolved_at,
        missing=case.missing,
        first_contact_office=case.first_contact_office,
        lead_referral=case.lead,
        answer_by=_answer_by(awaited, policy) if awaited is not None else None,
    )


def _awaited(case: Case, policy: Policy) -> Awaited | None:
    """The window while it has not accepted or has to call back; else the lead, as routing said or is about to say."""
    if case.handling is not None:
        return case.handling
    clock = next((c for c in case.clocks if c.kind in (ClockKind.ACCEPTANCE, ClockKind.CALLBACK)), None)
    if clock is not None:
        return to_awaited(clock.facts(policy.calendar))
    if case.accepted_at is None or case.resolved_at is not None or case.state is not CaseState.ACCEPTED:
        return None
    return _expected(case, policy, case.accepted_at)


def _expected(case: Case, policy: Policy, accepted_at: datetime) -> Awaited | None:
    """What the policy says of a case that was accepted a moment ago."""
    category = policy.categories.get(case.category)
    lead = policy.office_near(category.lead_role, case.area) if category is not None else None
    if lead is None:
        return None
    row = policy.limit(ClockKind.HANDLING, case.category)
    end = due(accepted_at, row.limit, calendar=policy.calendar, rules=row.rules)
    return Awaited(
        office=lead.code,
        kind=ClockKind.HANDLING,
        limit=str(row.limit),
        due_at=end.due_at,
        provisional=end.provisional,
        basis=basis_of(row, policy),
    )


def _answer_by(awaited: Awaited, policy: Policy) -> AnswerBy:
    office = policy.offices.get(awaited.office)
    return AnswerBy(
        office=awaited.office,
        office_zh=office.zh if office is not None else awaited.office,
        office_en=office.en if office is not None else awaited.office,
        clock=awaited.kind,
        clock_zh=awaited.kind.zh,
        limit=awaited.limit,
        due_at=awaited.due_at,
        provisional=awaited.provisional,
        basis=awaited.basis,
    )
