"""Only an answer that can still take effect holds a breach, only its own office's, and only for a bounded time."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from contracts.clocks import ClockStop
from contracts.codes import ClockKind, FeedbackAction, FeedbackOutcome
from contracts.events.clocks import ClockLapsed
from contracts.events.referrals import FeedbackReceived
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from services.notify.watching import received_feedback
from services.notify.watching.scheduler import FORGOTTEN
from tests.integration.notify.harness import (
    ANSWER_TIME,
    HOUR,
    NOW,
    OFFICE,
    REFERRAL,
    Notify,
    answer,
    clock_extended,
    clock_met,
    clock_paused,
    facts,
    started,
)

IN_TIME = NOW - 2 * HOUR
BREACHES = """
    SELECT convert_from(value, 'UTF8')::json -> 'doubts' AS doubts FROM journal
    WHERE type = 'yimen.clock.breached.v1'
"""


async def due_an_hour_ago(notify: Notify, kind: ClockKind = ClockKind.HANDLING) -> ClockLapsed:
    start = started(facts(new_id(), due_in=-HOUR, kind=kind))
    await notify.consumes(start)
    await notify.caught_up_to(NOW + 1000 * HOUR)
    return start


def settled(start: ClockLapsed, outcome: FeedbackOutcome) -> FeedbackReceived:
    return FeedbackReceived(
        case_id=start.case_id,
        referral_id=REFERRAL,
        feedback_id="f1",
        sender=OFFICE,
        action=FeedbackAction.COMPLETE,
        outcome=outcome,
        received_at=IN_TIME,
    )


def met(start: ClockLapsed, at: Any) -> ClockLapsed:
    (clock,) = start.clocks
    stop = ClockStop(clock_id=clock.clock_id, kind=clock.kind, version=clock.version + 1, at=at)
    return clock_met(case_id=start.case_id, clocks=(stop,))


@pytest.mark.parametrize(
    "value",
    [
        answer(action=None),
        answer(action="finish"),
        answer(action=7),
        answer(feedback_id="with blank"),
        answer(occurred_at="yesterday"),
        answer(text="x" * 4001),
        answer(attributes=[]),
        answer(action="progress"),
        answer(action="resume"),
        answer(action="hold"),
        answer(action="hold", reason="no_such_reason"),
        answer(action="fail"),
        answer(action="extend", reason="not_competent"),
        answer(action="sign"),
        answer(padding="x" * 70_000),
    ],
)
async def test_what_can_never_stop_the_clock_holds_nothing(notify: Notify, value: bytes) -> None:
    await due_an_hour_ago(notify)
    await notify.consumes_feedback(value, at=IN_TIME)
    await notify.alert_scheduler().fire()
    assert await notify.rows(BREACHES) == [(None,)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ClockKind.SIGNING, answer(action="sign")),
        (ClockKind.SIGNING, answer(action="return", reason="not_competent")),
        (ClockKind.HANDLING, answer(action="complete")),
        (ClockKind.HANDLING, answer(action="fail", reason="not_eligible")),
        (ClockKind.HANDLING, answer(action="hold", reason="appraisal")),
    ],
)
async def test_what_may_stop_the_clock_holds_its_breach(notify: Notify, kind: ClockKind, value: bytes) -> None:
    await due_an_hour_ago(notify, kind)
    await notify.consumes_feedback(value, at=IN_TIME)
    await notify.alert_scheduler().fire()
    assert await notify.alert_types() == []


async def test_another_office_holds_nothing(notify: Notify) -> None:
    await due_an_hour_ago(notify)
    await notify.consumes_feedback(answer(), at=IN_TIME, office="housing-130722000000")
    await notify.alert_scheduler().fire()
    assert await notify.rows(BREACHES) == [(None,)]


async def test_an_answer_that_is_never_settled_holds_no_longer_than_its_time(notify: Notify) -> None:
    start = await due_an_hour_ago(notify)
    await notify.consumes_feedback(answer(), at=IN_TIME)
    await notify.alert_scheduler(at=NOW + ANSWER_TIME - HOUR).fire()
    assert await notify.alert_types() == []
    await notify.alert_scheduler(at=NOW + ANSWER_TIME + HOUR).fire()
    assert await notify.rows(BREACHES) == [(["answer"],)], "said for the time being"

    await notify.consumes(met(start, IN_TIME))
    assert await notify.alert_types() == ["clock.breached", "clock.cleared"]
    assert await notify.rows("SELECT status, ended_at, breached_at FROM timers") == [("met", IN_TIME, None)]
    said = "SELECT convert_from(value, 'UTF8')::json ->> 'met_at' FROM journal WHERE type = 'yimen.clock.cleared.v1'"
    assert await notify.rows(said) == [(msgspec.to_builtins(IN_TIME),)]
    ended = await notify.rows("SELECT ended_at IS NOT NULL, next_at FROM escalations")
    assert ended == [(True, None)]


@pytest.mark.parametrize("outcome", [FeedbackOutcome.PARKED, FeedbackOutcome.DROPPED, FeedbackOutcome.REFUSED])
async def test_what_routing_has_set_aside_given_up_or_refused_holds_nothing(
    notify: Notify, outcome: FeedbackOutcome
) -> None:
    start = await due_an_hour_ago(notify)
    await notify.consumes_feedback(answer(), at=IN_TIME)
    await notify.consumes(settled(start, outcome))
    await notify.alert_scheduler(at=NOW + HOUR).fire()
    doubts = ["answer"] if outcome is FeedbackOutcome.PARKED else None
    assert await notify.rows(BREACHES) == [(doubts,)]


async def test_what_was_set_aside_before_it_was_read_here_holds_nothing_either(notify: Notify) -> None:
    start = await due_an_hour_ago(notify)
    await notify.consumes(settled(start, FeedbackOutcome.PARKED))
    await notify.consumes_feedback(answer(), at=IN_TIME)
    await notify.alert_scheduler().fire()
    assert await notify.alert_types() == ["clock.breached"]


async def test_answers_that_are_left_lying_are_counted_and_cleaned_up(notify: Notify) -> None:
    await notify.rows_changed(
        f"""
        INSERT INTO referral_status
            (referral_id, case_id, office, area, category, field, role, state, round, dispatched_at, returns)
        VALUES ('{REFERRAL}', '{new_id()}', '{OFFICE}', '130722', 'c', 'education', 'lead', 'dispatched', 1, now(), 0)
        """
    )
    await notify.consumes_feedback(answer(), answer("f2"), at=IN_TIME)
    await notify.consumes_feedback(answer(), at=IN_TIME, office="housing-130722000000")
    async with transaction(notify.engine) as conn:
        assert (await received_feedback.count_unsettled(conn, now=NOW)).number == 0, "they have time"
        late = await received_feedback.count_unsettled(conn, now=NOW + ANSWER_TIME + HOUR)
    assert (late.number, late.oldest) == (2, IN_TIME)
    await notify.alert_scheduler(at=NOW + ANSWER_TIME + FORGOTTEN - HOUR).forget()
    assert await notify.rows("SELECT count(*) FROM received_feedback") == [(3,)]
    await notify.alert_scheduler(at=NOW + ANSWER_TIME + FORGOTTEN + HOUR).forget()
    assert await notify.rows("SELECT count(*) FROM received_feedback") == [(0,)]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1)])
async def test_a_pause_that_is_read_after_the_breach_takes_it_back_if_it_began_in_time(
    notify: Notify, late: timedelta
) -> None:
    start = await due_an_hour_ago(notify)
    await notify.alert_scheduler().fire()
    (clock,) = start.clocks
    paused = facts(clock.clock_id, due_in=None, version=2)
    await notify.consumes(
        clock_paused(case_id=start.case_id, clocks=(paused,), reason="appraisal", paused_at=NOW - HOUR + late)
    )
    status = "breached" if late else "paused"
    assert await notify.rows("SELECT status, due_at IS NULL FROM timers") == [(status, not late)]
    assert await notify.alert_types() == ["clock.breached", *([] if late else ["clock.cleared"])]


async def test_more_time_that_was_given_too_late_takes_nothing_back(notify: Notify) -> None:
    start = await due_an_hour_ago(notify)
    await notify.alert_scheduler().fire()
    (clock,) = start.clocks
    longer = facts(clock.clock_id, due_in=50 * HOUR, version=2)
    await notify.consumes(
        clock_extended(
            case_id=start.case_id, clocks=(longer,), added="2d", approver="unit_head", reason="complex", extended_at=NOW
        )
    )
    assert await notify.alert_types() == ["clock.breached"]
    assert await notify.rows("SELECT status FROM timers") == [("running",)]
