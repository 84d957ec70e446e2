"""When areas and offices change: finding what is kept of them, and looking again now and then."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

EVERY: Final = 15
"""Turns after which it is looked again although no other policy runs: a process that was late may have added some."""


async def distinct(conn: AsyncConnection, table: str, column: str) -> list[str]:
    """The values of an indexed column: a step in its index for each, however many the rows."""
    found = await conn.scalars(
        text(
            f"""
            WITH RECURSIVE seen AS (
                SELECT (SELECT min({column}) FROM {table}) AS value
                UNION ALL
                SELECT (SELECT min({column}) FROM {table} WHERE {column} > s.value) FROM seen AS s
                WHERE s.value IS NOT NULL
            )
            SELECT value FROM seen WHERE value IS NOT NULL
            """
        )
    )
    return list(found)


@dataclass(slots=True)
class OnPolicyChange:
    """Runs a job when what it goes by has changed, and now and then."""

    running: Callable[[], object]
    job: Callable[[], Awaitable[None]]
    _done: object = field(default=None, init=False)
    _left: int = field(default=0, init=False)

    async def turn(self) -> None:
        running = self.running()
        if running is self._done and self._left > 0:
            self._left -= 1
            return
        await self.job()
        self._done, self._left = running, EVERY
