"""Between the domain and what other services read and say: facts become events, events become facts."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

import msgspec

from contracts.clocks import ClockChange, ClockFacts, ClockPaused, ClockResumed, ClockStarted
from contracts.codes import CaseState
from contracts.events import CaseBound
from contracts.events.cases import (
    CaseAccepted,
    CaseApplicantNotReached,
    CaseApplicantToBeTold,
    CaseApplicantTold,
    CaseAreaChanged,
    CaseClosed,
    CaseEvent,
    CaseNotAccepted,
    CaseProgressed,
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
from libraries.clocks.clock import changed_to
from libraries.clocks.recounting import handed_on
from libraries.policies import Policy
from services.intake.domain import change as said
from services.intake.domain.case import Awaited, Case
from services.intake.domain.change import Change, ClocksMoved, Fact


def to_events(change: Change, policy: Policy) -> Iterator[CaseBound]:
    """What became true, in order; what happened to clocks travels in the event that caused it."""
    told: list[CaseBound] = []
    for fact, state in zip(change.facts, change.states, strict=True):
        if not isinstance(fact, ClocksMoved):
            told.append(_event(fact, change, state, policy))
            continue
        cause = told[-1] if told else None
        if not isinstance(cause, CaseEvent):
            raise ValueError("clocks moved without a cause")  # noqa: TRY004 - a promise of the domain, not a type
        told[-1] = msgspec.structs.replace(cause, clocks=(*cause.clocks, *_clocks(fact, change.at, policy)))
    for event in told:
        yield msgspec.structs.replace(event, by=change.by)


def _event(fact: Fact, change: Change, state: CaseState, policy: Policy) -> CaseBound:
    case, case_id, at = change.case, change.case.id, change.at
    match fact:
        case said.Registered():
            return _registered(case, state)
        case said.Accepted():
            return _accepted(case, at, state, fact)
        case said.NoticeGiven(missing=missing, overridden=overridden):
            return CaseSupplementRequested(
                case_id=case_id, state=state, missing=missing, requested_at=at, overridden=overridden
            )
        case said.Supplemented(materials=materials, missing=missing):
            return CaseSupplemented(
                case_id=case_id, state=state, materials=materials, missing=missing, supplemented_at=at
            )
        case said.Declined(reason=reason, go_to=go_to):
            return CaseNotAccepted(case_id=case_id, state=state, reason=reason, go_to=go_to, declined_at=at)
        case said.Withdrawn(reason=reason):
            return CaseWithdrawn(case_id=case_id, state=state, reason=reason, withdrawn_at=at)
        case said.Suspended(reason=reason):
            return CaseSuspended(case_id=case_id, state=state, reason=reason, suspended_at=at)
        case said.Resumed():
            return CaseResumed(case_id=case_id, state=state, resumed_at=at)
        case said.Resolved():
            return CaseResolved(case_id=case_id, state=state, resolved_at=at, round=case.round)
        case said.Terminated(reason=reason):
            return CaseTerminated(case_id=case_id, state=state, reason=reason, terminated_at=at)
        case said.Closed(satisfied=satisfied):
            return CaseClosed(case_id=case_id, state=state, closed_at=at, satisfied=satisfied)
        case said.NotReached():
            return CaseApplicantNotReached(case_id=case_id, state=state, called_at=at)
        case said.Reopened(reason=reason):
            return CaseReopened(case_id=case_id, state=state, reopened_at=at, round=case.round, reason=reason)
        case said.Progressed(cause=cause):
            return CaseProgressed(case_id=case_id, state=state, cause=cause, progressed_at=at)
        case said.WordOwed(about=about):
            return CaseApplicantToBeTold(case_id=case_id, state=state, about=about, owed_at=at)
        case said.WordGiven(about=about):
            return CaseApplicantTold(case_id=case_id, state=state, about=about, told_at=at)
        case said.AreaChanged(area_before=area, office_before=office):
            return CaseAreaChanged(
                case_id=case_id,
                state=state,
                area=case.area,
                area_before=area,
                first_contact_office=case.first_contact_office,
                first_contact_office_before=office,
                changed_at=at,
            )
        case said.HandedOn(clocks=clocks):
            return handed_on(case_id, clocks, policy, at)
        case ClocksMoved():
            raise TypeError("clocks travel in events of others")
        case _:
            assert_never(fact)


def _registered(case: Case, state: CaseState) -> CaseRegistered:
    return CaseRegistered(
        case_id=case.id,
        state=state,
        number=case.number,
        category=case.category,
        field=case.field,
        area=case.area,
        channel=case.channel,
        source=case.source,
        submission_id=case.submission_id,
        received_at=case.received_at,
        registered_at=case.registered_at,
        first_contact_office=case.first_contact_office,
        first_contact_post=case.first_contact_post,
        attributes=case.attributes,
    )


def _accepted(case: Case, at: datetime, state: CaseState, fact: said.Accepted) -> CaseAccepted:
    return CaseAccepted(
        case_id=case.id,
        state=state,
        number=case.number,
        category=case.category,
        field=case.field,
        area=case.area,
        channel=case.channel,
        accepted_at=at,
        first_contact_office=case.first_contact_office,
        first_contact_post=case.first_contact_post,
        attributes=case.attributes,
        deemed=fact.deemed,
        missing=fact.missing,
    )


def _clocks(moved: ClocksMoved, at: datetime, policy: Policy) -> tuple[ClockChange, ...]:
    match moved.how:
        case said.MET | said.CANCELLED:
            return tuple(clock.ended() for clock in moved.clocks)
        case said.PAUSED:
            return changed_to(ClockPaused, moved.clocks, policy, reason=moved.reason, since=at)
        case said.RESUMED:
            return changed_to(ClockResumed, moved.clocks, policy, since=at)
        case _:
            return changed_to(ClockStarted, moved.clocks, policy)


def to_awaited(facts: ClockFacts) -> Awaited:
    """What routing said about the lead's time."""
    return Awaited(
        office=facts.office,
        kind=facts.kind,
        limit="+".join((facts.limit, *facts.extensions)),
        due_at=facts.due_at,
        provisional=facts.provisional,
        basis=facts.basis,
    )
