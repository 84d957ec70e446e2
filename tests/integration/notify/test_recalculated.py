"""A timer follows a clock that another calendar moved: the new date, its warning again, and what was owed first."""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.clocks import ClockFacts, ClockWarning
from contracts.events.clocks import ClockLapsed, ClockRecalculated
from libraries.ids import new_id
from tests.integration.notify.harness import HOUR, NOW, Notify, facts, started

MINUTE = timedelta(minutes=1)


def recalculated(start: ClockLapsed, now: ClockFacts) -> ClockRecalculated:
    return ClockRecalculated(
        case_id=start.case_id,
        clocks=(now,),
        previous_due_at=(start.clocks[0].due_at,),
        reason="calendar_changed",
        recalculated_at=NOW,
    )


def moved(clock_id: UUID, *, due_in: timedelta, soon_in: timedelta | None = None) -> ClockFacts:
    return facts(clock_id, due_in=due_in, soon_in=soon_in, version=2)


async def test_the_timer_moves_to_the_new_date_and_version(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id, due_in=5 * HOUR))
    await notify.consumes(start, recalculated(start, moved(clock_id, due_in=2 * HOUR)))
    assert await notify.rows("SELECT version, due_at FROM timers") == [(2, NOW + 2 * HOUR)]
    await notify.caught_up_to(NOW + 99 * HOUR)
    await notify.alert_scheduler(at=NOW + 3 * HOUR).fire()
    await notify.alert_scheduler(at=NOW + 6 * HOUR).fire()
    assert await notify.rows("SELECT type, version FROM alerts WHERE type = 'clock.breached'") == [
        ("clock.breached", 2)
    ]


async def test_a_warning_that_was_given_is_given_again_for_the_new_date(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id, due_in=2 * HOUR, soon_in=-MINUTE))
    await notify.consumes(start)
    await notify.alert_scheduler().fire()
    await notify.consumes(recalculated(start, moved(clock_id, due_in=9 * HOUR, soon_in=5 * HOUR)))
    await notify.alert_scheduler(at=NOW + 4 * HOUR).fire()
    await notify.alert_scheduler(at=NOW + 6 * HOUR).fire()
    await notify.alert_scheduler(at=NOW + 6 * HOUR).fire()
    soon = "SELECT version FROM alerts WHERE type = 'clock.due_soon' ORDER BY version"
    assert await notify.rows(soon) == [(1,), (2,)]


async def test_a_level_that_moves_alone_is_said_at_its_new_moment_and_not_at_the_old_one(notify: Notify) -> None:
    def at(hours: int, version: int) -> ClockFacts:
        warnings = (ClockWarning(level="50%", at=NOW + hours * HOUR), ClockWarning(level="80%", at=NOW + 6 * HOUR))
        return facts(clock_id, due_in=9 * HOUR, soon_in=6 * HOUR, version=version, warnings=warnings)

    clock_id = new_id()
    start = started(at(2, 1))
    await notify.consumes(start, recalculated(start, at(4, 2)))
    said = "SELECT level, version FROM alerts ORDER BY xid, place"
    await notify.alert_scheduler(at=NOW + 3 * HOUR).fire()
    assert await notify.rows(said) == []
    for hours in (4, 5, 6, 7):
        await notify.alert_scheduler(at=NOW + hours * HOUR).fire()
    assert await notify.rows(said) == [("50%", 2), ("80%", 2)]


async def test_a_breach_that_was_owed_is_said_before_the_clock_moves(notify: Notify) -> None:
    clock_id = new_id()
    start = started(facts(clock_id, due_in=-HOUR))
    await notify.consumes(start, recalculated(start, moved(clock_id, due_in=9 * HOUR)))
    assert await notify.rows("SELECT type, version FROM alerts") == [("clock.breached", 1)]
    assert await notify.rows("SELECT version, due_at FROM timers") == [(2, NOW + 9 * HOUR)]


@pytest.mark.parametrize("times", [1, 3])
async def test_the_same_news_once_or_again_is_said_once(notify: Notify, times: int) -> None:
    clock_id = new_id()
    start = started(facts(clock_id, due_in=5 * HOUR))
    await notify.consumes(start, *(recalculated(start, moved(clock_id, due_in=HOUR)) for _ in range(times)))
    await notify.caught_up_to(NOW + 99 * HOUR)
    await notify.alert_scheduler(at=NOW + 2 * HOUR).fire()
    assert await notify.rows("SELECT version FROM alerts WHERE type = 'clock.breached'") == [(2,)]
