"""How verify reads: which journals may lack their beginning, and which rows lie in which batch."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import asyncpg
import pytest

from console.verify import reading
from console.verify.snapshot import Snapshot
from libraries.ids import new_id
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.jobs.housekeeping import JOURNAL_DAYS, make_days

NOW = datetime.now(UTC)
NOTHING = Snapshot(now=NOW, tolerance=timedelta(0))


@pytest.fixture
async def conn(database: str) -> AsyncIterator[asyncpg.Connection]:
    for service in reading.SERVICES:
        await upgrade(database, service)
    conn = await asyncpg.connect(reading.database_address(database))
    yield conn
    await conn.close()


async def test_a_journal_is_whole_until_its_first_day_is_as_old_as_those_that_are_dropped(
    conn: asyncpg.Connection, database: str
) -> None:
    snapshot, moving = await reading.read_common(conn, NOTHING)
    assert (snapshot.truncated, moving) == (False, frozenset())
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    async with transaction(engine) as made:
        await make_days(made, NOW.date() - timedelta(days=JOURNAL_DAYS))
    await engine.dispose()
    snapshot, _ = await reading.read_common(conn, NOTHING)
    assert snapshot.truncated


@pytest.mark.parametrize("batches", [1, 2, 7, 300, 70_000])
async def test_the_database_chooses_the_batch_that_we_choose(conn: asyncpg.Connection, batches: int) -> None:
    for _ in range(50):
        case_id = new_id()
        batch = reading.batch_of(case_id, batches)
        statement = f"SELECT {reading.MINE.format(column='$3::uuid')}"
        assert await conn.fetchval(statement, batches, batch, case_id)
    assert reading.batch_of(None, batches) == 0
