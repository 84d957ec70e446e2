"""Notify is killed while it says what broke, and again while it escalates: each thing is said once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests import locks
from tests.acceptance.installation import SERVICES, Installation, installed
from tests.faults.outcome import EMPLOYMENT, count, parked, reaches, submit

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

NUMBER = 1_100
"""More than one batch of breaches, and of levels."""
LATER = datetime(2026, 4, 20, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A working Monday in office hours, long after the last level for what came on the second of March."""
BROKEN = "notify.alerts WHERE type = 'clock.breached'"
ESCALATED = "notify.journal WHERE type LIKE 'yimen.supervision.%'"
LEVELS = """
    SELECT convert_from(value, 'UTF8')::json ->> 'level' AS level, count(*) AS said,
           count(DISTINCT convert_from(value, 'UTF8')::json ->> 'clock_id') AS clocks
    FROM notify.journal WHERE type LIKE 'yimen.supervision.%' GROUP BY 1
"""


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path, conn: asyncpg.Connection) -> AsyncIterator[Installation]:
    """Everything is to be signed for and handled, and then weeks pass in which nobody does and nobody looks."""
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as installation:
        await submit(installation, "faults-escalating", NUMBER)
        await reaches(conn, "notify.timers WHERE kind = 'handling'", NUMBER, installation)
        for name in SERVICES:
            assert installation.stop(name) == 0
        installation.environment["YIMEN_TIME_ORIGIN"] = LATER.isoformat()
        installation.environment["YIMEN_TIME_ANCHOR"] = datetime.now().astimezone().isoformat()
        installation.environment["YIMEN_NOTIFY_ALERTS_PER_SECOND"] = "1500"
        yield installation


async def test_what_is_said_while_notify_is_killed_is_said_once(city: Installation, conn: asyncpg.Connection) -> None:
    await city.start("intake", "routing")
    await killed_in_the_middle(city, conn, BROKEN, 2 * NUMBER, does=("INSERT", "notify.alerts"))
    await killed_in_the_middle(city, conn, ESCALATED, 3 * NUMBER, does=("UPDATE", "notify.escalations"))
    await city.start("notify")
    await reaches(conn, BROKEN, 2 * NUMBER, city)
    await reaches(conn, ESCALATED, 3 * NUMBER, city)
    await asyncio.sleep(3)

    assert await count(conn, BROKEN) == 2 * NUMBER
    assert await conn.fetchval(f"SELECT count(DISTINCT clock_id) FROM {BROKEN}") == 2 * NUMBER
    said, different = await conn.fetchrow("SELECT count(*), count(DISTINCT event_id) FROM notify.alerts")
    assert said == different
    levels = {row["level"]: (row["said"], row["clocks"]) for row in await conn.fetch(LEVELS)}
    assert levels == dict.fromkeys(("urged", "supervised", "listed"), (NUMBER, NUMBER))
    order = "SELECT count(*) FROM notify.escalations WHERE level <> 'listed' OR next_level IS NOT NULL"
    assert await conn.fetchval(order) == 0
    assert await parked(conn) == 0


async def killed_in_the_middle(
    city: Installation, conn: asyncpg.Connection, said: str, number: int, *, does: tuple[str, str]
) -> None:
    """After some of it was said, and before the rest: it waits there for a lock of ours."""
    action, table = does
    await locks.hold(conn, action, table, when=said)
    await city.start("notify")
    await reaches(conn, locks.WAITING, 1, city)
    city.kill("notify")
    assert 0 < await count(conn, said) < number
    await locks.let_go(conn, table)
