"""The outbox and the journal in one table: what a transaction says goes out if, and only if, it commits."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
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
from contracts.topics import AUDIT_HEADS, TOPICS
from contracts.tracing import Trace
from libraries.ids import new_id
from libraries.runtime.audit.doers import Doer, doer
from libraries.runtime.audit.writing import note_change
from libraries.runtime.database.bulk import arrays
from libraries.runtime.database.engine import TO_WAKE, transaction
from libraries.runtime.database.tables import SHARDS
from libraries.runtime.tracing import current, step

MAX_VALUE_BYTES: Final = 512 * 1024
"""Refused when the row is written: a record that the broker refuses later would block everything behind it."""

_encode = msgspec.json.Encoder().encode


class Outgoing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event to say. `copies` are further topics that get the same id and sequence."""

    event: Event
    at: datetime
    copies: tuple[str, ...] = ()
    key: str | None = None
    """For events without a case; events of a case always have the case id as key."""
    topic: str | None = None
    """Instead of the writer's own topic, where it is for one reader alone."""
    event_id: UUID | None = None
    trace: Trace | None = None
    """Of what caused it; else of the request at hand, else a new one for all that is said of its case together."""
    doer: Doer | None = None


class MessageTooLarge(ValueError):
    """The event would not fit into a record."""


_COLUMNS: Final[Mapping[str, TypeEngine[Any]]] = MappingProxyType(
    {
        "event_id": Uuid(),
        "shard": SmallInteger(),
        "topic": String(),
        "key": String(),
        "case_id": Uuid(),
        "type": String(),
        "behind": Integer(),
        "at": DateTime(timezone=True),
        "traceparent": String(),
        "value": LargeBinary(),
        "audited": Boolean(),
        "by_subject": String(),
        "by_role": String(),
        "by_office": String(),
    }
)
"""What is sent to the database; `behind` is how many events of the same case follow in the same call."""


# The row lock that the upsert takes serialises the transactions of one case until they commit. A transaction that got
# its id early can come late to that lock: rows are therefore filed under the greatest id that the case has seen, or
# the relay, which reads in (xid, id) order, would send the later event of the case first.
@cache
def _insert(constant: frozenset[str]) -> TextClause:
    """Rows get their ids in the order in which they are given."""
    sent = [name for name in _COLUMNS if name not in constant]
    value = {name: f":{name}" if name in constant else f"m.{name}" for name in _COLUMNS}
    return text(
        f"""
        WITH m AS MATERIALIZED (
            SELECT * FROM unnest({", ".join(f":{name}" for name in sent)})
            WITH ORDINALITY AS m ({", ".join(sent)}, place)
        ), tickets AS (
            INSERT INTO case_sequences AS s (case_id, last, xid)
            SELECT {value["case_id"]}, max({value["behind"]}) + 1, pg_current_xact_id()::text::bigint
            FROM m WHERE {value["case_id"]} IS NOT NULL GROUP BY 1 ORDER BY 1
            ON CONFLICT (case_id) DO UPDATE
            SET last = s.last + excluded.last, xid = greatest(s.xid, excluded.xid)
            RETURNING case_id, last, xid
        ), audit AS (
            INSERT INTO audit_entries (kind, what, subject, role, office, case_id, event_id, digest)
            SELECT 'change', {value["type"]}, {value["by_subject"]}, {value["by_role"]}, {value["by_office"]},
                   {value["case_id"]}, {value["event_id"]}, sha256({value["value"]})
            FROM m WHERE {value["audited"]} ORDER BY m.place
        )
        INSERT INTO journal (event_id, xid, shard, topic, key, case_id, type, sequence, at, traceparent, value)
        SELECT {value["event_id"]}, coalesce(t.xid, pg_current_xact_id()::text::bigint), {value["shard"]},
               {value["topic"]}, {value["key"]}, {value["case_id"]}, {value["type"]}, t.last - {value["behind"]},
               {value["at"]}, {value["traceparent"]}, {value["value"]}
        FROM m LEFT JOIN tickets AS t ON t.case_id = {value["case_id"]}
        ORDER BY m.place
        """
    ).bindparams(*(bindparam(name, type_=kind if name in constant else ARRAY(kind)) for name, kind in _COLUMNS.items()))


async def add(conn: AsyncConnection, service: str, messages: Sequence[Outgoing]) -> None:
    """Write events of `service`, to be sent after the commit; those of a case get its next numbers.

    Each is put on record with who did it, else with whoever is at work: once, whatever copies of it go out.
    """
    if not messages:
        return
    left = Counter(message.event.case_id for message in messages if isinstance(message.event, CaseBound))
    once = len(left) == len(messages)
    traces = _Traces()
    rows: list[tuple[object, ...]] = []
    for message in messages:
        event = message.event
        case_id = event.case_id if isinstance(event, CaseBound) else None
        behind = 0
        if case_id is not None and not once:
            behind = left[case_id] = left[case_id] - 1
        rows.extend(_rows(service, message, case_id, behind, str(message.trace or traces.of(case_id))))
    constant, values = arrays(tuple(_COLUMNS), rows)
    await conn.execute(_insert(constant), values)
    conn.info.setdefault(TO_WAKE, set()).add(service)


class _Traces:
    """Where nothing is known of a cause."""

    def __init__(self) -> None:
        self._begun: dict[UUID | None, Trace] = {}

    def of(self, case_id: UUID | None) -> Trace:
        found = current() or self._begun.get(case_id)
        if found is None:
            found = self._begun[case_id] = step()
        return found


def _rows(
    service: str, message: Outgoing, case_id: UUID | None, behind: int, traceparent: str
) -> list[tuple[object, ...]]:
    event = message.event
    value = _encode(event)
    if len(value) > MAX_VALUE_BYTES:
        raise MessageTooLarge(f"{event.TYPE} has {len(value)} bytes, {MAX_VALUE_BYTES} are allowed")
    event_id = message.event_id or new_id()
    key = None if case_id is not None else message.key
    shard = shard_of(case_id.bytes if case_id is not None else (key or "").encode())
    rest = (key, case_id, event.wire_type(), behind, message.at, traceparent, value)
    home = message.topic or home_topic(service, type(event))
    audited = home != AUDIT_HEADS.name
    by = message.doer or doer()
    who = (by.subject, by.role, by.office)
    return [
        (event_id, shard, home, *rest, audited, *who),
        *((event_id, shard, topic, *rest, False, *who) for topic in message.copies),
    ]


def shard_of(key: bytes) -> int:
    """The same in every process and on every day, unlike `hash`."""
    return zlib.crc32(key) % SHARDS


@cache
def home_topic(service: str, event: type[Event]) -> str:
    """The topic on which the service says events of this type; the registry knows it."""
    for topic in TOPICS:
        if topic.writer == service and topic.shared and event in topic.events:
            return topic.name
    raise LookupError(f"{service} writes no topic with {event.TYPE}")


async def replay_from(engine: AsyncEngine, since: date | None = None) -> int:
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
        await note_change(conn, "journal.replayed", about=since or "")
        return int(first.number)


async def rebase_after_restore(engine: AsyncEngine) -> bool:
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
