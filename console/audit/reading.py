"""Reads the audit of all services: every line of a chain for the examination, or rows as somebody asks for them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from console.preparing import SERVICES
from console.verify.reading import database_address, snapshot_transaction
from contracts.events.audit import AuditHeadSigned
from libraries.runtime.audit.chain import COLUMNS, Entry, entry_of
from libraries.runtime.audit.examining import End, Fault, Found, Line, examine

AT_ONCE: Final = 5000
_CHAIN: Final = "SELECT position, hash FROM {service}.audit_chain"
_WAITS: Final = """
    coalesce(l.position IS NULL AND (e.xid, e.id) > (c.xid, c.entry_id) AND e.id > c.floor_id
             AND e.xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint, false)
"""
_LINES: Final = f"""
    SELECT l.position, l.hash, l.entry_id, {_WAITS}, {COLUMNS}
    FROM {{service}}.audit_links AS l FULL JOIN {{service}}.audit_entries AS e ON e.id = l.entry_id
    LEFT JOIN {{service}}.audit_chain AS c ON true
    ORDER BY l.position NULLS LAST, e.xid, e.id
"""
# Of the journal only the days of late are kept; what is there has to be what was put on record when it was said.
_SAID: Final = """
    SELECT e.id, e.event_id FROM {service}.journal AS j JOIN {service}.audit_entries AS e ON e.event_id = j.event_id
    WHERE sha256(j.value) <> e.digest
"""
_ROWS: Final = f"""
    SELECT l.position, l.hash, {COLUMNS}
    FROM {{service}}.audit_entries AS e LEFT JOIN {{service}}.audit_links AS l ON l.entry_id = e.id
    WHERE ($1::uuid IS NULL OR e.case_id = $1) AND ($2::text IS NULL OR e.subject = $2)
      AND ($3::text IS NULL OR e.kind = $3) AND ($4::timestamptz IS NULL OR e.at >= $4)
      AND ($5::timestamptz IS NULL OR e.at < $5)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows; of what is not named all."""

    services: Sequence[str]
    case_id: UUID | None = None
    subject: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the audit as it is told. `position` and `hash` are empty until it is chained."""

    service: str
    position: int | None
    id: int
    xid: int
    at: datetime
    kind: str
    what: str
    subject: str
    role: str
    office: str | None
    case_id: UUID | None
    about: str
    purpose: str
    event_id: UUID | None
    digest: str | None
    hash: str | None


async def examine_all(
    database_url: str, services: Sequence[str], heads: Sequence[AuditHeadSigned], public: str | None
) -> list[Found]:
    """`heads` were read before: one that is signed meanwhile would speak of what this look does not see."""
    async with _looking(database_url) as conn:
        return [await _examine(conn, service, heads, public) for service in services]


async def _examine(
    conn: asyncpg.Connection, service: str, heads: Sequence[AuditHeadSigned], public: str | None
) -> Found:
    chain = await conn.fetchrow(_CHAIN.format(service=service))
    end = End(chain["position"], bytes(chain["hash"])) if chain is not None else End(0, b"")
    work = examine(service, end, heads, public)
    async for row in conn.cursor(_LINES.format(service=service), prefetch=AT_ONCE):
        position, hashed, linked_id, waits, *values = row
        entry = entry_of(values) if values[0] is not None else None
        work.look(Line(position, hashed, linked_id, entry, waits=waits))
    found = work.ends()
    if service in SERVICES:
        for row in await conn.fetch(_SAID.format(service=service)):
            detail = f"the event {row['event_id']} in the journal is not the one that was put on record"
            found.faults.append(Fault(code="event_altered", service=service, entry=row["id"], detail=detail))
    return found


async def rows_of(database_url: str, asked: Asked, *, latest: int | None = None) -> AsyncIterator[Row]:
    """Service by service in the order of the chain, then what is not chained; or so many of the latest first."""
    order = f"ORDER BY e.id DESC LIMIT {latest}" if latest else "ORDER BY l.position NULLS LAST, e.xid, e.id"
    given = (asked.case_id, asked.subject, asked.kind, asked.since, asked.until)
    async with _looking(database_url) as conn:
        for service in asked.services:
            async for row in conn.cursor(f"{_ROWS.format(service=service)} {order}", *given, prefetch=AT_ONCE):
                position, hashed, *values = row
                yield _told(service, position, hashed, entry_of(values))


def _told(service: str, position: int | None, hashed: bytes | None, entry: Entry) -> Row:
    values: dict[str, Any] = entry._asdict() | {"digest": entry.digest.hex() if entry.digest is not None else None}
    return Row(service=service, position=position, hash=hashed.hex() if hashed is not None else None, **values)


@asynccontextmanager
async def _looking(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One snapshot of all services."""
    conn = await asyncpg.connect(database_address(database_url), timeout=10)
    try:
        async with snapshot_transaction(conn):
            yield conn
    finally:
        await conn.close()
