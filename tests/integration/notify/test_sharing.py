"""Two watchmen share the work, and one that dies in the middle of it costs nothing but time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import ClockKind
from libraries.policies import PolicyWatch
from libraries.runtime.database.engine import open_engine
from services.notify.watching import scheduler
from services.notify.watching.scheduler import BATCH_SIZE, AlertScheduler
from tests import locks
from tests.benchmarks.clocks import Clocks, clocks_in, process_that_fires
from tests.benchmarks.ground import NOW, PACK

NUMBER = 3 * BATCH_SIZE
SAID = "SELECT count(*), count(DISTINCT clock_id) FROM alerts"
JOURNAL = "SELECT count(*), count(DISTINCT event_id) FROM journal"
NOBODY_ELSE = """
    SELECT count(*) = 0 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""
OPEN = "SELECT count(*) FROM timers WHERE next_fire_at IS NOT NULL"


@pytest.fixture
async def clocks(database: str) -> AsyncIterator[Clocks]:
    engine = open_engine(SimpleNamespace(database_url=database), "notify")
    async with clocks_in(engine) as found:
        await found.has_read_everything()
        yield found
    await engine.dispose()


@contextmanager
def statements(clocks: Clocks) -> Iterator[list[str]]:
    """What the watchmen ask of the database meanwhile."""
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(clocks.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(clocks.engine.sync_engine, "before_cursor_execute", note)


async def everything_was_said_once(clocks: Clocks, number: int) -> None:
    assert tuple(await clocks.conn.fetchrow(SAID)) == (number, number)
    assert tuple(await clocks.conn.fetchrow(JOURNAL)) == (number, number)
    assert await clocks.conn.fetchval(OPEN) == 0


async def due(clocks: Clocks, number: int) -> None:
    await clocks.fill(number, kind=ClockKind.SIGNING, after=NOW - timedelta(hours=1), step=timedelta(milliseconds=1))


async def until(clocks: Clocks, question: str) -> None:
    async with asyncio.timeout(60):
        while not await clocks.conn.fetchval(question):  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.05)


async def test_a_connection_that_is_cut_in_the_middle_gives_back_what_it_held(
    clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    await due(clocks, NUMBER)
    holds, cut = asyncio.Event(), asyncio.Event()
    publish = scheduler.publish_and_save

    async def publish_slowly(conn: AsyncConnection, fired: Any) -> None:
        await publish(conn, fired)
        holds.set()
        await cut.wait()

    with monkeypatch.context() as slow:
        slow.setattr(scheduler, "publish_and_save", publish_slowly)
        first = asyncio.create_task(clocks.alert_scheduler(NOW).fire())
        await holds.wait()
    other = clocks.alert_scheduler(NOW)
    await other.fire()
    assert tuple(await clocks.conn.fetchrow(SAID)) == (NUMBER - BATCH_SIZE, NUMBER - BATCH_SIZE)

    await clocks.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        " AND datname = current_database()"
    )
    cut.set()
    with pytest.raises(DBAPIError):
        await first
    await other.fire()
    await other.sweep()

    await everything_was_said_once(clocks, NUMBER)


async def test_a_process_that_is_killed_leaves_the_rest_to_the_other(clocks: Clocks) -> None:
    number = 20 * BATCH_SIZE
    await due(clocks, number)
    await locks.hold(clocks.conn, "INSERT", "alerts", when="alerts")
    process = await process_that_fires(clocks, NOW)
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    await process.stdin.drain()
    await until(clocks, f"SELECT count(*) > 0 FROM {locks.WAITING}")
    process.kill()
    await process.wait()
    left = await clocks.conn.fetchval(OPEN)
    await locks.let_go(clocks.conn, "alerts")
    await until(
        clocks, "SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE '%alerts%' AND pid <> pg_backend_pid()"
    )

    other = clocks.alert_scheduler(NOW)
    await other.fire()
    await other.sweep()

    assert 0 < left < number, "it was killed in the middle"
    await everything_was_said_once(clocks, number)


async def test_a_look_that_finds_nothing_is_one_statement(clocks: Clocks) -> None:
    alert_scheduler = clocks.alert_scheduler(NOW)
    with statements(clocks) as executed:
        await alert_scheduler.fire()
    assert len(executed) == 1


@pytest.mark.parametrize("kind", [ClockKind.SIGNING, ClockKind.HANDLING])
async def test_a_portion_takes_as_many_statements_as_one_clock(clocks: Clocks, kind: ClockKind) -> None:
    """Also where each of them starts to escalate."""
    asked = []
    for number in (1, BATCH_SIZE - 1):
        await clocks.fill(number, kind=kind, after=NOW - timedelta(hours=1), step=timedelta(milliseconds=1))
        with statements(clocks) as found:
            await clocks.alert_scheduler(NOW).fire()
        asked.append(len(found))
    assert asked[0] == asked[1]
    await everything_was_said_once(clocks, BATCH_SIZE)
    supervised = await clocks.conn.fetchval("SELECT count(*) FROM escalations")
    assert supervised == (BATCH_SIZE if kind is ClockKind.HANDLING else 0)


async def test_what_is_written_late_is_found_by_the_next_sweep(clocks: Clocks) -> None:
    alert_scheduler = clocks.alert_scheduler(NOW)
    await alert_scheduler.fire()
    await due(clocks, 1)
    await alert_scheduler.fire()
    assert tuple(await clocks.conn.fetchrow(SAID)) == (0, 0), "it lies below the mark"
    await alert_scheduler.sweep()
    await everything_was_said_once(clocks, 1)


async def test_many_that_are_late_go_out_at_the_pace_and_the_longest_due_first(clocks: Clocks) -> None:
    await due(clocks, 2 * BATCH_SIZE)
    paced = AlertScheduler(
        engine=clocks.engine,
        clock=clocks.alert_scheduler(NOW).clock,
        policy=PolicyWatch(PACK),
        loops=[],
        rate_limit=scheduler.RateLimit(2 * BATCH_SIZE),
    )
    catching_up = asyncio.create_task(paced.fire())
    async with asyncio.timeout(10):
        while not await clocks.conn.fetchval("SELECT count(*) FROM alerts"):  # noqa: ASYNC110 -- a task of its own
            await asyncio.sleep(0.01)
    said, open_from = (
        await clocks.conn.fetchval("SELECT max(due_at) FROM alerts"),
        await clocks.conn.fetchval("SELECT min(next_fire_at) FROM timers"),
    )
    assert said < open_from
    await catching_up
    await everything_was_said_once(clocks, 2 * BATCH_SIZE)
