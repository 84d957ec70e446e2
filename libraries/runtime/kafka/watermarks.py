"""Up to which moment a service has said everything: told to the others once all of it stands on its topics.

A fact counts from its own moment, and may be written down, sent and read much later. Whoever wants to know that
nothing has happened has to hear from all who could say otherwise that they have come so far. What one service has to
say because of another's word takes two hops, so it tells two moments: for what it knows by itself, and for what it
follows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy import BigInteger, DateTime, SmallInteger, String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.progress import ProgressNoted
from contracts.topics import PROGRESS
from libraries.marks import Mark, Need
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours

OWN_REQUESTS: Final = "acts"
"""Stands among the readers: what a service decides by itself."""
SETTLE: Final = timedelta(seconds=1)
"""A job takes the time just before it begins its transaction."""
LONGEST_REQUEST: Final = timedelta(seconds=20)
"""A request takes the time when its body is there; whoever sends it so slowly holds up nobody."""
HOPS: Final = (1, 2)
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_MOMENT: Final = DateTime(timezone=True)
_RECORD: Final = text(
    """
    INSERT INTO watermarks (writer, hops, until, heard_at)
    SELECT k.writer, k.hops, k.until, :heard_at FROM unnest(:writers, :hops, :until) AS k (writer, hops, until)
    WHERE NOT EXISTS (
        SELECT FROM watermarks AS w WHERE w.writer = k.writer AND w.hops = k.hops AND w.until >= k.until
    )
    ON CONFLICT DO NOTHING
    """
).bindparams(
    bindparam("writers", type_=ARRAY(String)),
    bindparam("hops", type_=ARRAY(SmallInteger)),
    bindparam("until", type_=ARRAY(_MOMENT)),
    bindparam("heard_at", type_=_MOMENT),
)
_KNOWN: Final = text(
    """
    SELECT writer, hops, max(until) FILTER (WHERE heard_at <= :read) AS until, max(heard_at) AS moved_at
    FROM watermarks GROUP BY writer, hops
    """
).bindparams(bindparam("read", type_=_MOMENT))
_FORGET: Final = text(
    """
    DELETE FROM watermarks AS w USING watermarks AS n
    WHERE n.writer = w.writer AND n.hops = w.hops AND n.until > w.until AND n.heard_at <= :read
    """
).bindparams(bindparam("read", type_=_MOMENT))
# Rows of a transaction may be filed under the id of a later one of the same case, so what is asked for is first that
# all transactions have ended that ran at the moment, and then that everything went out that was there after that.
# Of a snapshot the upper end says nothing: who has begun to write and not ended may stand above it. The own id does.
_OUTBOX: Final = text(
    """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
           pg_current_xact_id()::text::bigint AS own, EXISTS (
        SELECT FROM relay_shards AS r CROSS JOIN LATERAL (
            SELECT 1 FROM journal AS j
            WHERE j.shard = r.shard AND j.recorded_on >= r.position_on - 1
              AND (j.xid, j.id) > (r.position_xid, r.position_id) AND j.xid < :before
            LIMIT 1
        ) AS unsent
    ) AS waits
    """
).bindparams(bindparam("before", type_=BigInteger))


class Outbox(NamedTuple):
    """What is on its way to the topics, as transactions count."""

    oldest: int
    own: int
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSources:
    """What a service has to know before it says how far it has come."""

    feedback_readers: tuple[str, ...] = ()
    """Readers of what offices write."""
    follows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By service, the readers of its events."""


class OpenRequests:
    """Requests that change something, while they are in hand."""

    def __init__(self) -> None:
        self._begun: dict[object, datetime] = {}

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        key = object()
        self._begun[key] = datetime.now(UTC)
        try:
            yield
        finally:
            del self._begun[key]

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Holds what a request may change to be in hand until it is answered."""

        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP or scope["method"] in READING:
                await app(scope, receive, send)
                return
            with self.in_hand():
                await app(scope, receive, send)

        return run

    def settled(self, now: datetime) -> datetime:
        """Whatever was begun before that is through."""
        begun = (at for at in self._begun.values() if at > now - LONGEST_REQUEST)
        return min(begun, default=now) - SETTLE


def moments(
    settled: Mapping[str, datetime], known: Mapping[Need, Mark], progress_sources: ProgressSources, clock: Clock
) -> tuple[datetime, ...]:
    """How far the service has come by itself, and with what it follows; empty where it does not know.

    `settled` is real time, by reader.
    """
    wanted = (OWN_REQUESTS, *progress_sources.feedback_readers)
    if any(name not in settled for name in wanted):
        return ()
    alone = clock.at(min(settled[name] for name in wanted))
    followed = [known.get(Need(writer, 1)) for writer in progress_sources.follows]
    heard = [mark.until for mark in followed if mark is not None and mark.until is not None]
    return (alone, min(alone, *heard)) if heard and len(heard) == len(followed) else (alone,)


def reader(service: str, writers: Iterable[str], clock: Clock) -> Reader:
    """Hears how far others have come."""

    async def hear(batch: Sequence[Incoming[Any]], conn: AsyncConnection) -> None:
        furthest: dict[Need, datetime] = {}
        for incoming in batch:
            event = incoming.data
            for hops, until in zip(HOPS, event.until, strict=False):
                need = Need(event.service, hops)
                furthest[need] = max(until, furthest.get(need, until))
        await note_marks(conn, furthest)

    return Reader(
        name=f"{service}.progress",
        group=f"{service}.progress",
        topics=tuple(PROGRESS[writer].name for writer in writers),
        decode=events_of_ours(clock),
        handle=hear,
        deduplicated=False,
        only=frozenset({ProgressNoted}),
    )


async def note_marks(
    conn: AsyncConnection, marks: Mapping[Need, datetime], *, heard_at: datetime | None = None
) -> None:
    """Counts for whatever is read from now on; nothing where the writer was heard to be further before."""
    rows = sorted(marks.items())
    values = {
        "writers": [need.writer for need, _ in rows],
        "hops": [need.hops for need, _ in rows],
        "until": [until for _, until in rows],
    }
    await conn.execute(_RECORD, values | {"heard_at": heard_at or datetime.now(UTC)})


async def known_marks(conn: AsyncConnection, *, read: datetime | None) -> dict[Need, Mark]:
    """`read` is the real moment by which everything that had come was read, of all that the marks speak of."""
    rows = await conn.execute(_KNOWN, {"read": read or datetime.min.replace(tzinfo=UTC)})
    return {Need(row.writer, row.hops): Mark(row.until, row.moved_at) for row in rows}


async def forget_marks(conn: AsyncConnection, *, read: datetime | None) -> None:
    """Those that later ones have made useless."""
    if read is not None:
        await conn.execute(_FORGET, {"read": read})


async def look_at_outbox(conn: AsyncConnection, *, before: int) -> Outbox:
    row = (await conn.execute(_OUTBOX, {"before": before})).one()
    return Outbox(row.oldest, row.own, row.waits)
