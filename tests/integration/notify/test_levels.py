"""A clock has several levels and one moment at a time: each is said once, in order, and says how late it is said."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import text

from contracts.clocks import ClockFacts, ClockStop, ClockWarning
from contracts.codes import ClockKind
from contracts.events.clocks import ClockRecalculated
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from tests.integration.notify.harness import HOUR, NOW, OFFICE, Notify, clock_extended, clock_met, facts, started

DAY = timedelta(days=1)
END = NOW + 4 * DAY
LEVELS = (("50%", NOW + DAY), ("80%", NOW + 2 * DAY), ("1wd", NOW + 3 * DAY))
LAST_DAY = END.replace(hour=16) - DAY


def with_levels(**more: Any) -> ClockFacts:
    warnings = tuple(ClockWarning(level=level, at=at) for level, at in LEVELS)
    values: dict[str, Any] = {"due_in": END - NOW, "soon_in": 2 * DAY, "warnings": warnings}
    return facts(new_id(), **values | more)


async def levels(notify: Notify) -> list[tuple[Any, ...]]:
    return await notify.rows("SELECT type, level, version, late_seconds FROM alerts ORDER BY xid, place")


async def test_every_level_fires_once_and_not_only_the_first(notify: Notify) -> None:
    await notify.consumes(started(with_levels()))
    await notify.caught_up_to(NOW + 9 * DAY)
    moments = [*(at for _, at in LEVELS), LAST_DAY, END + timedelta(seconds=1)]
    for at in moments:
        for _ in range(2):
            await notify.alert_scheduler(at=at).fire()
    assert await levels(notify) == [
        ("clock.due_soon", "50%", 1, 0),
        ("clock.due_soon", "80%", 1, 0),
        ("clock.due_soon", "1wd", 1, 0),
        ("clock.due", "last_day", 1, 0),
        ("clock.breached", "", 1, 1),
    ]
    assert await notify.rows("SELECT count(*), count(DISTINCT event_id) FROM alerts") == [(5, 5)]


async def test_half_of_the_time_is_not_due_soon_yet(notify: Notify) -> None:
    await notify.consumes(started(with_levels()))
    states = []
    for _, at in LEVELS[:2]:
        await notify.alert_scheduler(at=at).fire()
        states += await notify.rows("SELECT status FROM timers")
    assert states == [("running",), ("due_soon",)]


async def test_after_an_outage_everything_is_said_late_in_order_and_says_how_late(notify: Notify) -> None:
    await notify.consumes(*(started(with_levels()) for _ in range(3)))
    await notify.caught_up_to(NOW + 99 * DAY)
    back = END + 2 * DAY
    for _ in range(2):
        await notify.alert_scheduler(at=back).fire()
    late = [(back - at).total_seconds() for _, at in LEVELS]
    said = [("clock.due_soon", level, 1, int(seconds)) for (level, _), seconds in zip(LEVELS, late, strict=True)]
    said += [("clock.due", "last_day", 1, int((back - LAST_DAY).total_seconds()))]
    said += [("clock.breached", "", 1, int(2 * DAY.total_seconds()))]
    assert await levels(notify) == [one for one in said for _ in range(3)]
    values = await notify.rows("SELECT value FROM journal WHERE type = 'yimen.clock.due.v1' LIMIT 1")
    assert msgspec.json.decode(values[0][0])["late_seconds"] == said[3][3]


async def test_a_change_repeats_no_level_that_was_said(notify: Notify) -> None:
    clock = with_levels()
    start = started(clock)
    await notify.consumes(start)
    at = LEVELS[1][1] + HOUR
    for _ in range(2):
        await notify.alert_scheduler(at=at).fire()
    longer = msgspec.structs.replace(clock, version=2, due_at=END + DAY)
    await notify.consumes(
        clock_extended(
            case_id=start.case_id, clocks=(longer,), added="1d", approver="unit_head", reason="complex", extended_at=at
        )
    )
    for _ in range(2):
        await notify.alert_scheduler(at=at).fire()
    assert [row[1:3] for row in await levels(notify)] == [("50%", 1), ("80%", 1)]
    assert await notify.rows("SELECT status, version FROM timers") == [("due_soon", 2)]
    await notify.alert_scheduler(at=LEVELS[2][1]).fire()
    assert [row[1:3] for row in (await levels(notify))[2:]] == [("1wd", 2)]


async def test_what_a_change_moves_past_its_moment_unsaid_is_said(notify: Notify) -> None:
    clock = with_levels()
    start = started(clock)
    await notify.consumes(start)
    at = LEVELS[0][1] + HOUR
    await notify.alert_scheduler(at=at).fire()
    earlier = (clock.warnings[0], ClockWarning(level="80%", at=LEVELS[0][1] + HOUR / 2), clock.warnings[2])
    again = msgspec.structs.replace(clock, version=2, due_at=END - HOUR, warnings=earlier)
    await notify.consumes(
        ClockRecalculated(
            case_id=start.case_id,
            clocks=(again,),
            previous_due_at=(END,),
            reason="calendar_changed",
            recalculated_at=at,
        )
    )
    for _ in range(2):
        await notify.alert_scheduler(at=at).fire()
    assert await levels(notify) == [
        ("clock.due_soon", "50%", 1, int(HOUR.total_seconds())),
        ("clock.due_soon", "80%", 2, 1800),
    ]


async def test_the_office_to_which_a_clock_is_sent_on_hears_where_it_stands(notify: Notify) -> None:
    """Sending a case on gives the next office a clock of its own, with the time that was used."""
    clock = with_levels()
    await notify.consumes(started(clock))
    for _, at in LEVELS[:2]:
        await notify.alert_scheduler(at=at).fire()
    successor = msgspec.structs.replace(clock, clock_id=new_id(), office="housing-130722000000")
    await notify.consumes(started(successor), sent_at=LEVELS[1][1] + HOUR)
    await notify.alert_scheduler(at=LEVELS[1][1] + HOUR).fire()
    said = "SELECT office, level FROM alerts ORDER BY xid, place"
    assert await notify.rows(said) == [(OFFICE, "50%"), (OFFICE, "80%"), (successor.office, "80%")]


async def test_an_answer_that_races_the_timer_wins_or_loses_and_never_both(notify: Notify) -> None:
    clocks = [with_levels(due_in=HOUR, warnings=()) for _ in range(50)]
    starts = [started(clock) for clock in clocks]
    await notify.consumes(*starts)
    await notify.caught_up_to(NOW + 9 * DAY)
    answers = [
        clock_met(
            case_id=start.case_id,
            clocks=(ClockStop(clock_id=clock.clock_id, kind=ClockKind.HANDLING, version=2, at=NOW + 2 * HOUR),),
        )
        for start, clock in zip(starts, clocks, strict=True)
    ]
    await asyncio.gather(
        notify.consumes(*answers),
        notify.alert_scheduler(at=NOW + 2 * HOUR).fire(),
        notify.alert_scheduler("two", at=NOW).fire(),
    )
    await notify.alert_scheduler(at=NOW + 3 * HOUR).fire()
    assert await notify.rows("SELECT status, count(*) FROM timers GROUP BY 1") == [("breached", 50)]
    assert await notify.rows("SELECT count(*), count(DISTINCT clock_id) FROM alerts") == [(50, 50)]


async def test_a_timer_from_before_there_were_levels_has_its_one_warning(notify: Notify) -> None:
    await notify.consumes(started(with_levels()))
    async with transaction(notify.engine) as conn:
        await conn.execute(text("UPDATE timers SET pending = '[]', next_fire_at = due_soon_at"))
    await notify.caught_up_to(NOW + 9 * DAY)
    for at in (LEVELS[1][1], END + timedelta(seconds=1)):
        for _ in range(2):
            await notify.alert_scheduler(at=at).fire()
    assert [row[:2] for row in await levels(notify)] == [("clock.due_soon", ""), ("clock.breached", "")]
