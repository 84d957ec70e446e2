"""How far each reader has read, over all processes of a service: everything that had come by then is settled.

Written down, because it must survive the process: what comes later came later, whatever its sender has written on it.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Boolean, DateTime, Integer, String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka.consumer import SETTLE, ConsumerLoop

ALIVE: Final = timedelta(seconds=20)
"""A process that has said nothing for so long reads no more: longer than the broker waits for it (10 s) and than the
others may take to hear of it (3 s), with time to write that down."""
FORGOTTEN: Final = timedelta(days=1)

# What all processes that live have read, if together they have every partition.
_NOTE: Final = text(
    """
    WITH mine AS (
        INSERT INTO reading_progress AS p (reader, process, read_until, seen_at, parts)
        VALUES (:reader, :process, coalesce(:until, '-infinity'::timestamptz), :seen, :parts)
        ON CONFLICT (reader, process) DO UPDATE
        SET read_until = CASE WHEN :unread THEN '-infinity' ELSE greatest(p.read_until, excluded.read_until) END,
            seen_at = excluded.seen_at, parts = excluded.parts
        RETURNING read_until, parts
    ), others AS (
        SELECT min(read_until) AS until, coalesce(sum(parts), 0) AS parts FROM reading_progress
        WHERE reader = :reader AND process <> :process AND seen_at >= :alive
    )
    INSERT INTO read_until AS r (reader, until)
    SELECT :reader, least(mine.read_until, others.until) FROM mine, others
    WHERE mine.parts + others.parts >= :of_parts AND least(mine.read_until, others.until) > '-infinity'
    ON CONFLICT (reader) DO UPDATE SET until = greatest(r.until, excluded.until)
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("until", "seen", "alive")),
    *(bindparam(name, type_=Integer) for name in ("parts", "of_parts")),
    *(bindparam(name, type_=String) for name in ("reader", "process")),
    bindparam("unread", type_=Boolean),
)
_READ: Final = text("SELECT reader, until FROM read_until")
_FORGET: Final = text("DELETE FROM reading_progress WHERE seen_at < :before")


def process_name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


@dataclass(slots=True, kw_only=True)
class Progress:
    """Of one process."""

    engine: AsyncEngine
    loops: Sequence[ConsumerLoop]
    process: str = field(default_factory=process_name)
    _forgets_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    async def begin(self) -> None:
        """Before the first record is read: what comes now came after what was read before."""
        async with self.engine.connect() as conn:
            self._know(await read_until(conn))

    async def note(self) -> None:
        """Write down how far this process is, and know how far all are."""
        found = [(loop, datetime.now(UTC), await loop.caught_up()) for loop in self.loops]
        async with transaction(self.engine) as conn:
            for loop, asked, caught_up in found:
                await note_progress(
                    conn,
                    loop.context.reader.name,
                    self.process,
                    until=caught_up - SETTLE if caught_up is not None else None,
                    unread=caught_up is None and not loop.caught_up_since_rebalance(),
                    seen=asked,
                    parts=loop.parts(),
                    of_parts=loop.of_parts(),
                )
            self._know(await read_until(conn))
            if (now := datetime.now(UTC)) > self._forgets_at:
                self._forgets_at = now + FORGOTTEN / 24
                await conn.execute(_FORGET, {"before": now - FORGOTTEN})

    def _know(self, found: Mapping[str, datetime]) -> None:
        for loop in self.loops:
            loop.ends.known = found.get(loop.context.reader.name)


async def read_until(conn: AsyncConnection) -> dict[str, datetime]:
    """By reader: the real moment by which everything that had come was settled."""
    return {row.reader: row.until for row in await conn.execute(_READ)}


async def note_progress(
    conn: AsyncConnection,
    reader: str,
    process: str,
    *,
    until: datetime | None,
    unread: bool = False,
    seen: datetime,
    parts: int = 0,
    of_parts: int = 0,
) -> None:
    """Without `until` it has read as far as before; `unread`: it has partitions of which it knows nothing yet."""
    values = {"reader": reader, "process": process, "until": until, "unread": unread, "seen": seen, "parts": parts}
    await conn.execute(_NOTE, values | {"of_parts": of_parts, "alive": seen - ALIVE})
