"""The outbox and the journal in one table: what a transaction says goes out if, and only if, it commits."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    TextClause,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import TypeEngine

from contracts.events import CaseBound, Event
from contracts.topics import TOPICS
from services.runtime.bulk import arrays
from services.runtime.database import TO_RING, transaction
from services.runtime.ids import new_id
from services.runtime.tables import SHARDS

MAX_VALUE_BYTES: Final = 512 * 1024
"""Refused when the row is written: a record that the broker refuses later would block everything behind it."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One event to say. `copies` are further topics that get the same id and sequence."""

    event: Event
    at: datetime
    copies: tuple[str, ...] = ()
    key: str | None = None
    """For events without a case; events of a case always have the case id as key."""
    event_id: UUID | None = None
    traceparent: str | None = None


class MessageTooLarge(ValueError):
    """The event would not fit into a record."""


class Ticket(NamedTuple):
    """The last sequence of a case, and the transaction id under which its rows are ordered."""

    last: int
    xid: int


# The row lock that the upsert takes serialises the transactions of one case until they commit. A transaction that got
# its id early can come late to that lock: rows are therefore filed under the greatest id that the case has seen, or
# the relay, which reads in (xid, id) order, would send the later event of the case first.
_ALLOCATE = text(
    """
    INSERT INTO case_sequences AS s (case_id, last, xid)
    SELECT k.case_id, k.count, pg_current_xact_id()::text::bigint
    FROM unnest(:case_ids, :counts) AS k (case_id, count)
    ORDER BY k.case_id
    ON CONFLICT (case_id) DO UPDATE
    SET last = s.last + excluded.last, xid = greatest(s.xid, excluded.xid)
    RETURNING case_id, last, xid
    """
).bindparams(bindparam("case_ids", type_=ARRAY(Uuid)), bindparam("counts", type_=ARRAY(Integer)))

_COLUMNS: Final[Mapping[str, TypeEngine[Any]]] = MappingProxyType(
    {
        "event_id": Uuid(),
        "xid": BigInteger(),
        "shard": SmallInteger(),
        "topic": String(),
        "key": String(),
        "case_id": Uuid(),
        "type": String(),
        "sequence": Integer(),
        "at": DateTime(timezone=True),
        "traceparent": String(),
        "value": LargeBinary(),
    }
)


@cache
def _insert(alike: frozenset[str]) -> TextClause:
    """Rows get their ids in the order in which they are given."""
    sent = [name for name in _COLUMNS if name not in alike]
    values = {name: f":{name}" if name in alike else f"m.{name}" for name in _COLUMNS}
    values["xid"] = f"coalesce({values['xid']}, pg_current_xact_id()::text::bigint)"
    return text(
        f"""
        INSERT INTO journal ({", ".join(values)})
        SELECT {", ".join(values.values())}
        FROM unnest({", ".join(f":{name}" for name in sent)}) WITH ORDINALITY AS m ({", ".join(sent)}, place)
        ORDER BY m.place
        """
    ).bindparams(*(bindparam(name, type_=kind if name in alike else ARRAY(kind)) for name, kind in _COLUMNS.items()))


async def add(conn: AsyncConnection, service: str, messages: Sequence[Outgoing]) -> list[int | None]:
    """Write events of `service`, to be sent after the commit. Returns the sequence of each; `None` without a case."""
    if not messages:
        return []
    counts = Counter(message.event.case_id for message in messages if isinstance(message.event, CaseBound))
    tickets = await _allocate(conn, counts)
    sequences: list[int | None] = []
    rows = []
    for message in messages:
        event = message.event
        sequence = xid = None
        if isinstance(event, CaseBound):
            ticket = tickets[event.case_id]
            sequence = ticket.last - counts[event.case_id] + 1
            counts[event.case_id] -= 1
            xid = ticket.xid
        sequences.append(sequence)
        rows.extend(_rows(service, message, sequence, xid))
    alike, values = arrays(tuple(_COLUMNS), rows)
    await conn.execute(_insert(alike), values)
    conn.info.setdefault(TO_RING, set()).add(service)
    return sequences


async def _allocate(conn: AsyncConnection, counts: Counter[UUID]) -> dict[UUID, Ticket]:
    if not counts:
        return {}
    rows = await conn.execute(_ALLOCATE, {"case_ids": list(counts), "counts": list(counts.values())})
    return {case_id: Ticket(last, xid) for case_id, last, xid in rows}


def _rows(service: str, message: Outgoing, sequence: int | None, xid: int | None) -> list[tuple[object, ...]]:
    event = message.event
    value = _encode(event)
    if len(value) > MAX_VALUE_BYTES:
        raise MessageTooLarge(f"{event.TYPE} has {len(value)} bytes, {MAX_VALUE_BYTES} are allowed")
    case_id = event.case_id if isinstance(event, CaseBound) else None
    key = None if case_id is not None else message.key
    event_id = message.event_id or new_id()
    shard = shard_of(case_id.bytes if case_id is not None else (key or "").encode())
    rest = (key, case_id, event.wire_type(), sequence, message.at, message.traceparent, value)
    return [(event_id, xid, shard, topic, *rest) for topic in (home_topic(service, type(event)), *message.copies)]


def shard_of(key: bytes) -> int:
    """The same in every process and on every day, unlike `hash`."""
    return zlib.crc32(key) % SHARDS


@cache
def home_topic(service: str, event: type[Event]) -> str:
    """The topic on which the service says events of this type; the registry knows it."""
    for topic in TOPICS:
        if topic.writer == service and not topic.per_office and event in topic.events:
            return topic.name
    raise LookupError(f"{service} writes no topic with {event.TYPE}")


async def rewind(engine: AsyncEngine, since: date | None = None) -> int:
    """Send again what was recorded since that day, or everything. Returns the number of rows that will go out.

    The new epoch makes a relay that is just sending unable to move the position forward again.
    """
    async with transaction(engine) as conn:
        first = (
            await conn.execute(
                text("SELECT min(xid) AS xid, count(*) AS number FROM journal WHERE recorded_on >= :since").bindparams(
                    bindparam("since", since or date.min, type_=Date)
                )
            )
        ).one()
        await conn.execute(
            text(
                """
                UPDATE relay_shards
                SET position_xid = :xid, position_id = 0, position_on = :since,
                    epoch = epoch + 1, owner = NULL, leased_until = '-infinity'
                """
            ).bindparams(bindparam("since", since or date.min, type_=Date)),
            {"xid": first.xid or 0},
        )
        return int(first.number)


async def adopt(engine: AsyncEngine) -> bool:
    """After a logical restore into another cluster, whose transactions have smaller ids than those in the rows.

    Without this the relay would wait for ids that lie years ahead. Order within a case is kept by the row ids. Returns
    whether there was anything to do.
    """
    async with transaction(engine) as conn:
        ahead = await conn.scalar(
            text(
                """
                SELECT greatest((SELECT max(xid) FROM journal), (SELECT max(xid) FROM case_sequences))
                       >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                """
            )
        )
        if not ahead:
            return False
        await conn.execute(text("SET LOCAL statement_timeout = 0"))
        await conn.execute(text("LOCK TABLE case_sequences, journal, relay_shards IN EXCLUSIVE MODE"))
        # Real transaction ids begin at 3: what was sent becomes 0, what was not becomes 1.
        for statement in (
            """
            UPDATE journal AS j SET xid = ((j.xid, j.id) > (s.position_xid, s.position_id))::int
            FROM relay_shards AS s WHERE s.shard = j.shard
            """,
            "UPDATE case_sequences SET xid = 1",
            """
            UPDATE relay_shards
            SET position_xid = 1, position_id = 0, epoch = epoch + 1, owner = NULL, leased_until = '-infinity'
            """,
        ):
            await conn.execute(text(statement))
    return True
