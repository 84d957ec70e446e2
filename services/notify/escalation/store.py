"""SQL of escalations: the open connection first, domain values out. Callers own the transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import astuple
from sqlalchemy import DateTime, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import ClockKind, SupervisionLevel
from libraries.runtime.database.bulk import insert_rows, update_rows
from services.notify.domain.escalation import Escalation
from services.notify.tables import escalations

COLUMNS: Final = Escalation.__struct_fields__
_NOTIFIED: Final = COLUMNS.index("notified")
_REPLACED: Final = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
_FOUND: Final = f"SELECT json_agg(json_build_array({', '.join(f's.{name}' for name in COLUMNS)}))::text"
_CLAIM: Final = text(
    f"""
    {_FOUND} FROM (
        SELECT * FROM escalations WHERE next_at <= :now ORDER BY next_at LIMIT :batch_size FOR UPDATE SKIP LOCKED
    ) AS s
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)))
_LOCK: Final = text(
    f"""
    {_FOUND} FROM (
        SELECT * FROM escalations WHERE clock_id = ANY(:ids) ORDER BY clock_id FOR UPDATE
    ) AS s
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_DECIDERS: Final = text(
    "SELECT referral_id, office FROM timers WHERE referral_id = ANY(:ids) AND kind = :kind AND ended_at IS NULL"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
# Whoever is open behind its end is late; the index of open clocks has them in this order.
_OVERDUE: Final = text(
    """
    SELECT w.clock_id, w.due_at, w.kind, CASE WHEN s.ended_at IS NULL THEN s.level END AS level,
           w.status = 'breached' AND (
               s.clock_id IS NULL OR s.ended_at IS NOT NULL OR s.paused_at IS NULL AND s.next_at IS NULL
               OR s.next_level = 'reminded'
           ) AS has_no_next_level
    FROM (
        SELECT clock_id, due_at, kind, status FROM timers
        WHERE ended_at IS NULL AND due_at IS NOT NULL AND due_at <= :now
          AND (due_at, clock_id) > (:after_due, :after_id)
        ORDER BY due_at, clock_id LIMIT :batch_size
    ) AS w
    LEFT JOIN escalations AS s ON s.clock_id = w.clock_id
    ORDER BY w.due_at, w.clock_id
    """
).bindparams(
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("after_due", type_=DateTime(timezone=True)),
    bindparam("after_id", type_=Uuid),
)
_UNSETTLED: Final = text(
    "SELECT clock_id FROM timers WHERE clock_id = ANY(:ids) AND provisional AND ended_at IS NULL"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_TRACES: Final = text("SELECT clock_id, traceparent FROM timers WHERE clock_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)
_read: Final = msgspec.json.Decoder(list[Escalation]).decode


async def lock_escalations(conn: AsyncConnection, clock_ids: Iterable[UUID]) -> dict[UUID, Escalation]:
    wanted = list(set(clock_ids))
    if not wanted:
        return {}
    found = await conn.scalar(_LOCK, {"ids": wanted})
    return {one.clock_id: one for one in _escalations(found)}


async def claim_escalations(conn: AsyncConnection, *, now: datetime, batch_size: int) -> list[Escalation]:
    """Those whose next level has come, the longest due first, each locked by this transaction alone."""
    return _escalations(await conn.scalar(_CLAIM, {"now": now, "batch_size": batch_size}))


async def list_deciders(conn: AsyncConnection, referral_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Who has to decide on the return of these referrals, where one was asked for and is not decided."""
    wanted = list(set(referral_ids))
    if not wanted:
        return {}
    found = await conn.execute(_DECIDERS, {"ids": wanted, "kind": ClockKind.RETURN_DECISION.value})
    return {row.referral_id: row.office for row in found}


class OverdueClock(NamedTuple):
    """A clock that is open behind its end."""

    clock_id: UUID
    due_at: datetime
    kind: ClockKind
    level: SupervisionLevel
    has_no_next_level: bool
    """Its breach was sent, and no level will come."""


async def list_overdue(
    conn: AsyncConnection, *, after: tuple[datetime, UUID], now: datetime, batch_size: int
) -> list[OverdueClock]:
    """The longest late first, behind a place. Locks nothing."""
    values = {"after_due": after[0], "after_id": after[1], "now": now, "batch_size": batch_size}
    found = await conn.execute(_OVERDUE, values)
    return [
        OverdueClock(
            row.clock_id, row.due_at, ClockKind(row.kind), SupervisionLevel(row.level or "none"), row.has_no_next_level
        )
        for row in found
    ]


async def list_unsettled(conn: AsyncConnection, escalated: Iterable[Escalation]) -> set[UUID]:
    """Clocks whose end a notice of holidays may still move."""
    ids = [one.clock_id for one in escalated]
    return set(await conn.scalars(_UNSETTLED, {"ids": ids})) if ids else set()


async def list_traces(conn: AsyncConnection, escalated: Iterable[Escalation]) -> dict[UUID, str | None]:
    """By clock, the trace in which it began."""
    ids = [one.clock_id for one in escalated]
    if not ids:
        return {}
    return {row.clock_id: row.traceparent for row in await conn.execute(_TRACES, {"ids": ids})}


async def add_escalations(conn: AsyncConnection, started: Iterable[Escalation]) -> None:
    """Of clocks that have none. The caller holds their timers, so nobody else begins them meanwhile."""
    await insert_rows(conn, escalations, COLUMNS, [_row(one) for one in started])


async def save_escalations(conn: AsyncConnection, started: Iterable[Escalation]) -> None:
    """New ones, and those that a later version of their clock begins again."""
    rows = [_row(one) for one in started]
    await insert_rows(conn, escalations, COLUMNS, rows, then=f"ON CONFLICT (clock_id) DO UPDATE SET {_REPLACED}")


async def change_escalations(conn: AsyncConnection, changed: Iterable[Escalation]) -> None:
    await update_rows(conn, escalations, COLUMNS, [_row(one) for one in changed])


def _row(one: Escalation) -> list[Any]:
    values = list(astuple(one))
    values[_NOTIFIED] = msgspec.json.encode(one.notified).decode()
    return values


def _escalations(found: str | None) -> list[Escalation]:
    return _read(found) if found is not None else []
