"""Day partitions made ahead and dropped behind, and the figures that only the tables know."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime import metrics
from libraries.runtime.database import answers
from libraries.runtime.database.engine import transaction
from libraries.runtime.database.tables import PARTITIONED
from libraries.runtime.failures import explain
from libraries.runtime.kafka import dead_letters

DAYS_AHEAD: Final = 3
JOURNAL_DAYS: Final = 30
INBOX_DAYS: Final = 14
ANSWERS_KEPT: Final = timedelta(days=2)
KEPT: Final = {"journal": JOURNAL_DAYS, "inbox": INBOX_DAYS}
DAY_COLUMN: Final = {"journal": "recorded_on", "inbox": "received_on"}
COUNTED: Final = 10_000

log = structlog.get_logger()

Act = Callable[[AsyncConnection, str, date], Awaitable[None]]
_WAITING: Final = text(
    """
    SELECT sum(j.number) FROM relay_shards AS s CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM (
            SELECT FROM journal
            WHERE shard = s.shard AND recorded_on >= s.position_on - 1
              AND (xid, id) > (s.position_xid, s.position_id)
            LIMIT :most
        ) AS waiting
    ) AS j
    """
)


async def housekeep(engine: AsyncEngine, *, today: date | None = None, answers_kept: timedelta = ANSWERS_KEPT) -> None:
    """Every minute is often enough; several processes may do it at once. What fails is tried again next time."""
    day = today or datetime.now(UTC).date()
    for table in PARTITIONED:
        for ahead in range(DAYS_AHEAD + 1):
            await _quietly(engine, _make, table, day + timedelta(days=ahead))
        for old in await _older(engine, table, day - timedelta(days=KEPT[table])):
            await _quietly(engine, _drop, table, old)
    async with transaction(engine) as conn:
        for table, days in KEPT.items():
            # Only what came while no partition was ready stands there.
            column = DAY_COLUMN[table]
            limit = {"limit": day - timedelta(days=days)}
            await conn.execute(text(f"DELETE FROM {table}_default WHERE {column} < :limit"), limit)
    await answers.forget(engine, answers_kept)


async def make_days(conn: AsyncConnection, day: date) -> None:
    """For a new schema, before the first row: what lands in the default partition keeps its day from being made.

    A schema without the plumbing has no such tables.
    """
    there = [table for table in PARTITIONED if await conn.scalar(text("SELECT to_regclass(:table)"), {"table": table})]
    for table in there:
        for ahead in range(DAYS_AHEAD + 1):
            await _make(conn, table, day + timedelta(days=ahead))


async def partitions(conn: AsyncConnection, table: str) -> set[date]:
    """The days that have a partition of their own."""
    names = await conn.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table)"), {"table": table}
    )
    days = (name.rpartition("_")[2] for name in names)
    return {datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date() for day in days if day.isdigit()}


async def _make(conn: AsyncConnection, table: str, day: date) -> None:
    if day in await partitions(conn, table):
        return
    name = f"{table}_{day:%Y%m%d}"
    # Attached afterwards: making it in place would lock out everybody who writes to the parent.
    await conn.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    until = day + timedelta(days=1)
    await conn.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{until}')"))
    log.info("partition made", table=name)


async def _drop(conn: AsyncConnection, table: str, day: date) -> None:
    """Never what was not sent yet."""
    name = f"{table}_{day:%Y%m%d}"
    if table == "journal":
        unsent = await conn.scalar(
            text(
                f"""
                SELECT EXISTS (
                    SELECT FROM {name} AS j JOIN relay_shards AS s ON s.shard = j.shard
                    WHERE (j.xid, j.id) > (s.position_xid, s.position_id)
                )
                """
            )
        )
        if unsent:
            log.warning("old partition kept, it has rows that were never sent", table=name)
            return
    await conn.execute(text(f"DROP TABLE {name}"))
    log.info("partition dropped", table=name)


async def _older(engine: AsyncEngine, table: str, limit: date) -> list[date]:
    async with transaction(engine) as conn:
        return sorted(day for day in await partitions(conn, table) if day < limit)


async def _quietly(engine: AsyncEngine, act: Act, table: str, day: date) -> None:
    """Somebody else may do the same at this moment, or hold the lock that we need: another time, then."""
    try:
        async with transaction(engine) as conn:
            await conn.execute(text("SET LOCAL lock_timeout = '1s'"))
            await act(conn, table, day)
    except DBAPIError as error:
        log.info("partition work put off", table=table, day=str(day), error=explain(error))


async def measure(engine: AsyncEngine, service: str) -> None:
    """Every few seconds, for who looks at the metrics."""
    async with transaction(engine) as conn:
        parked = await dead_letters.count_dead_letters(conn)
        waiting = await conn.scalar(_WAITING, {"most": COUNTED})
    metrics.DEAD_LETTERS.clear()
    for (reader, code), number in parked.items():
        metrics.DEAD_LETTERS.labels(service, reader, code).set(number)
    metrics.RELAY_WAITING.labels(service).set(int(waiting or 0))
