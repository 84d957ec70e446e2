"""SQL of supervisions: the open connection first, domain values out. Callers own the transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import astuple
from sqlalchemy import DateTime, RowMapping, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import ClockKind, SupervisionLevel
from services.notify.domain.ladder import Supervision
from services.notify.tables import supervisions
from services.runtime.bulk import among, insert_rows, update_rows

COLUMNS: Final = Supervision.__struct_fields__
_TOLD_AT: Final = COLUMNS.index("told")
_RENEWED: Final = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
_CLAIM: Final = text(
    """
    SELECT clock_id FROM supervisions WHERE next_at <= :now
    ORDER BY next_at LIMIT :portion FOR UPDATE SKIP LOCKED
    """
).bindparams(bindparam("now", type_=DateTime(timezone=True)))


async def lock_supervisions(conn: AsyncConnection, clock_ids: Iterable[UUID]) -> dict[UUID, Supervision]:
    wanted = list(set(clock_ids))
    if not wanted:
        return {}
    statement = (
        select(supervisions)
        .where(among(supervisions.c.clock_id, wanted))
        .order_by(supervisions.c.clock_id)
        .with_for_update()
    )
    return {one.clock_id: one for one in map(_supervision, (await conn.execute(statement)).mappings())}


async def claim_supervisions(conn: AsyncConnection, *, now: datetime, portion: int) -> list[Supervision]:
    """Those whose next rung has come, the longest due first, each held by this transaction alone."""
    ids = list((await conn.execute(_CLAIM, {"now": now, "portion": portion})).scalars())
    found = await lock_supervisions(conn, ids)
    return [found[clock_id] for clock_id in ids]


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


def _supervision(row: RowMapping) -> Supervision:
    following = row["next_level"]
    return Supervision(
        clock_id=row["clock_id"],
        case_id=row["case_id"],
        referral_id=row["referral_id"],
        kind=ClockKind(row["kind"]),
        office=row["office"],
        area=row["area"],
        version=row["version"],
        due_at=row["due_at"],
        level=SupervisionLevel(row["level"]),
        reached_at=row["reached_at"],
        told=tuple(row["told"]),
        next_level=SupervisionLevel(following) if following is not None else None,
        next_at=row["next_at"],
        stood_seconds=row["stood_seconds"],
        paused_at=row["paused_at"],
        ended_at=row["ended_at"],
    )
