"""Deliveries as their subscriber looks them up."""

from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, String, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import DeliveryState
from services.notify.delivery.views import AttemptView, DeliveryView, DeliveryWithAttempts

_COLUMNS: Final = (
    "d.id, d.subscription_id, d.event_id, d.case_id, d.type, d.repeated, d.state, d.attempts, d.created_at, d.next_at,"
    " d.settled_at"
)
_LIST: Final = text(
    f"""
    SELECT {_COLUMNS} FROM deliveries AS d
    WHERE d.subscription_id = :subscription AND d.id < :before
      AND (:state = '' OR d.state = :state) AND (:case_id IS NULL OR d.case_id = :case_id)
    ORDER BY d.id DESC LIMIT :most
    """
).bindparams(
    bindparam("subscription", type_=Uuid),
    bindparam("state", type_=String),
    bindparam("case_id", type_=Uuid),
    bindparam("before", type_=BigInteger),
)
_FIND: Final = text(f"SELECT {_COLUMNS} FROM deliveries AS d WHERE d.id = :id").bindparams(
    bindparam("id", type_=BigInteger)
)
_HISTORY: Final = text(
    "SELECT at, result, status, milliseconds FROM delivery_attempts WHERE delivery_id = :id ORDER BY id"
).bindparams(bindparam("id", type_=BigInteger))
LAST: Final = 2**63 - 1


async def list_deliveries(
    conn: AsyncConnection,
    subscription: UUID,
    *,
    before: int,
    most: int,
    state: DeliveryState | None = None,
    case_id: UUID | None = None,
) -> list[DeliveryView]:
    """The latest first."""
    values = {
        "subscription": subscription,
        "state": state.value if state is not None else "",
        "case_id": case_id,
        "before": before,
        "most": most,
    }
    return [msgspec.convert(dict(row), DeliveryView) for row in (await conn.execute(_LIST, values)).mappings()]


async def find_delivery(conn: AsyncConnection, delivery: int) -> DeliveryWithAttempts | None:
    row = (await conn.execute(_FIND, {"id": delivery})).mappings().one_or_none()
    if row is None:
        return None
    history = [
        msgspec.convert(dict(one), AttemptView) for one in (await conn.execute(_HISTORY, {"id": delivery})).mappings()
    ]
    return DeliveryWithAttempts(**msgspec.structs.asdict(msgspec.convert(dict(row), DeliveryView)), history=history)
