"""SQL of supervisions: the open connection first, domain values out. Callers own the transaction."""

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
from services.notify.domain.escalation import Supervision
from services.notify.tables import supervisions

COLUMNS: Final = Supervision.__struct_fields__
_TOLD_AT: Final = COLUMNS.index("told")
_RENEWED: Final = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
_FOUND: Final = f"SELECT json_agg(json_build_array({', '.join(f's.{name}' for name in COLUMNS)}))::text"
_CLAIM: Final = text(
    f"""
    {_FOUND} FROM (
        SELECT * FROM supervisions WHERE next_at <= :now ORDER BY next_at LIMIT :portion FOR UPDATE SKIP LOCKED
    ) AS s
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)))
_LOCK: Final = text(
    f"""
    {_FOUND} FROM (
        SELECT * FROM supervisions WHERE clock_id = ANY(:ids) ORDER BY clock_id FOR UPDATE
    ) AS s
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_DECIDERS: Final = text(
    "SELECT referral_id, office FROM watches WHERE referral_id = ANY(:ids) AND kind = :kind AND ended_at IS NULL"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
# Whoever is open behind its end is late; the index of open clocks has them in this order.
_LATE: Final = text(
    """
    SELECT w.clock_id, w.due_at, w.kind, CASE WHEN s.ended_at IS NULL THEN s.level END AS level,
           w.status = 'breached' AND (
               s.clock_id IS NULL OR s.ended_at IS NOT NULL OR s.paused_at IS NULL AND s.next_at IS NULL
               OR s.next_level = 'reminded'
           ) AS waits_for_nothing
    FROM (
        SELECT clock_id, due_at, kind, status FROM watches
        WHERE ended_at IS NULL AND due_at IS NOT NULL AND due_at <= :now
          AND (due_at, clock_id) > (:after_due, :after_id)
        ORDER BY due_at, clock_id LIMIT :portion
    ) AS w
    LEFT JOIN supervisions AS s ON s.clock_id = w.clock_id
    ORDER BY w.due_at, w.clock_id
    """
).bindparams(
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("after_due", type_=DateTime(timezone=True)),
    bindparam("after_id", type_=Uuid),
)
_UNSETTLED: Final = text(
    "SELECT clock_id FROM watches WHERE clock_id = ANY(:ids) AND provisional AND ended_at IS NULL"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_read: Final = msgspec.json.Decoder(list[Supervision]).decode


async def lock_supervisions(conn: AsyncConnection, clock_ids: Iterable[UUID]) -> dict[UUID, Supervision]:
    wanted = list(set(clock_ids))
    if not wanted:
        return {}
    found = await conn.scalar(_LOCK, {"ids": wanted})
    return {one.clock_id: one for one in _supervisions(found)}


async def claim_supervisions(conn: AsyncConnection, *, now: datetime, portion: int) -> list[Supervision]:
    """Those whose next rung has come, the longest due first, each held by this transaction alone."""
    return _supervisions(await conn.scalar(_CLAIM, {"now": now, "portion": portion}))


async def list_deciders(conn: AsyncConnection, referral_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Who has to decide on the return of these referrals, where one was asked for and is not decided."""
    wanted = list(set(referral_ids))
    if not wanted:
        return {}
    found = await conn.execute(_DECIDERS, {"ids": wanted, "kind": ClockKind.RETURN_DECISION.value})
    return {row.referral_id: row.office for row in found}


class Late(NamedTuple):
    """A clock that is open behind its end."""

    clock_id: UUID
    due_at: datetime
    kind: ClockKind
    level: SupervisionLevel
    waits_for_nothing: bool
    """Its breach was said, and no rung will come."""


async def list_late(conn: AsyncConnection, *, after: tuple[datetime, UUID], now: datetime, portion: int) -> list[Late]:
    """The longest late first, behind a place. Locks nothing."""
    values = {"after_due": after[0], "after_id": after[1], "now": now, "portion": portion}
    found = await conn.execute(_LATE, values)
    return [
        Late(
            row.clock_id, row.due_at, ClockKind(row.kind), SupervisionLevel(row.level or "none"), row.waits_for_nothing
        )
        for row in found
    ]


async def list_unsettled(conn: AsyncConnection, standing: Iterable[Supervision]) -> set[UUID]:
    """Clocks whose end a notice of holidays may still move."""
    ids = [one.clock_id for one in standing]
    return set(await conn.scalars(_UNSETTLED, {"ids": ids})) if ids else set()


async def add_supervisions(conn: AsyncConnection, begun: Iterable[Supervision]) -> None:
    """Of clocks that have none. The caller holds their watches, so nobody else begins them meanwhile."""
    await insert_rows(conn, supervisions, COLUMNS, [_row(one) for one in begun])


async def save_supervisions(conn: AsyncConnection, begun: Iterable[Supervision]) -> None:
    """New ones, and those that a later version of their clock begins again."""
    rows = [_row(one) for one in begun]
    await insert_rows(conn, supervisions, COLUMNS, rows, then=f"ON CONFLICT (clock_id) DO UPDATE SET {_RENEWED}")


async def change_supervisions(conn: AsyncConnection, changed: Iterable[Supervision]) -> None:
    await update_rows(conn, supervisions, COLUMNS, [_row(one) for one in changed])


def _row(one: Supervision) -> list[Any]:
    values = list(astuple(one))
    values[_TOLD_AT] = msgspec.json.encode(one.told).decode()
    return values


def _supervisions(found: str | None) -> list[Supervision]:
    return _read(found) if found is not None else []
