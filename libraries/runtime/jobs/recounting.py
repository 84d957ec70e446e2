"""Clocks that were counted by another calendar than the one that runs: who brings them up to date, and how fast."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import structlog
from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    TextClause,
    Uuid,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.database.engine import transaction

FIRST: Final = UUID(int=0)
BATCH_SIZE: Final = 2000
"""Clocks that are counted in one transaction, with the others of the last one's case."""

# A statement of its own sees what was committed before the cases were ours.
_READ: Final = text(
    """
    SELECT c.case_id, c.clock_id, c.clock::text AS clock FROM clocks AS c
    WHERE c.case_id = ANY(:case_ids) AND c.calendar_version = :carried
    ORDER BY c.case_id, c.clock_id
    """
).bindparams(bindparam("case_ids", type_=ARRAY(Uuid)))
_MARK: Final = text(
    "UPDATE clocks SET calendar_version = CASE WHEN stopped_at IS NULL THEN :running END WHERE clock_id = ANY(:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_SAVE: Final = text(
    """
    UPDATE clocks AS c
    SET version = k.version, due_at = k.due_at, clock = k.clock::jsonb, calendar_version = :running
    FROM unnest(:ids, :before, :versions, :dues, :clocks) AS k (clock_id, before, version, due_at, clock)
    WHERE c.clock_id = k.clock_id AND c.version = k.before
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("before", type_=ARRAY(Integer)),
    bindparam("versions", type_=ARRAY(Integer)),
    bindparam("dues", type_=ARRAY(DateTime(timezone=True))),
    bindparam("clocks", type_=ARRAY(String)),
)

log = structlog.get_logger()


def calendar_loads(metadata: MetaData) -> Table:
    """When a process last began to run a calendar. Whoever began last decides by which one is counted."""
    return Table(
        "calendar_loads",
        metadata,
        Column("version", String, primary_key=True),
        Column("loaded_at", DateTime(timezone=True), nullable=False),
    )


class KeptClock(NamedTuple):
    """A clock as its row has it."""

    case_id: UUID
    clock: str
    """Encoded JSON."""


class CountedClock(NamedTuple):
    """A row to be written again: `before` is the version that was read."""

    clock_id: UUID
    before: int
    version: int
    due_at: datetime | None
    clock: str


class RecountResult(NamedTuple):
    """By which calendar a batch was counted, and the clocks of which that changed anything."""

    calendar: str
    changed: list[CountedClock]


class Count(Protocol):
    """Counts clocks again and says what moved, in the transaction of the connection."""

    async def __call__(self, conn: AsyncConnection, kept: Sequence[KeptClock]) -> RecountResult: ...


class ClockMovedAway(RuntimeError):
    """A clock changed while its case was held: a promise of every writer was broken, and nothing is saved."""


@dataclass(slots=True, kw_only=True)
class Recount:
    """The rows of `clocks` that another calendar counted; those where nothing runs carry no `calendar_version`.

    A process that still runs an older calendar than others began with leaves the rows alone: two that disagree do not
    count against each other.
    """

    engine: AsyncEngine
    owners: str
    """The table of the cases: whoever changes a clock holds its case."""
    loads: Table
    running: Callable[[], str]
    count: Count
    pause_seconds: float
    _noted: str = field(default="", init=False)

    async def recount(self) -> None:
        """Until no row carries another version; rows that somebody holds come in the next turn."""
        running = self.running()
        async with transaction(self.engine) as conn:
            if running != self._noted:
                await _note(conn, self.loads, running)
            others = await _others(conn, running)
            latest = await _latest(conn, self.loads) if others else running
        self._noted = running
        if latest != running:
            return
        for carried in others:
            await self._all(carried, running)

    async def _all(self, carried: str, running: str) -> None:
        log.info("calendar changed, clocks are counted again", before=carried, now=running)
        after: UUID | None = FIRST
        while after is not None and self.running() == running:
            after = await self._batch(carried, after)
            # Everybody else wants the database too.
            await asyncio.sleep(self.pause_seconds)

    async def _batch(self, carried: str, after: UUID) -> UUID | None:
        """Some of the cases behind an id, each with all its clocks. Returns the last id; none if nothing is left."""
        async with transaction(self.engine) as conn:
            asked = {"carried": carried, "after": after, "batch_size": BATCH_SIZE}
            case_ids = list(dict.fromkeys(await conn.scalars(_claim(self.owners), asked)))
            if not case_ids:
                return None
            found = (await conn.execute(_READ, {"case_ids": case_ids, "carried": carried})).all()
            counted = await self.count(conn, [KeptClock(row.case_id, row.clock) for row in found])
            await _save(conn, [row.clock_id for row in found], counted)
        return UUID(str(case_ids[-1]))


# Whoever changes a clock holds its case. One that is held is passed over: another turn, or its holder, counts it.
@cache
def _claim(owners: str) -> TextClause:
    return text(
        f"""
        SELECT c.case_id FROM clocks AS c JOIN {owners} AS o ON o.case_id = c.case_id
        WHERE c.calendar_version = :carried AND c.case_id > :after
        ORDER BY c.case_id
        LIMIT :batch_size
        FOR UPDATE OF o SKIP LOCKED
        """
    )


async def _save(conn: AsyncConnection, read: Sequence[UUID], counted: RecountResult) -> None:
    """Clocks of which nothing changed are only marked."""
    changed = {one.clock_id for one in counted.changed}
    same = [clock_id for clock_id in read if clock_id not in changed]
    if same:
        await conn.execute(_MARK, {"ids": same, "running": counted.calendar})
    if not changed:
        return
    names = ("ids", "before", "versions", "dues", "clocks")
    columns = dict(zip(names, map(list, zip(*counted.changed, strict=True)), strict=True))
    saved = await conn.execute(_SAVE, {"running": counted.calendar, **columns})
    if saved.rowcount != len(changed):
        raise ClockMovedAway(f"{len(changed) - saved.rowcount} of {len(changed)}")


async def _note(conn: AsyncConnection, loads: Table, version: str) -> None:
    now = func.clock_timestamp()
    load = insert(loads).values(version=version, loaded_at=now)
    await conn.execute(load.on_conflict_do_update(index_elements=["version"], set_={"loaded_at": now}))


async def _latest(conn: AsyncConnection, loads: Table) -> str:
    return str(await conn.scalar(select(loads.c.version).order_by(loads.c.loaded_at.desc()).limit(1)))


async def _others(conn: AsyncConnection, running: str) -> list[str]:
    """The versions that rows carry beside the running one: a step in the index for each, however many the rows."""
    first = "SELECT min(calendar_version) FROM clocks WHERE calendar_version IS NOT NULL"
    found = await conn.scalars(
        text(
            f"""
            WITH RECURSIVE carried AS (
                SELECT ({first}) AS version
                UNION ALL
                SELECT ({first} AND calendar_version > c.version) FROM carried AS c WHERE c.version IS NOT NULL
            )
            SELECT version FROM carried WHERE version <> :running
            """
        ),
        {"running": running},
    )
    return list(found)
