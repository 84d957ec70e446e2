"""What routing says of referrals and returns gives an office a relation to a case, and ends it."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from contracts.access import Relation
from contracts.codes import CaseState, ClockKind, Field, ReferralRole, ReferralState
from contracts.events import CaseBound
from contracts.events.clocks import ClockRecalculated
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralOfficeSucceeded,
    ReferralReturnRefused,
    RoutingArbitrationRequested,
)
from services.intake.domain.relations import WITHOUT_WORK, Relations, told
from services.intake.domain.states import TERMINAL
from tests.integration.intake import fake_events

CASE, REFERRAL = UUID(int=1), UUID(int=2)
LATER = datetime(2026, 3, 9, tzinfo=UTC)
CITY = "government_office-130700000000"


def after(*events: CaseBound) -> Relations:
    known: Relations = ()
    for event in events:
        known = told(known, event)
    return known


def live(known: Relations) -> dict[str, Relation]:
    return {one.office: one.relation for one in known if one.ended_at is None}


@pytest.mark.parametrize(
    ("role", "relation"),
    [
        (ReferralRole.LEAD, Relation.LEAD),
        (ReferralRole.CO, Relation.CO_HANDLER),
        (ReferralRole.INFO, Relation.COPY),
    ],
)
def test_a_dispatch_gives_the_relation_of_its_role(role: ReferralRole, relation: Relation) -> None:
    (one,) = after(fake_events.dispatched(CASE, REFERRAL, role=role))
    assert (one.office, one.relation, one.since, one.ended_at) == (fake_events.OFFICE, relation, fake_events.AT, None)


@pytest.mark.parametrize(
    "end",
    [
        fake_events.completed(CASE, REFERRAL, at=LATER),
        fake_events.failed(CASE, REFERRAL),
        fake_events.returned(CASE, REFERRAL),
        fake_events.referral_event(ReferralCancelled, CASE, REFERRAL, reason="recalled"),
    ],
    ids=lambda event: event.TYPE,
)
def test_it_ends_with_the_referral_and_so_does_a_decision_on_it(end: CaseBound) -> None:
    known = after(fake_events.dispatched(CASE, REFERRAL), fake_events.deciding(CASE, REFERRAL, at=fake_events.AT), end)
    assert live(known) == {}
    assert {one.holds(CaseState.IN_PROGRESS) for one in known} == {Relation.FORMER}
    assert live(told(known, fake_events.rework(CASE, REFERRAL))) == {fake_events.OFFICE: Relation.LEAD}


def test_repeats_change_nothing() -> None:
    events = [
        fake_events.dispatched(CASE, REFERRAL),
        fake_events.return_asked(CASE, REFERRAL),
        fake_events.deciding(CASE, REFERRAL, at=fake_events.AT),
    ]
    once = after(*events)
    assert after(*events, *events[:1], *events[2:]) == once


def test_one_office_decides_on_a_return_and_the_arbiter_is_called_so() -> None:
    asked = RoutingArbitrationRequested(
        case_id=CASE, referral_id=REFERRAL, arbiter=fake_events.DECIDER, requested_at=fake_events.AT
    )
    known = after(
        fake_events.dispatched(CASE, REFERRAL), asked, fake_events.deciding(CASE, REFERRAL, at=fake_events.AT)
    )
    assert live(known) == {fake_events.OFFICE: Relation.LEAD, fake_events.DECIDER: Relation.ARBITER}
    refused = fake_events.referral_event(ReferralReturnRefused, CASE, REFERRAL, reason="coordinator_decision")
    assert live(told(known, refused)) == {fake_events.OFFICE: Relation.LEAD}


def test_a_decision_that_passes_to_another_office_leaves_the_first() -> None:
    facts = msgspec.structs.replace(fake_events.clock(REFERRAL, ClockKind.RETURN_DECISION), office=CITY)
    passed = ClockRecalculated(
        case_id=CASE, clocks=(facts,), previous_due_at=(None,), reason="moved", recalculated_at=LATER
    )
    known = after(
        fake_events.dispatched(CASE, REFERRAL), fake_events.deciding(CASE, REFERRAL, at=fake_events.AT), passed
    )
    assert live(known) == {fake_events.OFFICE: Relation.LEAD, CITY: Relation.DECIDER}


def test_whoever_succeeds_an_office_has_its_referral_and_waits_for_the_same() -> None:
    known = after(fake_events.dispatched(CASE, REFERRAL), fake_events.held(CASE, REFERRAL))
    heir = fake_events.referral_event(
        ReferralOfficeSucceeded,
        CASE,
        REFERRAL,
        office=CITY,
        at=LATER,
        predecessor=fake_events.OFFICE,
        state=ReferralState.ON_HOLD,
        number="130722-20260302-00001-4",
        category="education.student_aid",
        field=Field.EDUCATION,
        area="130722100000",
        decision_id=UUID(int=3),
        dispatched_at=fake_events.AT,
    )
    for moved in (told(known, heir), told(told(known, heir), heir)):
        assert live(moved) == {CITY: Relation.LEAD}
        assert {one.office: (one.ended_at, one.waits_for) for one in moved} == {
            fake_events.OFFICE: (LATER, None),
            CITY: (None, "appraisal"),
        }
    assert live(after(heir)) == {CITY: Relation.LEAD}


def test_a_hold_says_for_what_the_office_waits_and_only_of_the_office_itself() -> None:
    known = after(
        fake_events.dispatched(CASE, REFERRAL),
        fake_events.deciding(CASE, REFERRAL, at=fake_events.AT),
        fake_events.held(CASE, REFERRAL, at=LATER),
    )
    assert {one.office: (one.waits_for, one.waits_since) for one in known} == {
        fake_events.OFFICE: ("appraisal", LATER),
        fake_events.DECIDER: (None, None),
    }
    assert {one.waits_for for one in told(known, fake_events.resumed(CASE, REFERRAL))} == {None}
    assert {one.waits_for for one in told(known, fake_events.completed(CASE, REFERRAL))} == {None}


def test_whatever_state_no_office_works_in_ends_all_relations() -> None:
    (one,) = after(fake_events.dispatched(CASE, REFERRAL))
    assert TERMINAL | {CaseState.RESOLVED, CaseState.CLOSED, CaseState.MERGED} == WITHOUT_WORK
    assert {state: one.holds(state) for state in CaseState} == {
        state: Relation.FORMER if state in WITHOUT_WORK else Relation.LEAD for state in CaseState
    }
