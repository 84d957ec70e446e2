"""SQL of subscriptions: the open connection first, values out. Callers own the transaction."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, LargeBinary, RowMapping, String, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import OF_AN_OFFICE, DeliveryChannel, Role, SubscriptionState
from libraries.runtime.audit.writing import note_change
from services.notify.domain.subscriptions import Filter, Holder, Listener

MOMENT: Final = DateTime(timezone=True)


class Subscription(Listener, frozen=True, kw_only=True):
    """All but its secrets."""

    name: str
    target: str
    """The address of a webhook, or the name of a topic."""
    state: SubscriptionState
    reason: str
    """Why it was disabled, if not by its holder."""
    version: int
    created_at: datetime
    failures: int
    open_until: datetime | None
    catching_up: bool = False
    """It is sent nothing before all that it asked for of the time before it is there."""
    waiting: int = 0
    oldest_at: datetime | None = None
    """Of what waits."""


_COLUMNS: Final = (
    "s.id, s.channel, s.holder, s.filter, s.name, s.target, s.state, s.reason, s.version, s.created_at, s.failures,"
    " s.open_until, s.catching_up"
)
_WAITING: Final = """
    LEFT JOIN LATERAL (
        SELECT count(*) AS waiting, min(w.created_at) AS oldest_at FROM (
            SELECT d.created_at FROM deliveries AS d
            WHERE d.subscription_id = s.id AND d.state = 'waiting' ORDER BY d.id LIMIT 10000
        ) AS w
    ) AS w ON true
"""
OF_EVENTS: Final = "s.channel IN ('webhook', 'kafka')"
"""By the other channels people are written to."""
SELECTED: Final = "s.id, s.channel, s.holder, s.filter"
"""What `listener_of` reads."""
_LISTENING: Final = text(
    f"SELECT {SELECTED} FROM subscriptions AS s WHERE s.state <> 'disabled' AND {OF_EVENTS} ORDER BY s.id"
)
_LIST: Final = text(
    f"""
    SELECT {_COLUMNS}, w.waiting, w.oldest_at FROM subscriptions AS s {_WAITING}
    WHERE s.id > :after AND {OF_EVENTS} AND (:owner = '' OR s.held_by = :owner) ORDER BY s.id LIMIT :most
    """
).bindparams(bindparam("after", type_=Uuid), bindparam("owner", type_=String))
_FIND: Final = text(
    f"SELECT {_COLUMNS}, w.waiting, w.oldest_at FROM subscriptions AS s {_WAITING} WHERE s.id = :id"
).bindparams(bindparam("id", type_=Uuid))
_LOCK: Final = text(f"SELECT {_COLUMNS} FROM subscriptions AS s WHERE s.id = :id FOR UPDATE").bindparams(
    bindparam("id", type_=Uuid)
)
_ADD: Final = text(
    """
    INSERT INTO subscriptions
        (id, name, channel, target, holder, held_by, filter, created_at, catching_up, wrapped_key, secret)
    VALUES (:id, :name, :channel, :target, CAST(:holder AS jsonb), :held_by, CAST(:filter AS jsonb), :created_at,
            :catching_up, :wrapped_key, :secret)
    ON CONFLICT (held_by, name) DO NOTHING
    RETURNING id
    """
).bindparams(
    bindparam("id", type_=Uuid),
    bindparam("created_at", type_=MOMENT),
    bindparam("wrapped_key", type_=LargeBinary),
    bindparam("secret", type_=LargeBinary),
)
# Who goes on after a pause is tried at once.
_MOVE: Final = text(
    """
    UPDATE subscriptions
    SET state = :state, reason = :reason, version = version + 1, failures = 0, open_until = NULL
    WHERE id = :id
    """
).bindparams(bindparam("id", type_=Uuid))
_ROTATE: Final = text(
    """
    UPDATE subscriptions
    SET old_secret = secret, old_secret_until = :until, secret = :secret, version = version + 1
    WHERE id = :id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("until", type_=MOMENT), bindparam("secret", type_=LargeBinary))


async def list_listening(conn: AsyncConnection) -> list[Listener]:
    """Whoever is owed what happens now; what is paused is owed it too."""
    return [listener_of(row) for row in (await conn.execute(_LISTENING)).mappings()]


def listener_of(row: RowMapping) -> Listener:
    return Listener(
        id=row["id"],
        channel=DeliveryChannel(row["channel"]),
        holder=msgspec.convert(row["holder"], Holder),
        filter=msgspec.convert(row["filter"], Filter),
    )


async def list_subscriptions(conn: AsyncConnection, *, owner: str, after: UUID, most: int) -> list[Subscription]:
    """In the order in which they were made; all, if no owner is named."""
    found = await conn.execute(_LIST, {"owner": owner, "after": after, "most": most})
    return [_subscription(row) for row in found.mappings()]


async def find_subscription(conn: AsyncConnection, subscription: UUID) -> Subscription | None:
    row = (await conn.execute(_FIND, {"id": subscription})).mappings().one_or_none()
    return _subscription(row) if row is not None else None


async def lock_subscription(conn: AsyncConnection, subscription: UUID) -> Subscription | None:
    """Without what waits."""
    row = (await conn.execute(_LOCK, {"id": subscription})).mappings().one_or_none()
    return _subscription(row) if row is not None else None


async def count_of_holder(conn: AsyncConnection, held_by: str) -> int:
    counted = text("SELECT count(*) FROM subscriptions WHERE held_by = :held_by AND state <> 'disabled'")
    return int(await conn.scalar(counted, {"held_by": held_by}) or 0)


async def add_subscription(
    conn: AsyncConnection, new: Subscription, *, held_by: str, wrapped_key: bytes | None, secret: bytes | None
) -> bool:
    """Whether there was none of that name."""
    values = {
        "id": new.id,
        "name": new.name,
        "channel": new.channel.value,
        "target": new.target,
        "holder": msgspec.json.encode(new.holder).decode(),
        "held_by": held_by,
        "filter": msgspec.json.encode(new.filter).decode(),
        "created_at": new.created_at,
        "catching_up": new.catching_up,
        "wrapped_key": wrapped_key,
        "secret": secret,
    }
    return await conn.scalar(_ADD, values) is not None


async def move_subscription(
    conn: AsyncConnection, subscription: UUID, state: SubscriptionState, reason: str = ""
) -> None:
    await note_change(conn, f"subscription.{state.value}", about=subscription)
    await conn.execute(_MOVE, {"id": subscription, "state": state.value, "reason": reason})


async def is_of_a_disabled(conn: AsyncConnection, subscription: UUID) -> bool:
    """Whether the partner that made it may not call any more."""
    statement = text(
        "SELECT p.disabled FROM subscriptions AS s JOIN partners AS p ON p.name = s.holder ->> 'partner'"
        " WHERE s.id = :id"
    ).bindparams(bindparam("id", type_=Uuid))
    return bool(await conn.scalar(statement, {"id": subscription}))


async def wrapped_key_of(conn: AsyncConnection, subscription: UUID) -> bytes:
    statement = text("SELECT wrapped_key FROM subscriptions WHERE id = :id").bindparams(bindparam("id", type_=Uuid))
    return bytes(await conn.scalar(statement, {"id": subscription}) or b"")


async def rotate_secret(conn: AsyncConnection, subscription: UUID, sealed: bytes, *, until: datetime) -> None:
    """The one before signs too until then."""
    await note_change(conn, "subscription.secret_rotated", about=subscription)
    await conn.execute(_ROTATE, {"id": subscription, "secret": sealed, "until": until})


def held_by(holder: Holder) -> str:
    """Who holds subscriptions together: an office, all who look after one area, or one system."""
    if holder.role in OF_AN_OFFICE:
        return holder.office or ""
    if holder.role is Role.TOWNSHIP:
        return f"{holder.role.value}/{holder.subject}"
    return f"{holder.role.value}/{holder.area or '*'}"


def _subscription(row: RowMapping) -> Subscription:
    values = {**row, "holder": msgspec.convert(row["holder"], Holder), "filter": msgspec.convert(row["filter"], Filter)}
    return msgspec.convert(values, Subscription)
