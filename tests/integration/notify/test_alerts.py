"""What is due is said once, what was answered in time is never called broken, and two watchmen share the work."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from contracts.clocks import ClockStop
from contracts.codes import ClockKind, FeedbackAction, FeedbackOutcome
from contracts.events.referrals import FeedbackReceived
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.tracing import step
from services.notify.watching import store
from services.notify.watching.handlers import READERS
from tests.integration.notify.harness import (
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


async def test_a_warning_and_a_breach_are_said_once_each(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id(), soon_in=timedelta(minutes=30))))
    await notify.caught_up_to(NOW + 3 * HOUR)

    for at in (NOW, NOW + timedelta(minutes=31), NOW + timedelta(minutes=32), NOW + 2 * HOUR, NOW + 3 * HOUR):
        await notify.alert_scheduler(at=at).fire()

    assert await notify.alert_types() == ["clock.due_soon", "clock.breached"]
    journal = await notify.rows("SELECT type FROM journal ORDER BY sequence")
    assert [row[0] for row in journal] == [
        "yimen.clock.due_soon.v1",
        "yimen.clock.breached.v1",
    ]


async def test_alerts_and_levels_go_on_in_the_trace_in_which_the_clock_began(notify: Notify) -> None:
    began, changed, clock_id = step(), step(), new_id()
    start = started(facts(clock_id, soon_in=timedelta(minutes=30)))
    await notify.consumes(start, trace=began)
    extended = clock_extended(
        start.case_id, [facts(clock_id, due_in=2 * HOUR, version=2)], "1h", "head", "complex", NOW
    )
    await notify.consumes(extended, trace=changed)
    await notify.consumes(started(facts(new_id())))
    await notify.caught_up_to(NOW + 99 * HOUR)
    await notify.alert_scheduler(at=NOW + 3 * HOUR).fire()
    await notify.escalation_scheduler(at=NOW + timedelta(days=30)).escalate()

    rows = await notify.rows(f"SELECT type, traceparent FROM journal WHERE case_id = '{start.case_id}'")
    assert {kind.split(".")[1] for kind, _ in rows} == {"clock", "supervision"}
    assert {traceparent.split("-")[1] for _, traceparent in rows} == {began.trace_id}
    assert len({traceparent.split("-")[2] for _, traceparent in rows}) == len(rows), "each is a step of its own"
    others = await notify.rows(f"SELECT traceparent FROM journal WHERE case_id <> '{start.case_id}'")
    assert others
    assert all(began.trace_id not in traceparent for (traceparent,) in others)


async def test_what_was_done_in_time_is_never_broken_however_late_it_is_read(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id))
    await notify.consumes(start)
    met = clock_met(
        case_id=start.case_id, clocks=(ClockStop(clock_id=clock_id, kind=ClockKind.HANDLING, version=2, at=NOW + HOUR),)
    )
    await notify.consumes(met)
    await notify.caught_up_to(NOW + 9 * HOUR)
    await notify.alert_scheduler(at=NOW + 8 * HOUR).fire()
    assert await notify.alert_types() == []


async def test_what_was_done_late_is_broken_even_if_nobody_looked_in_between(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id))
    late = NOW + HOUR + timedelta(microseconds=1)
    stop = ClockStop(clock_id=clock_id, kind=ClockKind.HANDLING, version=2, at=late)
    await notify.consumes(start, clock_met(case_id=start.case_id, clocks=(stop,)))
    await notify.caught_up_to(NOW + 3 * HOUR)
    await notify.alert_scheduler(at=NOW + 2 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]
    assert await notify.rows("SELECT status, ended_at FROM timers") == [("breached", late)]


async def test_a_breach_waits_until_answers_of_that_time_are_read(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id())))
    await notify.alert_scheduler(at=NOW + 2 * HOUR).fire()
    assert await notify.alert_types() == [], "nothing was read yet"
    await notify.caught_up_to(NOW + HOUR)
    await notify.alert_scheduler(at=NOW + 3 * HOUR).fire()
    assert await notify.alert_types() == [], "read until exactly then: one more could come"
    await notify.caught_up_to(NOW + 2 * HOUR)
    await notify.alert_scheduler(at=NOW + 4 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]


async def test_a_breach_waits_until_every_reader_has_read(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id())))
    for number in range(1, len(READERS)):
        await notify.caught_up_to(NOW + 9 * HOUR, READERS[:number])
        await notify.alert_scheduler(at=NOW + (1 + number) * HOUR).fire()
        assert await notify.alert_types() == []
    await notify.caught_up_to(NOW + 9 * HOUR)
    await notify.alert_scheduler(at=NOW + 5 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]


async def test_a_process_that_lags_or_has_just_got_its_part_holds_breaches_for_all(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id())))
    await notify.caught_up_to(NOW + 9 * HOUR)
    reader = READERS[0]
    async with transaction(notify.engine) as conn:
        await store.save_unknown_progress(conn, reader, "two", seen=datetime.now(UTC))
    await notify.alert_scheduler(at=NOW + 2 * HOUR).fire()
    assert await notify.alert_types() == [], "it does not know yet what lies on its part"
    for until in (NOW, None):
        async with transaction(notify.engine) as conn:
            await store.save_progress(conn, reader, "two", until=until, seen=datetime.now(UTC))
        await notify.alert_scheduler(at=NOW + 9 * HOUR).fire()
        assert await notify.alert_types() == [], "it has read no further"
    async with transaction(notify.engine) as conn:
        await store.save_progress(conn, reader, "two", until=NOW + 2 * HOUR, seen=datetime.now(UTC))
    await notify.alert_scheduler(at=NOW + 20 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]


async def test_a_received_answer_holds_the_breach_until_routing_has_settled_it(notify: Notify) -> None:
    start = started(facts(new_id(), due_in=-HOUR))
    await notify.consumes(start)
    await notify.consumes_feedback(answer(), b"{", b"\xff", at=NOW - 2 * HOUR)
    await notify.caught_up_to(NOW - HOUR / 2)
    await notify.alert_scheduler().fire()
    assert await notify.alert_types() == []

    refused = FeedbackReceived(
        case_id=start.case_id,
        referral_id=REFERRAL,
        feedback_id="f1",
        sender=OFFICE,
        action=FeedbackAction.COMPLETE,
        outcome=FeedbackOutcome.REFUSED,
        received_at=NOW - 2 * HOUR,
        code="illegal_move",
    )
    await notify.consumes(refused)
    # What follows the settled answer on the same topic may not have been read yet.
    await notify.alert_scheduler(at=NOW + 30 * HOUR).fire()
    assert await notify.alert_types() == []
    await notify.caught_up_to(NOW + HOUR)
    await notify.alert_scheduler(at=NOW + 60 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]
    assert await notify.rows("SELECT code FROM refused_feedback") == [("illegal_move",)]


async def test_an_answer_that_came_too_late_holds_nothing(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id(), due_in=-HOUR)))
    await notify.consumes_feedback(answer(), at=NOW)
    await notify.caught_up_to(NOW + HOUR)
    await notify.alert_scheduler().fire()
    assert await notify.alert_types() == ["clock.breached"]


async def test_a_paused_clock_says_nothing_and_an_extended_one_again(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id))
    paused = clock_paused(
        case_id=start.case_id, clocks=(facts(clock_id, due_in=None, version=2),), reason="appraisal", paused_at=NOW
    )
    await notify.consumes(start, paused)
    await notify.caught_up_to(NOW + 99 * HOUR)
    await notify.alert_scheduler(at=NOW + 9 * HOUR).fire()
    assert await notify.alert_types() == []
    longer = facts(clock_id, due_in=20 * HOUR, version=3)
    await notify.consumes(
        clock_extended(
            case_id=start.case_id, clocks=(longer,), added="1h", approver="unit_head", reason="complex", extended_at=NOW
        )
    )
    for _ in range(2):
        await notify.alert_scheduler(at=NOW + 21 * HOUR).fire()
    assert await notify.rows("SELECT type, version FROM alerts ORDER BY xid, place") == [
        ("clock.due", 3),
        ("clock.breached", 3),
    ]


async def test_an_older_fact_never_overwrites_a_newer_one(notify: Notify) -> None:
    clock_id = new_id()
    await notify.consumes(started(facts(clock_id, version=3, due_in=5 * HOUR)))
    await notify.consumes(started(facts(clock_id, version=2, due_in=-HOUR)))
    assert await notify.rows("SELECT version, due_at FROM timers") == [(3, NOW + 5 * HOUR)]


async def test_the_end_of_a_right_is_no_breach(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id(), kind=ClockKind.RETURN_WINDOW, due_in=-HOUR)))
    await notify.caught_up_to(NOW)
    await notify.alert_scheduler().fire()
    assert await notify.alert_types() == ["clock.due"]


async def test_two_watchmen_share_the_work_and_say_nothing_twice(notify: Notify) -> None:
    for _ in range(3):
        await notify.consumes(*(started(facts(new_id(), due_in=-HOUR)) for _ in range(1000)))
    await notify.caught_up_to(NOW + HOUR)

    await asyncio.gather(*(notify.alert_scheduler(name).fire() for name in ("one", "two", "three")))
    await notify.alert_scheduler().fire()

    assert await notify.rows("SELECT count(*), count(DISTINCT clock_id) FROM alerts") == [(3000, 3000)]
    journal = "SELECT count(*), count(DISTINCT event_id) FROM journal WHERE type = 'yimen.clock.breached.v1'"
    assert await notify.rows(journal) == [(3000, 3000)]


async def test_a_portion_that_does_not_commit_has_not_happened(notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    await notify.consumes(*(started(facts(new_id(), due_in=-HOUR)) for _ in range(10)))
    await notify.caught_up_to(NOW + HOUR)

    async def dies(*_: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as broken:
        broken.setattr("services.notify.watching.alerts.journal.add", dies)
        with pytest.raises(RuntimeError):
            await notify.alert_scheduler().fire()
    assert await notify.alert_types() == []
    await notify.alert_scheduler().fire()
    assert len(await notify.alert_types()) == 10


async def test_a_breach_that_was_not_said_yet_survives_a_pause_that_came_after_it(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id, due_in=-HOUR))
    pause = clock_paused(
        case_id=start.case_id, clocks=(facts(clock_id, due_in=None, version=2),), reason="appraisal", paused_at=NOW
    )
    await notify.consumes(start, pause)
    assert await notify.rows("SELECT type, version FROM alerts") == [("clock.breached", 1)]
    await notify.caught_up_to(NOW + 99 * HOUR)
    await notify.alert_scheduler(at=NOW + 9 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]


async def test_alerts_are_counted_with_how_late_they_were_sent(notify: Notify) -> None:
    def seen(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0

    await notify.consumes(started(facts(new_id())))
    await notify.caught_up_to(NOW + 3 * HOUR)
    said = seen("yimen_alerts_total", service="notify", type="clock.breached")
    delay = seen("yimen_alert_delay_seconds_sum", service="notify")

    alert_scheduler = notify.alert_scheduler(at=NOW + HOUR + timedelta(seconds=90))
    late = pytest.approx(90 / alert_scheduler.clock.speed)
    await alert_scheduler.measure()
    waited = seen("yimen_alert_lag_seconds")
    await alert_scheduler.fire()
    await alert_scheduler.measure()

    assert (waited, seen("yimen_alert_lag_seconds")) == (late, 0)
    assert seen("yimen_alerts_total", service="notify", type="clock.breached") == said + 1
    assert seen("yimen_alert_delay_seconds_sum", service="notify") - delay == late
