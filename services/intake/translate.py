"""Between the domain and what other services read and say: facts become events, events become facts."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

import msgspec

from contracts.events import CaseBound
from contracts.events.cases import (
    CaseAccepted,
    CaseApplicantToBeTold,
    CaseApplicantTold,
    CaseAreaChanged,
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
)
from services.intake.domain import change as said
from services.intake.domain.case import Awaited, Case
from services.intake.domain.change import Change, ClocksMoved, Fact
from services.policies import Policy
from services.policies.clocks import facts_of
from services.policies.recounting import handed_on


def to_events(change: Change, policy: Policy) -> Iterator[CaseBound]:
    """What became true, in order."""
    for fact in change.facts:
        said = _clock_event(fact, change, policy) if isinstance(fact, ClocksMoved) else _event(fact, change, policy)
        yield msgspec.structs.replace(said, by=change.by)


def _event(fact: Fact, change: Change, policy: Policy) -> CaseBound:
    case, case_id, at = change.case, change.case.id, change.at
    match fact:
        case said.Registered():
            return _registered(case)
        case said.Accepted():
            return _accepted(case, at, fact)
        case said.NoticeGiven(missing=missing, overridden=overridden):
            return CaseSupplementRequested(case_id=case_id, missing=missing, requested_at=at, overridden=overridden)
        case said.Supplemented(materials=materials, missing=missing):
            return CaseSupplemented(case_id=case_id, materials=materials, missing=missing, supplemented_at=at)
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
        case said.WordOwed(about=about):
            return CaseApplicantToBeTold(case_id=case_id, about=about, owed_at=at)
        case said.WordGiven(about=about):
            return CaseApplicantTold(case_id=case_id, about=about, told_at=at)
        case said.AreaChanged(area_before=area, office_before=office):
            return CaseAreaChanged(
                case_id=case_id,
                area=case.area,
                area_before=area,
                first_contact_office=case.first_contact_office,
                first_contact_office_before=office,
                changed_at=at,
            )
        case said.HandedOn(clocks=clocks):
            return handed_on(case_id, clocks, policy, at)
        case ClocksMoved():
            return _clock_event(fact, change, policy)
        case _:
            assert_never(fact)


def _registered(case: Case) -> CaseRegistered:
    return CaseRegistered(
        case_id=case.id,
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


def _accepted(case: Case, at: datetime, fact: said.Accepted) -> CaseAccepted:
    return CaseAccepted(
        case_id=case.id,
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


def _clock_event(moved: ClocksMoved, change: Change, policy: Policy) -> CaseBound:
    case_id, at = change.case.id, change.at
    if moved.how in (said.MET, said.CANCELLED):
        ended = tuple(clock.ending() for clock in moved.clocks)
        kind = ClockMet if moved.how == said.MET else ClockCancelled
        return kind(case_id=case_id, clocks=ended)
    facts = facts_of(moved.clocks, policy)
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
        limit="+".join((facts.limit, *facts.extensions)),
        due_at=facts.due_at,
        provisional=facts.provisional,
        basis=facts.basis,
    )
