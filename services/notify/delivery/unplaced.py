"""Events of cases of which nothing is known yet: another topic brings that, and is read on its own.

Where a case lies and which system registered it decide who hears of it, so what comes before waits for it here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, Integer, LargeBinary, String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import EVENTS
from services.notify.delivery.said import Said

_PUT: Final = text(
    """
    INSERT INTO unplaced_events (event_id, case_id, writer, sequence, at, traceparent, type, value, seen_at)
    SELECT k.*, :now FROM unnest(:event_ids, :case_ids, :writers, :sequences, :moments, :traces, :types, :values)
        AS k (event_id, case_id, writer, sequence, at, traceparent, type, value)
    """
).bindparams(
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("event_ids", type_=ARRAY(Uuid)),
    bindparam("case_ids", type_=ARRAY(Uuid)),
    bindparam("sequences", type_=ARRAY(Integer)),
    *(bindparam(name, type_=ARRAY(String)) for name in ("writers", "moments", "traces", "types")),
    bindparam("values", type_=ARRAY(LargeBinary)),
)
_TAKE: Final = """
    DELETE FROM unplaced_events AS u {which}
    RETURNING u.id, u.event_id, u.writer, u.sequence, u.at, u.traceparent, u.type, u.value
"""
_OF_CASES: Final = text(_TAKE.format(which="WHERE u.case_id = ANY(:ids)")).bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)
_PLACED: Final = text(_TAKE.format(which="USING cases AS c WHERE c.case_id = u.case_id AND c.source IS NOT NULL"))
_FORGET: Final = text("DELETE FROM unplaced_events WHERE seen_at < :before").bindparams(
    bindparam("before", type_=DateTime(timezone=True))
)


async def put(conn: AsyncConnection, said: Sequence[Said], *, now: datetime) -> None:
    if not said:
        return
    values: dict[str, Any] = {
        "event_ids": [one.event_id for one in said],
        "case_ids": [one.event.case_id for one in said],
        "writers": [one.writer for one in said],
        "sequences": [one.sequence for one in said],
        "moments": [one.at for one in said],
        "traces": [one.traceparent for one in said],
        "types": [one.event.wire_type() for one in said],
        "values": [one.value for one in said],
    }
    await conn.execute(_PUT, {"now": now, **values})


async def take(conn: AsyncConnection, case_ids: Iterable[UUID]) -> list[Said]:
    """Those of cases of which everything is known now, in the order in which they came."""
    return _said((await conn.execute(_OF_CASES, {"ids": list(case_ids)})).all())


async def take_placed(conn: AsyncConnection) -> list[Said]:
    """Whichever they are: two readers may have missed each other."""
    return _said((await conn.execute(_PLACED)).all())


async def forget(conn: AsyncConnection, *, before: datetime) -> None:
    """What waited in vain: its registration was set aside, and nobody has put that right."""
    await conn.execute(_FORGET, {"before": before})


def _said(rows: Iterable[Any]) -> list[Said]:
    found = []
    for row in sorted(rows, key=lambda row: row.id):
        # Only events of a case were put here.
        event: Any = msgspec.json.decode(row.value, type=EVENTS[row.type])
        found.append(
            Said(
                event=event,
                event_id=row.event_id,
                writer=row.writer,
                sequence=row.sequence,
                at=row.at,
                traceparent=row.traceparent,
                value=row.value,
            )
        )
    return found
