"""SQL of messages: what is owed beside its delivery, what became of it, and what is known of its case."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import DeliveryChannel, DeliveryState
from libraries.ids import derived_id
from services.notify.delivery import store as deliveries
from services.notify.delivery.store import Owed
from services.notify.domain.messages import Message
from services.notify.domain.wording import AboutCase

MOMENT: Final = DateTime(timezone=True)
HOLDER: Final = "messages"
"""Holds the subscription of each channel: its lease, and the circuit of its server or gateway."""

_CHANNEL: Final = text(
    """
    INSERT INTO subscriptions (id, name, channel, target, holder, held_by, filter, created_at)
    VALUES (:id, :channel, :channel, '', '{"subject": "messages", "role": "ops"}', :held_by, '{}', :now)
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("now", type_=MOMENT), bindparam("channel", type_=String))
_ADD: Final = text(
    """
    INSERT INTO messages (id, case_id, type, audience, channel, office, template, at, changed_at)
    SELECT k.*, :now FROM unnest(:ids, :cases, :types, :audiences, :channels, :offices, :templates, :moments) AS k
    ON CONFLICT (id) DO NOTHING
    RETURNING id
    """
).bindparams(
    bindparam("now", type_=MOMENT),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("cases", type_=ARRAY(Uuid)),
    bindparam("moments", type_=ARRAY(MOMENT)),
    *(bindparam(name, type_=ARRAY(String)) for name in ("types", "audiences", "channels", "offices", "templates")),
)
_CASE: Final = text(
    "SELECT number, area, category, first_contact_office, erased FROM cases WHERE case_id = :case_id"
).bindparams(bindparam("case_id", type_=Uuid))
_NOTE: Final = text(
    """
    UPDATE messages
    SET state = :state, reason = :reason, attempts = attempts + :tried, next_at = :next_at, changed_at = :now
    WHERE id = :id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("now", type_=MOMENT), bindparam("next_at", type_=MOMENT))
_ERASE: Final = text("UPDATE cases SET erased = true WHERE case_id = ANY(:cases)").bindparams(
    bindparam("cases", type_=ARRAY(Uuid))
)
# The lock on its delivery is taken first, as who sends it does.
_STOP: Final = text(
    """
    WITH stopped AS (
        UPDATE deliveries SET state = 'suppressed', next_at = NULL, settled_at = clock_timestamp()
        WHERE subscription_id = ANY(:channels) AND state = 'waiting'
          AND event_id IN (SELECT id FROM messages WHERE case_id = ANY(:cases) AND state = 'waiting')
        RETURNING event_id, event
    ), noted AS (
        UPDATE messages SET state = 'suppressed', reason = 'erased', next_at = NULL, changed_at = :now
        WHERE id IN (SELECT event_id FROM stopped)
    )
    SELECT event FROM stopped
    """
).bindparams(
    bindparam("cases", type_=ARRAY(Uuid)), bindparam("channels", type_=ARRAY(Uuid)), bindparam("now", type_=MOMENT)
)
_FORGET: Final = text(
    """
    DELETE FROM messages WHERE id IN (
        SELECT id FROM messages WHERE at < :before AND state <> 'waiting' ORDER BY at LIMIT :most
    )
    """
).bindparams(bindparam("before", type_=MOMENT))


class Outcome(NamedTuple):
    """What became of a message by one attempt; `reason` is empty where it went out."""

    state: DeliveryState
    reason: str
    tried: bool
    next_at: datetime | None


def subscription_of(channel: DeliveryChannel) -> UUID:
    """Under whose lease a channel is served."""
    return derived_id(HOLDER, channel.value)


async def add_messages(
    conn: AsyncConnection, owed: Sequence[Message], *, now: datetime, real_now: datetime
) -> list[Message]:
    """Those that were never owed before; `now` is business time. Each gets its delivery."""
    if not owed:
        return []
    for channel in sorted({one.channel for one in owed}):
        values = {"id": subscription_of(channel), "channel": channel.value, "held_by": HOLDER, "now": real_now}
        await conn.execute(_CHANNEL, values)
    found = await conn.execute(
        _ADD,
        {
            "now": now,
            "ids": [one.id for one in owed],
            "cases": [one.case_id for one in owed],
            "types": [one.type for one in owed],
            "audiences": [one.audience.value for one in owed],
            "channels": [one.channel.value for one in owed],
            "offices": [one.reader for one in owed],
            "templates": [one.template for one in owed],
            "moments": [one.at for one in owed],
        },
    )
    new = set(found.scalars())
    fresh = [one for one in owed if one.id in new]
    rows = [
        Owed(subscription_of(one.channel), one.id, one.lane, one.type, False, msgspec.json.encode(one)) for one in fresh
    ]
    await deliveries.add_deliveries(conn, rows, now=real_now)
    return fresh


async def find_case(conn: AsyncConnection, case_id: UUID) -> AboutCase | None:
    row = (await conn.execute(_CASE, {"case_id": case_id})).one_or_none()
    return AboutCase(*row) if row is not None else None


async def save_outcome(conn: AsyncConnection, message_id: UUID, outcome: Outcome, *, now: datetime) -> None:
    values: dict[str, Any] = {
        "id": message_id,
        "state": outcome.state.value,
        "reason": outcome.reason,
        "tried": int(outcome.tried),
        "next_at": outcome.next_at,
        "now": now,
    }
    await conn.execute(_NOTE, values)


async def stop_erased(
    conn: AsyncConnection, case_ids: Iterable[UUID], channels: Iterable[DeliveryChannel], *, now: datetime
) -> list[Message]:
    """Cases whose personal data is gone; nothing of them is sent any more. Returns what was not sent yet."""
    cases = list(set(case_ids))
    await conn.execute(_ERASE, {"cases": cases})
    values = {"cases": cases, "channels": [subscription_of(one) for one in channels], "now": now}
    return [msgspec.json.decode(row.event, type=Message) for row in await conn.execute(_STOP, values)]


async def forget(conn: AsyncConnection, *, before: datetime, most: int) -> int:
    """Returns how many are gone."""
    return int((await conn.execute(_FORGET, {"before": before, "most": most})).rowcount)
