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
from tests.integration.intake import voices

CASE, LEG = UUID(int=1), UUID(int=2)
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
    (one,) = after(voices.dispatched(CASE, LEG, role=role))
    assert (one.office, one.relation, one.since, one.ended_at) == (voices.OFFICE, relation, voices.AT, None)


@pytest.mark.parametrize(
    "end",
    [
        voices.completed(CASE, LEG, at=LATER),
        voices.failed(CASE, LEG),
        voices.returned(CASE, LEG),
        voices.leg(ReferralCancelled, CASE, LEG, reason="recalled"),
    ],
    ids=lambda event: event.TYPE,
)
def test_it_ends_with_the_referral_and_so_does_a_decision_on_it(end: CaseBound) -> None:
    known = after(voices.dispatched(CASE, LEG), voices.deciding(CASE, LEG, at=voices.AT), end)
    assert live(known) == {}
    assert {one.holds(CaseState.IN_PROGRESS) for one in known} == {Relation.FORMER}
    assert live(told(known, voices.rework(CASE, LEG))) == {voices.OFFICE: Relation.LEAD}


def test_repeats_change_nothing() -> None:
    events = [voices.dispatched(CASE, LEG), voices.return_asked(CASE, LEG), voices.deciding(CASE, LEG, at=voices.AT)]
    once = after(*events)
    assert after(*events, *events[:1], *events[2:]) == once


def test_one_office_decides_on_a_return_and_the_arbiter_is_called_so() -> None:
    asked = RoutingArbitrationRequested(case_id=CASE, referral_id=LEG, arbiter=voices.DECIDER, requested_at=voices.AT)
    known = after(voices.dispatched(CASE, LEG), asked, voices.deciding(CASE, LEG, at=voices.AT))
    assert live(known) == {voices.OFFICE: Relation.LEAD, voices.DECIDER: Relation.ARBITER}
    refused = voices.leg(ReferralReturnRefused, CASE, LEG, reason="coordinator_decision")
    assert live(told(known, refused)) == {voices.OFFICE: Relation.LEAD}


def test_a_decision_that_passes_to_another_office_leaves_the_first() -> None:
    facts = msgspec.structs.replace(voices.clock(LEG, ClockKind.RETURN_DECISION), office=CITY)
    passed = ClockRecalculated(
        case_id=CASE, clocks=(facts,), previous_due_at=(None,), reason="moved", recalculated_at=LATER
    )
    known = after(voices.dispatched(CASE, LEG), voices.deciding(CASE, LEG, at=voices.AT), passed)
    assert live(known) == {voices.OFFICE: Relation.LEAD, CITY: Relation.DECIDER}


def test_whoever_succeeds_an_office_has_its_referral_and_waits_for_the_same() -> None:
    known = after(voices.dispatched(CASE, LEG), voices.held(CASE, LEG))
    heir = voices.leg(
        ReferralOfficeSucceeded,
        CASE,
        LEG,
        office=CITY,
        at=LATER,
        predecessor=voices.OFFICE,
        state=ReferralState.ON_HOLD,
        number="130722-20260302-00001-4",
        category="education.student_aid",
        field=Field.EDUCATION,
        area="130722100000",
        decision_id=UUID(int=3),
        dispatched_at=voices.AT,
    )
    for moved in (told(known, heir), told(told(known, heir), heir)):
        assert live(moved) == {CITY: Relation.LEAD}
        assert {one.office: (one.ended_at, one.waits_for) for one in moved} == {
            voices.OFFICE: (LATER, None),
            CITY: (None, "appraisal"),
        }
    assert live(after(heir)) == {CITY: Relation.LEAD}


def test_a_hold_says_for_what_the_office_waits_and_only_of_the_office_itself() -> None:
    known = after(
        voices.dispatched(CASE, LEG), voices.deciding(CASE, LEG, at=voices.AT), voices.held(CASE, LEG, at=LATER)
    )
    assert {one.office: (one.waits_for, one.waits_since) for one in known} == {
        voices.OFFICE: ("appraisal", LATER),
        voices.DECIDER: (None, None),
    }
    assert {one.waits_for for one in told(known, voices.resumed(CASE, LEG))} == {None}
    assert {one.waits_for for one in told(known, voices.completed(CASE, LEG))} == {None}


def test_whatever_state_no_office_works_in_ends_all_relations() -> None:
    (one,) = after(voices.dispatched(CASE, LEG))
    assert TERMINAL | {CaseState.RESOLVED, CaseState.CLOSED} == WITHOUT_WORK
    assert {state: one.holds(state) for state in CaseState} == {
        state: Relation.FORMER if state in WITHOUT_WORK else Relation.LEAD for state in CaseState
    }
