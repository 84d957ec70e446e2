"""What answers, silence and coordinators make of a referral."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clocks import ClockFacts, ClockStarted
from contracts.codes import ClockKind, ClockStatus, ReferralRole, ReferralState
from contracts.codes import FeedbackAction as A
from contracts.refusals import Refused
from libraries.clocks.clock import LegalClock
from services.routing.domain.dispatching import moment_of_end, rework, withdraw
from services.routing.domain.supervision import arbitrate, decide_return, deem_accepted, reassign, take_back
from tests.events import changes
from tests.unit.routing.builders import ARBITER, CIVIL_AFFAIRS, EDUCATION, NOON, Scenario, policy

DAY = timedelta(days=1)


def clock(scenario: Scenario, kind: ClockKind, office: str = EDUCATION) -> LegalClock:
    return [one for one in scenario.of(office).clocks if one.kind is kind][-1]


def due(scenario: Scenario, kind: ClockKind, office: str = EDUCATION) -> datetime | None:
    return clock(scenario, kind, office).due(policy().calendar).due_at


def finish_co(scenario: Scenario) -> None:
    for action in (A.ACCEPT, A.COMPLETE):
        assert scenario.answers(action, office=CIVIL_AFFAIRS) is None


def test_a_dispatch_starts_the_clocks_of_its_office() -> None:
    scenario = Scenario()
    assert scenario.said == [
        "routing.decided",
        "referral.dispatched",
        "referral.dispatched",
    ]
    lead, co = ([fact.kind for fact in changes([event], ClockStarted)] for event in scenario.last.events[1:])
    assert (lead, co) == (["signing", "return_window", "handling"], ["signing", "return_window", "co_handling"])
    # 15 working days after Monday 2 March 2026, to the end of the day at the window.
    assert due(scenario, ClockKind.HANDLING) == datetime(2026, 3, 23, 15, 59, 59, 999999, tzinfo=UTC)


def test_an_office_signs_accepts_works_and_finishes() -> None:
    scenario = Scenario()
    finish_co(scenario)
    for action in (A.SIGN, A.ACCEPT, A.PROGRESS, A.COMPLETE):
        assert scenario.answers(action) is None
    lead = scenario.of(EDUCATION)
    assert lead.state is ReferralState.COMPLETED
    assert {one.kind: one.status for one in lead.clocks} == {
        ClockKind.SIGNING: ClockStatus.MET,
        ClockKind.RETURN_WINDOW: ClockStatus.MET,
        ClockKind.HANDLING: ClockStatus.MET,
    }


def test_the_lead_cannot_finish_before_its_co_handlers() -> None:
    scenario = Scenario()
    scenario.answers(A.ACCEPT)
    refused = scenario.answers(A.COMPLETE)
    assert refused is not None
    assert refused.code == "co_handlers_open"
    assert CIVIL_AFFAIRS in refused.detail()
    finish_co(scenario)
    assert scenario.answers(A.COMPLETE) is None


@pytest.mark.parametrize(
    ("action", "code"),
    [(A.COMPLETE, "illegal_move"), (A.RESUME, "illegal_move"), (A.HOLD, "illegal_move"), (A.RETURN, "unknown_reason")],
)
def test_what_is_not_possible_changes_nothing(action: A, code: str) -> None:
    scenario = Scenario()
    before = scenario.routing
    refused = scenario.answers(action)
    assert refused is not None
    assert refused.code == code
    assert scenario.routing is before
    assert scenario.said[-1] == "feedback.received"


def test_silence_is_acceptance_and_takes_no_right_away() -> None:
    scenario = Scenario()
    lead = scenario.of(EDUCATION)
    assert deem_accepted(scenario.change(timedelta(hours=1)), lead.id, scenario.context).events == ()
    scenario.act(deem_accepted(scenario.change(DAY * 2), lead.id, scenario.context))
    assert scenario.said[-1] == "referral.deemed_accepted"
    assert scenario.of(EDUCATION).deemed
    # The time to object is longer than the time to sign: it still runs, and so does the signing clock.
    assert {one.kind for one in scenario.of(EDUCATION).open_clocks()} == {
        ClockKind.SIGNING,
        ClockKind.RETURN_WINDOW,
        ClockKind.HANDLING,
    }
    assert scenario.answers(A.RETURN, after=DAY * 2, reason="not_competent") is None
    assert scenario.of(EDUCATION).state is ReferralState.RETURN_REQUESTED


def test_after_the_time_to_object_nothing_can_be_returned() -> None:
    scenario = Scenario()
    scenario.answers(A.SIGN)
    lead = scenario.of(EDUCATION)
    scenario.act(deem_accepted(scenario.change(DAY * 4), lead.id, scenario.context))
    assert scenario.of(EDUCATION).state is ReferralState.ACCEPTED
    assert clock(scenario, ClockKind.RETURN_WINDOW).status is ClockStatus.CANCELLED
    refused = scenario.answers(A.RETURN, after=DAY * 4, reason="not_competent")
    assert refused is not None
    assert refused.code == "return_window_over"
    assert "2026-03-04T23:59+08:00" in refused.detail()


def test_a_signature_that_is_read_late_still_counts() -> None:
    scenario = Scenario()
    lead = scenario.of(EDUCATION)
    scenario.act(deem_accepted(scenario.change(DAY * 2), lead.id, scenario.context))
    assert scenario.answers(A.SIGN, after=timedelta(hours=2)) is None
    assert clock(scenario, ClockKind.SIGNING).stopped_at == NOON + timedelta(hours=2)


def test_an_own_word_after_silence_is_no_longer_silence() -> None:
    scenario = Scenario()
    scenario.act(deem_accepted(scenario.change(DAY * 2), scenario.of(EDUCATION).id, scenario.context))
    assert scenario.answers(A.ACCEPT, after=DAY * 2) is None
    assert not scenario.of(EDUCATION).deemed
    refused = scenario.answers(A.RETURN, after=DAY * 2, reason="not_competent")
    assert refused is not None
    assert refused.code == "illegal_move"


def test_a_return_goes_to_the_next_office_and_the_time_goes_on() -> None:
    scenario = Scenario()
    handling = due(scenario, ClockKind.HANDLING)
    returned = scenario.of(EDUCATION)
    scenario.answers(A.RETURN, reason="not_competent")
    change = scenario.change(DAY)
    scenario.act(
        decide_return(change, returned.id, scenario.context, approve=True, reason="", to="health-130722000000")
    )
    lead = scenario.routing.lead
    assert lead is not None
    assert (lead.office, lead.supersedes, lead.state) == ("health-130722000000", returned.id, ReferralState.DISPATCHED)
    assert due(scenario, ClockKind.HANDLING, lead.office) == handling
    assert clock(scenario, ClockKind.HANDLING, lead.office).started_at == NOON
    assert scenario.of(EDUCATION).state is ReferralState.RETURNED
    # The co-handler keeps its referral.
    assert len([r for r in scenario.routing.referrals if r.office == CIVIL_AFFAIRS]) == 1


def test_an_approved_return_without_a_name_falls_back_and_is_unmatched() -> None:
    scenario = Scenario("petition.request")
    petition = scenario.routing.lead
    assert petition is not None
    scenario.answers(A.RETURN, office=petition.office, reason="not_competent")
    scenario.act(
        decide_return(scenario.change(DAY), petition.id, scenario.context, approve=True, reason="wrong_area", to=None)
    )
    assert "routing.unmatched" in scenario.said
    lead = scenario.routing.lead
    assert lead is not None
    assert lead.office == CIVIL_AFFAIRS
    assert ClockKind.UNMATCHED in {one.kind for one in lead.open_clocks()}


def test_a_refused_return_cannot_be_asked_for_again() -> None:
    scenario = Scenario()
    scenario.answers(A.RETURN, reason="not_competent")
    lead = scenario.of(EDUCATION)
    scenario.act(decide_return(scenario.change(DAY), lead.id, scenario.context, approve=False, reason="", to=None))
    assert scenario.of(EDUCATION).state is ReferralState.ACCEPTED
    assert scenario.of(EDUCATION).return_locked
    refused = scenario.answers(A.RETURN, after=DAY, reason="not_competent")
    assert refused is not None
    assert refused.code == "illegal_move"


def test_a_second_return_is_a_quarrel_for_the_common_superior() -> None:
    scenario = Scenario()
    scenario.answers(A.RETURN, reason="not_competent")
    first = scenario.of(EDUCATION)
    scenario.act(
        decide_return(
            scenario.change(DAY), first.id, scenario.context, approve=True, reason="", to="health-130722000000"
        )
    )
    scenario.answers(A.RETURN, office="health-130722000000", after=DAY, reason="not_competent")
    assert "routing.arbitration_requested" in scenario.said
    health = scenario.of("health-130722000000")
    change = scenario.change(DAY * 2, ARBITER)
    scenario.act(arbitrate(change, health.id, scenario.context, to=EDUCATION, reason="by_competence"))
    lead = scenario.routing.lead
    assert lead is not None
    assert lead.office == EDUCATION
    assert lead.return_locked
    assert scenario.answers(A.RETURN, after=DAY * 2, reason="not_competent") == Refused(code="return_locked")


def test_only_reasons_that_the_law_knows_stop_the_clock() -> None:
    scenario = Scenario()
    scenario.answers(A.ACCEPT)
    scenario.answers(A.HOLD, reason="workload")
    assert clock(scenario, ClockKind.HANDLING).status is ClockStatus.RUNNING
    assert scenario.said[-1] == "referral.on_hold"
    assert [type(change) for change in changes(scenario.last.events, ClockFacts)] == [ClockStarted], (
        "of its review alone"
    )
    scenario.answers(A.RESUME)
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    assert clock(scenario, ClockKind.HANDLING).status is ClockStatus.PAUSED
    assert due(scenario, ClockKind.HANDLING) is None
    before = datetime(2026, 3, 23, 15, 59, 59, 999999, tzinfo=UTC)
    scenario.answers(A.RESUME, after=DAY * 3)
    assert due(scenario, ClockKind.HANDLING) == before + DAY * 2


def test_pauses_survive_a_reassignment() -> None:
    scenario = Scenario()
    scenario.answers(A.ACCEPT)
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    scenario.answers(A.RESUME, after=DAY * 3)
    handling = due(scenario, ClockKind.HANDLING)
    lead = scenario.of(EDUCATION)
    change = reassign(
        scenario.change(DAY * 4), lead.id, scenario.context, to="health-130722000000", reason="coordinator_decision"
    )
    assert scenario.act(change) is None
    assert due(scenario, ClockKind.HANDLING, "health-130722000000") == handling
    assert scenario.of(EDUCATION).state is ReferralState.CANCELLED


def test_where_the_law_knows_no_extension_there_is_none() -> None:
    scenario = Scenario("social_security.pension_claim")
    office = "social_security-130722000000"
    scenario.answers(A.ACCEPT, office=office)
    refused = scenario.answers(A.EXTEND, office=office, reason="complex", by="5wd")
    assert refused == Refused(code="extension_not_allowed")


def test_a_failed_lead_lets_its_co_handlers_go() -> None:
    scenario = Scenario()
    scenario.answers(A.ACCEPT)
    assert scenario.answers(A.FAIL, reason="not_eligible") is None
    assert {r.state for r in scenario.routing.referrals} == {ReferralState.FAILED, ReferralState.CANCELLED}
    assert not [one for r in scenario.routing.referrals for one in r.open_clocks()]


@given(ended=st.integers(0, 20), signed=st.integers(0, 20), heard=st.integers(0, 20))
def test_a_case_ended_when_it_did_whenever_that_is_heard(ended: int, signed: int, heard: int) -> None:
    """What ended before a limit keeps it; nothing is put before what has happened since."""
    scenario = Scenario()
    now = max(signed, heard) * DAY
    scenario.answers(A.SIGN, after=signed * DAY)
    at = moment_of_end(scenario.routing, NOON + ended * DAY, NOON + now)
    assert at == NOON + min(now, max(ended, signed) * DAY)


def test_a_withdrawn_case_leaves_nothing_running() -> None:
    scenario = Scenario()
    scenario.answers(A.ACCEPT)
    scenario.act(withdraw(scenario.change(DAY), scenario.context, "case_withdrawn"))
    assert {r.state for r in scenario.routing.referrals} == {ReferralState.CANCELLED}
    assert not [one for r in scenario.routing.referrals for one in r.open_clocks()]


def test_rework_is_a_round_with_a_clock_of_its_own() -> None:
    scenario = Scenario()
    finish_co(scenario)
    scenario.answers(A.ACCEPT)
    scenario.answers(A.COMPLETE)
    scenario.act(rework(scenario.change(DAY * 9), 2, "not_satisfied", scenario.context))
    lead = scenario.of(EDUCATION)
    assert (lead.state, lead.round) == (ReferralState.IN_PROGRESS, 2)
    assert clock(scenario, ClockKind.REWORK).started_at == NOON + DAY * 9
    assert scenario.answers(A.COMPLETE, after=DAY * 10) is None


def test_a_lead_is_never_just_taken_back() -> None:
    scenario = Scenario()
    refused = take_back(scenario.change(DAY), scenario.of(EDUCATION).id, scenario.context, reason="recalled")
    assert isinstance(refused, Refused)
    assert refused.code == "lead_needs_successor"
    assert (
        scenario.act(
            take_back(scenario.change(DAY), scenario.of(CIVIL_AFFAIRS).id, scenario.context, reason="recalled")
        )
        is None
    )
    assert scenario.of(CIVIL_AFFAIRS).state is ReferralState.CANCELLED
    assert [r.role for r in scenario.routing.referrals if r.live] == [ReferralRole.LEAD]
