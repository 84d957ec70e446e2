"""Records that could not be handled wait here, per ordering key and in order, until somebody replays or drops them.

What a record held is sealed under a key of its own, and whoever opens it stands on record.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.personal import is_personal
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import FailureClass, classify, explain
from libraries.runtime.kafka.bounds import LARGEST_REST, LARGEST_VALUE, Excerpt, cut
from libraries.runtime.kafka.deduplication import NewDeadLetter
from libraries.runtime.kafka.records import Arrival, Incoming, Reader, Record

TEXT_LENGTH: Final = 500
PAGE: Final = 100
PARKED: Final = "parked"
DROPPED: Final = "dropped"
PERSONAL: Final = "(personal)"

log = structlog.get_logger()


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter as people and programs see it. Without its content, which may be personal."""

    id: int
    reader: str
    ordering_key: str | None
    code: str
    detail: str
    facts: dict[str, Any]
    state: str
    event_id: str | None
    writer: str | None
    case_id: UUID | None
    sequence: int | None
    topic: str
    partition: int
    offset: int
    timestamp: datetime
    parked_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    settled_because: str | None
    behind: int
    """How many wait behind it with its ordering key."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed."""

    key: bytes | None = None
    value: bytes | None = None
    headers: list[tuple[str, bytes | None]] = []


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """One time that somebody opened it."""

    at: datetime
    by: str


class UnsealedDeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it, for who has to find out what happened. Bytes are base64."""

    parked: DeadLetter
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    opened: list[Opened]
    """The latest last."""


class DeadLetterFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the dead letters somebody means; what is not given is everything."""

    reader: str | None = None
    code: str | None = None
    case_id: UUID | None = None
    topic: str | None = None
    before: datetime | None = None
    """Parked before this moment."""

    @property
    def condition(self) -> str:
        """What follows AND; names are our own, values are bound."""
        equal = [name for name in ("reader", "code", "case_id", "topic") if getattr(self, name) is not None]
        early = " AND p.parked_at < :before" if self.before is not None else ""
        return "".join(f" AND p.{name} = :{name}" for name in equal) + early

    @property
    def values(self) -> dict[str, object]:
        return msgspec.structs.asdict(self)


EVERYTHING: Final = DeadLetterFilters()


class NoSuchDeadLetter(LookupError):
    """None with this id waits here."""


_WAITING = text(
    "SELECT DISTINCT lane FROM parked_records WHERE reader = :reader AND state = 'parked' AND lane = ANY(:keys)"
).bindparams(bindparam("keys", type_=ARRAY(String)))

_ANY = text("SELECT EXISTS (SELECT FROM parked_records WHERE reader = :reader AND state = 'parked')")

# Sorted, so that two consumers that park with the same keys cannot block each other.
_LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(k.lane, hashtext(:reader)))
    FROM (SELECT lane FROM unnest(:keys) AS k (lane) ORDER BY lane) AS k
    """
).bindparams(bindparam("keys", type_=ARRAY(String)))

# A record that comes again after its offset could not be committed is parked already, or was settled since.
_PARK = text(
    """
    INSERT INTO parked_records (reader, lane, code, detail, facts, event_id, writer, case_id, sequence,
                                topic, partition, "offset", timestamp, came_at, wrapped_key, content)
    VALUES (:reader, :lane, :code, :detail, CAST(:facts AS jsonb), :event_id, :writer, :case_id, :sequence,
            :topic, :partition, :offset, :timestamp, :came_at, :wrapped_key, :content)
    ON CONFLICT DO NOTHING
    """
)

_OPENED: Final = text("INSERT INTO parked_reads (parked_id, read_by) VALUES (:id, :by)")
_READS: Final = text("SELECT read_at, read_by FROM parked_reads WHERE parked_id = :id ORDER BY id")
_KEY: Final = "ordering_key"
_BEHIND: Final = "behind"
_COLUMNS: Final = (
    ", ".join(f'p."{name}"' for name in DeadLetter.__struct_fields__ if name not in (_KEY, _BEHIND))
    + f""", p.lane AS {_KEY}, (
        SELECT count(*) FROM parked_records AS b
        WHERE p.state = 'parked' AND b.state = 'parked' AND b.reader = p.reader AND b.lane = p.lane AND b.id > p.id
    ) AS {_BEHIND}"""
)


async def blocked_keys(conn: AsyncConnection, reader: str, arrivals: Iterable[Arrival]) -> set[str]:
    """Of the ordering keys of these records. Nearly always nothing waits at all, and none has to be made."""
    if not await conn.scalar(_ANY, {"reader": reader}):
        return set()
    keys = {key for arrival in arrivals if (key := arrival.ordering_key) is not None}
    return set(await conn.scalars(_WAITING, {"reader": reader, "keys": list(keys)}))


async def lock_keys(conn: AsyncConnection, reader: str, keys: Iterable[str]) -> None:
    """Until the commit nobody else parks, replays or drops with these ordering keys."""
    await conn.execute(_LOCK, {"reader": reader, "keys": sorted(keys)})


async def add(
    conn: AsyncConnection, reader: Reader, dead_letters: Sequence[NewDeadLetter], sealer: Sealer, **facts: object
) -> None:
    """Write the records down with everything that came with them."""
    if dead_letters:
        await conn.execute(_PARK, [_row(reader.name, item, sealer, facts) for item in dead_letters])
        await notify_reader(conn, reader, [item.arrival for item in dead_letters], PARKED)


async def notify_reader(conn: AsyncConnection, reader: Reader, arrivals: Sequence[Arrival], outcome: str) -> None:
    """Let the service say what became of records that it could read. Whatever fails, they stay dead letters."""
    known = [arrival for arrival in arrivals if isinstance(arrival, Incoming)]
    if reader.on_dead_letters is None or not known:
        return
    try:
        async with conn.begin_nested():
            await reader.on_dead_letters(known, outcome, conn)
    except Exception as error:
        if classify(error) is FailureClass.INFRASTRUCTURE:
            raise
        log.warning("nobody could be told of dead letters", handler=reader.name, error=explain(error))


async def list_dead_letters(
    engine: AsyncEngine,
    filters: DeadLetterFilters = EVERYTHING,
    *,
    state: str | None = PARKED,
    after: int = 0,
    limit: int = PAGE,
) -> list[DeadLetter]:
    """In the order of their arrival; `after` is the last id of the page before. A state of `None` is every state."""
    stands = "" if state is None else " AND p.state = :state"
    statement = text(
        f"SELECT {_COLUMNS} FROM parked_records AS p"
        f" WHERE p.id > :after{stands}{filters.condition} ORDER BY p.id LIMIT :limit"
    )
    async with transaction(engine) as conn:
        rows = await conn.execute(statement, filters.values | {"state": state, "after": after, "limit": limit})
        return [_dead_letter(row) for row in rows]


async def list_heads(engine: AsyncEngine, filters: DeadLetterFilters = EVERYTHING) -> list[int]:
    """One of each ordering key that has one like this; a record without a key stands for itself."""
    statement = text(
        f"""
        SELECT min(p.id) FROM parked_records AS p WHERE p.state = 'parked'{filters.condition}
        GROUP BY p.reader, p.lane, CASE WHEN p.lane IS NULL THEN p.id END
        ORDER BY min(p.id)
        """
    )
    async with transaction(engine) as conn:
        return list(await conn.scalars(statement, filters.values))


async def count_selected(engine: AsyncEngine, filters: DeadLetterFilters) -> dict[tuple[str, str], int]:
    """How many wait, by reader and code."""
    statement = text(
        f"""
        SELECT p.reader, p.code, count(*) AS number FROM parked_records AS p
        WHERE p.state = 'parked'{filters.condition} GROUP BY p.reader, p.code ORDER BY p.reader, p.code
        """
    )
    async with transaction(engine) as conn:
        return {(row.reader, row.code): row.number for row in await conn.execute(statement, filters.values)}


async def count_dead_letters(conn: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many wait, by reader and code; those that only wait behind another one are not counted as a reason."""
    rows = await conn.execute(
        text("SELECT reader, code, count(*) FROM parked_records WHERE state = 'parked' GROUP BY reader, code")
    )
    return {(reader, code): number for reader, code, number in rows}


async def find_dead_letter(engine: AsyncEngine, dead_letter_id: int) -> DeadLetter:
    """Without its content. Raises `NoSuchDeadLetter`."""
    async with transaction(engine) as conn:
        row = await _find(conn, dead_letter_id, _COLUMNS)
    return _dead_letter(row)


async def show(engine: AsyncEngine, dead_letter_id: int, sealer: Sealer, *, by: str) -> UnsealedDeadLetter:
    """The whole record; that it was opened is on record before anybody sees it. Raises `NoSuchDeadLetter`."""
    async with transaction(engine) as conn:
        row = await _find(conn, dead_letter_id, f"{_COLUMNS}, came_at, wrapped_key, content")
        await note_read(conn, "parked", case_id=row.case_id, about=dead_letter_id)
        await conn.execute(_OPENED, {"id": dead_letter_id, "by": by})
        opened = [Opened(at=one.read_at, by=one.read_by) for one in await conn.execute(_READS, {"id": dead_letter_id})]
    record = record_of(row, sealer)
    return UnsealedDeadLetter(
        parked=_dead_letter(row), key=record.key, value=record.value, headers=list(record.raw_headers), opened=opened
    )


async def _find(conn: AsyncConnection, dead_letter_id: int, columns: str) -> Row[Any]:
    found = await conn.execute(
        text(f"SELECT {columns} FROM parked_records AS p WHERE p.id = :id"), {"id": dead_letter_id}
    )
    row = found.one_or_none()
    if row is None:
        raise NoSuchDeadLetter(dead_letter_id)
    return row


def record_of(row: Row[Any], sealer: Sealer) -> Record:
    """The record as it came; empty where its content was erased."""
    content = Content()
    if row.content:
        opened = sealer.open(row.wrapped_key, row.content, _context(row.topic, row.partition, row.offset))
        content = msgspec.msgpack.decode(opened, type=Content)
    raw = tuple(content.headers)
    return Record(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        timestamp=row.timestamp,
        judged=row.came_at,
        key=content.key,
        value=content.value,
        headers={name: value for name, value in raw if value is not None},
        raw_headers=raw,
    )


def _context(topic: str, partition: int, offset: int) -> str:
    return f"parked/{topic}/{partition}/{offset}"


def _dead_letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(**{name: getattr(row, name) for name in DeadLetter.__struct_fields__})


def _row(reader: str, item: NewDeadLetter, sealer: Sealer, facts: dict[str, object]) -> dict[str, object]:
    arrival: Arrival = item.arrival
    record, left = _kept(arrival.record)
    told, wrapped = {**facts, **left}, sealer.new_data_key()
    headers = [(_clean(name), value) for name, value in record.raw_headers]
    # An excerpt is a kind of bytes of its own, which no encoder takes.
    key, value = (bytes(part) if part is not None else None for part in (record.key, record.value))
    content = msgspec.msgpack.encode(Content(key=key, value=value, headers=headers))
    return {
        "reader": reader,
        "lane": arrival.ordering_key,
        "code": _clean(item.code),
        "detail": _clean(item.detail),
        "facts": msgspec.json.encode({name: impersonal(str(value)) for name, value in told.items()}).decode(),
        "event_id": None if arrival.event_id is None else impersonal(arrival.event_id),
        "writer": None if arrival.writer is None else _clean(arrival.writer),
        "case_id": arrival.case_id,
        "sequence": arrival.sequence,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "came_at": record.came_at,
        "wrapped_key": wrapped,
        "content": sealer.seal(wrapped, content, _context(record.topic, record.partition, record.offset)),
    }


def _kept(record: Record) -> tuple[Record, dict[str, object]]:
    """What is stored of it, and what is said of the rest: nobody fills our database with what nobody can read."""
    value, key = cut(record.value, largest=LARGEST_VALUE), cut(record.key, largest=LARGEST_REST)
    left: dict[str, object] = {}
    for name, part in (("value", value), ("key", key)):
        if isinstance(part, Excerpt):
            left |= {f"{name}_bytes": part.size, f"{name}_sha256": part.digest}
    headers = record.raw_headers
    size = sum(len(name) + len(content or b"") for name, content in headers)
    if size > LARGEST_REST:
        left["headers_bytes"], headers = size, ()
    return msgspec.structs.replace(record, value=value, key=key, raw_headers=headers), left


def is_whole(row: Row[Any]) -> bool:
    """Whether everything of it was kept; else it cannot be handled."""
    return row.content is not None and not any(
        name in row.facts for name in ("value_bytes", "key_bytes", "headers_bytes")
    )


def impersonal(value: str) -> str:
    """As it may be listed and logged: what an outsider chose may be a person's number."""
    return PERSONAL if is_personal(value) else _clean(value)


def _clean(value: str) -> str:
    """PostgreSQL takes neither NUL nor lone surrogates; a partner may send both."""
    return value.replace("\x00", "�").encode("utf-8", "replace").decode()[:TEXT_LENGTH]
