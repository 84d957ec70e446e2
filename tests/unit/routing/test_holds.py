"""Whoever puts a referral on hold has to look at it again in time, and a coordinator can end a hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.clocks import ClockMet, ClockResumed
from contracts.codes import ClockKind, ClockStatus, ReferralState
from contracts.codes import FeedbackAction as A
from contracts.events.referrals import ReferralResumed
from libraries.clocks.clock import LegalClock
from services.routing.domain.dispatching import withdraw
from services.routing.domain.referral import Refused
from services.routing.domain.supervision import go_on, reassign
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, Scenario, policy

DAY = timedelta(days=1)


def on_hold(reason: str = "appraisal", office: str = EDUCATION, **own: object) -> Scenario:
    scenario = Scenario(**own)
    scenario.answers(A.ACCEPT, office=office)
    assert scenario.answers(A.HOLD, office=office, reason=reason, after=DAY) is None
    return scenario


def reviews(scenario: Scenario, office: str = EDUCATION) -> list[LegalClock]:
    return [clock for clock in scenario.of(office).clocks if clock.kind is ClockKind.HOLD_REVIEW]


def ends(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 15, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reason", "limit", "end"),
    [
        ("appraisal", "15wd", ends(24)),
        ("hearing", "15wd", ends(24)),
        ("supplement", "10wd", ends(17)),
        ("workload", "5wd", ends(10)),
    ],
)
def test_a_hold_has_a_review_date_of_its_reason_also_where_no_clock_stops(
    reason: str, limit: str, end: datetime
) -> None:
    """Held on Tuesday, 3 March."""
    (review,) = reviews(on_hold(reason))
    assert (review.status, str(review.terms.limit), review.office) == (ClockStatus.RUNNING, limit, EDUCATION)
    assert review.due(policy().calendar).due_at == end
    assert not review.terms.basis.statutory


def test_a_co_handler_reviews_its_own_hold() -> None:
    (review,) = reviews(on_hold(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS)
    assert review.office == CIVIL_AFFAIRS


def test_the_review_takes_nothing_from_the_pause_and_each_hold_starts_it_anew() -> None:
    scenario = on_hold()
    handling = next(clock for clock in scenario.of(EDUCATION).clocks if clock.kind is ClockKind.HANDLING)
    assert (handling.status, len(handling.pauses)) == (ClockStatus.PAUSED, 1)
    assert scenario.answers(A.RESUME, after=DAY * 3) is None
    assert scenario.said[-1] == "referral.resumed"
    assert [type(change) for change in scenario.last.events[-1].clocks] == [ClockResumed, ClockMet]
    assert scenario.answers(A.HOLD, reason="hearing", after=DAY * 3) is None
    first, second = reviews(scenario)
    assert (first.status, first.stopped_at) == (ClockStatus.MET, NOON + DAY * 3)
    assert (second.status, second.started_at) == (ClockStatus.RUNNING, NOON + DAY * 3)
    assert second.due(policy().calendar).due_at == ends(26)
    assert scenario.answers(A.RESUME, after=DAY * 7) is None
    handling = next(clock for clock in scenario.of(EDUCATION).clocks if clock.kind is ClockKind.HANDLING)
    assert [(pause.start - NOON, (pause.end or NOON) - NOON) for pause in handling.pauses] == [
        (DAY, DAY * 3),
        (DAY * 3, DAY * 7),
    ]
    # Fifteen working days from 2 March end on 23 March; of the pause 3 to 6 March and the weekend, four would count.
    assert handling.due(policy().calendar).due_at == ends(27)


def test_a_coordinator_ends_a_hold_that_was_forgotten() -> None:
    scenario = on_hold()
    lead = scenario.of(EDUCATION)
    assert scenario.act(go_on(scenario.change(DAY * 30), lead.id, scenario.context, reason="")) is None
    assert scenario.said[-1] == "referral.resumed"
    assert [type(change) for change in scenario.last.events[-1].clocks] == [ClockResumed, ClockMet]
    (told,) = [event for event in scenario.last.events if isinstance(event, ReferralResumed)]
    assert (told.reason, told.feedback_id) == ("coordinator_decision", None)
    after = scenario.of(EDUCATION)
    assert after.state is ReferralState.IN_PROGRESS
    handling = next(clock for clock in after.clocks if clock.kind is ClockKind.HANDLING)
    assert handling.pauses[-1].end == NOON + DAY * 30, "the time until then was a lawful pause"


def test_what_is_not_on_hold_and_what_has_no_reason_stays() -> None:
    scenario = Scenario()
    lead = scenario.of(EDUCATION)
    idle = go_on(scenario.change(DAY), lead.id, scenario.context, reason="")
    assert isinstance(idle, Refused)
    assert idle.code == "illegal_move"
    held = on_hold()
    wrong = go_on(held.change(DAY * 2), held.of(EDUCATION).id, held.context, reason="workload")
    assert isinstance(wrong, Refused)
    assert wrong.code == "unknown_reason"


def test_no_review_outlives_its_hold() -> None:
    scenario = on_hold()
    scenario.act(withdraw(scenario.change(DAY * 2), scenario.context, "case_withdrawn"))
    assert [clock.status for clock in reviews(scenario)] == [ClockStatus.CANCELLED]
    scenario = on_hold()
    lead = scenario.of(EDUCATION)
    moved = reassign(
        scenario.change(DAY * 2), lead.id, scenario.context, to="health-130722000000", reason="coordinator_decision"
    )
    scenario.act(moved)
    assert [clock.status for clock in reviews(scenario)] == [ClockStatus.CANCELLED]
    assert reviews(scenario, "health-130722000000") == [], "whoever gets it starts to work"


def test_a_local_pack_may_set_its_own_date() -> None:
    row = next(row for row in policy().limits if row.id == "hold_review")
    own = replace(
        policy(), limits=(replace(row, limit=type(row.limit).parse("3d"), reason="appraisal"), *policy().limits)
    )
    (review,) = reviews(on_hold(own=own))
    assert str(review.terms.limit) == "3d"
    (other,) = reviews(on_hold("hearing", own=own))
    assert str(other.terms.limit) == "15wd"
