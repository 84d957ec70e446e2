"""What is asked many times a minute does not cost more from year to year."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import ARRAY, String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.database.engine import open_engine, transaction
from services.routing import store

pytestmark = pytest.mark.engines

YEARS = """
    INSERT INTO clocks (clock_id, case_id, referral_id, kind, version, status, due_at, stopped_at, clock)
    SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'signing', 1,
           CASE WHEN open THEN 'running' ELSE 'met' END,
           now() + make_interval(days => CASE WHEN open THEN 3 ELSE -n END),
           CASE WHEN open THEN NULL ELSE now() END, '{}'
    FROM (SELECT n, n % 10 = 0 AS open FROM generate_series(1, 20000) AS n) AS years
"""


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield engine
    await engine.dispose()


async def test_what_silence_settles_is_found_among_the_clocks_that_run(engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        await conn.execute(text(YEARS))
        await conn.execute(text("ANALYZE clocks"))
        for statement in (store._SILENT, store._UNDECIDED):
            plan = await _plan(conn, statement.text)
            assert "clocks_running_out" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "clocks_of_case" not in plan, plan


async def _plan(conn: AsyncConnection, statement: str) -> str:
    asked, values = text(f"EXPLAIN {statement}"), {"kinds": ["signing"], "before": datetime.now(UTC), "limit": 500}
    if ":rights" in statement:
        asked, values["rights"] = asked.bindparams(bindparam("rights", type_=ARRAY(String))), []
    asked = asked.bindparams(bindparam("kinds", type_=ARRAY(String)))
    return "\n".join(await conn.scalars(asked, values))
