"""What the events of a batch make owed, written in the transaction that takes them in."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import SmallInteger, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.events import CaseBound
from libraries.runtime.database.engine import transaction
from libraries.runtime.database.tables import SHARDS
from libraries.runtime.kafka.records import Incoming
from libraries.runtime.outbox.journal import Outgoing
from services.notify.delivery import store, unplaced
from services.notify.delivery.said import Said, structured
from services.notify.delivery.store import Owed
from services.notify.delivery.subscriptions import list_listening
from services.notify.domain.subscriptions import CaseFacts, Listener, Places, hears, knows_attributes

WRITER: Final = "notify"
WAITS: Final = timedelta(days=7)
UNKNOWN: Final = CaseFacts(area="", category="", field="")
_CASES: Final = text("SELECT case_id, area, category, field, source FROM cases WHERE case_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)
# Rows of this transaction are filed under its id or a greater one, so few others are looked at.
_SAID: Final = text(
    """
    SELECT event_id, sequence FROM journal
    WHERE shard = ANY(:shards) AND xid >= pg_current_xact_id()::text::bigint AND recorded_on >= CURRENT_DATE
      AND event_id = ANY(:ids)
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("shards", type_=ARRAY(SmallInteger)))


async def record_incoming(conn: AsyncConnection, batch: Sequence[Incoming[CaseBound]], places: Places) -> None:
    """Of what others have said. The caller has saved the cases that the batch tells of."""
    listeners = await list_listening(conn)
    if not listeners:
        return
    await _record_or_wait(conn, listeners, [Said.of(one) for one in batch], places)


async def record_waiting(engine: AsyncEngine, places: Places) -> None:
    """Events that came before their case was known, which it is now; what waited in vain is forgotten."""
    async with transaction(engine) as conn:
        waited = await unplaced.take_placed(conn)
        if waited:
            await record(conn, await list_listening(conn), waited, places)
        await unplaced.forget(conn, before=datetime.now(UTC) - WAITS)


async def record_outgoing(conn: AsyncConnection, messages: Sequence[Outgoing], places: Places) -> None:
    """Of what this service itself says. The caller has added it to the journal."""
    listeners = await list_listening(conn) if messages else []
    if not listeners:
        return
    ids = [one.event_id for one in messages]
    found = await conn.execute(_SAID, {"ids": ids, "shards": list(range(SHARDS))})
    sequences = {row.event_id: row.sequence for row in found}
    said = [
        Said(
            event=one.event,
            event_id=one.event_id,
            writer=WRITER,
            sequence=sequences.get(one.event_id),
            at=one.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            traceparent=str(one.trace) if one.trace is not None else None,
            value=msgspec.json.encode(one.event),
        )
        for one in messages
        if isinstance(one.event, CaseBound) and one.event_id is not None
    ]
    await _record_or_wait(conn, listeners, said, places)


async def _record_or_wait(
    conn: AsyncConnection, listeners: Sequence[Listener], said: Sequence[Said], places: Places
) -> None:
    """What waited for its case goes before what is said of that case now."""
    known = await list_case_facts(conn, {one.event.case_id for one in said})
    placed = {case_id for case_id, facts in known.items() if facts.source is not None}
    waited = await unplaced.take(conn, placed)
    await unplaced.put(conn, [one for one in said if one.event.case_id not in placed], now=datetime.now(UTC))
    await record(conn, listeners, [*waited, *(one for one in said if one.event.case_id in placed)], places)


async def record(
    conn: AsyncConnection,
    listeners: Iterable[Listener],
    said: Sequence[Said],
    places: Places,
    *,
    repeated: bool = False,
    catching_up: bool = False,
) -> int:
    """Returns how many deliveries were added."""
    known = await list_case_facts(conn, {one.event.case_id for one in said})
    hearing = [(listener, knows_attributes(listener.holder)) for listener in listeners]
    owed: list[Owed] = []
    for one in said:
        case_id, bodies = one.event.case_id, dict[bool, bytes]()
        for listener, attributes in hearing:
            if not hears(listener, one.event, known.get(case_id, UNKNOWN), places):
                continue
            if attributes not in bodies:
                bodies[attributes] = structured(one, attributes=attributes)
            owed.append(Owed(listener.id, one.event_id, case_id, one.event.TYPE, repeated, bodies[attributes]))
    return await store.add_deliveries(conn, owed, now=datetime.now(UTC), catching_up=catching_up)


async def list_case_facts(conn: AsyncConnection, case_ids: Iterable[UUID]) -> dict[UUID, CaseFacts]:
    found = await conn.execute(_CASES, {"ids": list(case_ids)})
    return {
        row.case_id: CaseFacts(area=row.area, category=row.category, field=row.field, source=row.source)
        for row in found
    }
