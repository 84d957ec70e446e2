"""Rows that were counted by another calendar than the one that runs: who brings them up to date, and how fast."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy import Column, DateTime, MetaData, String, Table, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.database.engine import transaction

FIRST: Final = UUID(int=0)

log = structlog.get_logger()


def calendar_loads(metadata: MetaData) -> Table:
    """When a process last began to run a calendar. Whoever began last decides by which one is counted."""
    return Table(
        "calendar_loads",
        metadata,
        Column("version", String, primary_key=True),
        Column("loaded_at", DateTime(timezone=True), nullable=False),
    )


class Portion(Protocol):
    """Counts some rows again that carry a version, behind an id. Returns the last id; none if nothing is left."""

    async def __call__(self, carried: str, after: UUID) -> UUID | None: ...


@dataclass(slots=True, kw_only=True)
class Recount:
    """One table's rows, found by a column `calendar_version` that is null where nothing runs.

    A process that still runs an older calendar than others began with leaves the rows alone: two that disagree do not
    count against each other.
    """

    engine: AsyncEngine
    table: str
    loads: Table
    running: Callable[[], str]
    portion: Portion
    pause_seconds: float
    _noted: str = field(default="", init=False)

    async def recount(self) -> None:
        """Until no row carries another version; rows that somebody holds come in the next turn."""
        running = self.running()
        async with transaction(self.engine) as conn:
            if running != self._noted:
                await _note(conn, self.loads, running)
            others = await _others(conn, self.table, running)
            latest = await _latest(conn, self.loads) if others else running
        self._noted = running
        if latest != running:
            return
        for carried in others:
            await self._all(carried, running)

    async def _all(self, carried: str, running: str) -> None:
        log.info("calendar changed, clocks are counted again", table=self.table, before=carried, now=running)
        after: UUID | None = FIRST
        while after is not None and self.running() == running:
            after = await self.portion(carried, after)
            # Everybody else wants the database too.
            await asyncio.sleep(self.pause_seconds)


async def _note(conn: AsyncConnection, loads: Table, version: str) -> None:
    now = func.clock_timestamp()
    load = insert(loads).values(version=version, loaded_at=now)
    await conn.execute(load.on_conflict_do_update(index_elements=["version"], set_={"loaded_at": now}))


async def _latest(conn: AsyncConnection, loads: Table) -> str:
    return str(await conn.scalar(select(loads.c.version).order_by(loads.c.loaded_at.desc()).limit(1)))


async def _others(conn: AsyncConnection, table: str, running: str) -> list[str]:
    """The versions that rows carry beside the running one: a step in the index for each, however many the rows."""
    first = f"SELECT min(calendar_version) FROM {table} WHERE calendar_version IS NOT NULL"
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
