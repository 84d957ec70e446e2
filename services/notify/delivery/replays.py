"""SQL of replays: what a subscriber has asked to hear again, how far that has come, and who works on it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, Float, String, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.delivery.subscriptions import SELECTED, listener_of
from services.notify.domain.subscriptions import Listener

MOMENT: Final = DateTime(timezone=True)

_ADD: Final = text(
    """
    INSERT INTO replays (id, subscription_id, since, case_id, repeated, asked_at)
    VALUES (:id, :subscription, :since, :case_id, :repeated, :now)
    """
).bindparams(
    bindparam("id", type_=Uuid),
    bindparam("subscription", type_=Uuid),
    bindparam("since", type_=MOMENT),
    bindparam("case_id", type_=Uuid),
    bindparam("now", type_=MOMENT),
)
_CLAIM: Final = text(
    f"""
    WITH next AS MATERIALIZED (
        SELECT id FROM replays WHERE done_at IS NULL AND leased_until <= clock_timestamp()
        ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE replays AS r
    SET leased_until = clock_timestamp() + make_interval(secs => :seconds), epoch = r.epoch + 1
    FROM next, subscriptions AS s WHERE r.id = next.id AND s.id = r.subscription_id
    RETURNING r.id AS replay, r.epoch, r.since, r.case_id, r.repeated, r.positions, s.state, {SELECTED}
    """
).bindparams(bindparam("seconds", type_=Float))
_SAVE: Final = text(
    """
    UPDATE replays
    SET positions = CAST(:positions AS jsonb), deliveries = deliveries + :more,
        leased_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND epoch = :epoch
    RETURNING id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("positions", type_=String), bindparam("seconds", type_=Float))
_FINISH: Final = text("UPDATE replays SET done_at = :now WHERE id = :id AND epoch = :epoch RETURNING id").bindparams(
    bindparam("id", type_=Uuid), bindparam("now", type_=MOMENT)
)
_CAUGHT_UP: Final = text("UPDATE subscriptions SET catching_up = false WHERE id = :id").bindparams(
    bindparam("id", type_=Uuid)
)
_LATEST: Final = text(
    """
    SELECT id, since, case_id, repeated, asked_at, done_at, deliveries FROM replays
    WHERE subscription_id = :subscription ORDER BY asked_at DESC LIMIT :most
    """
).bindparams(bindparam("subscription", type_=Uuid))


class Replay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything since a moment, or one case."""

    id: UUID
    since: datetime | None = None
    case_id: UUID | None = None
    repeated: bool
    """False for what a new subscription hears of the time before it."""
    asked_at: datetime
    done_at: datetime | None = None
    deliveries: int
    """That it has added so far."""


class ClaimedReplay(NamedTuple):
    """A replay that this process works on until its lease ends."""

    id: UUID
    epoch: int
    since: datetime | None
    case_id: UUID | None
    repeated: bool
    positions: dict[str, int] | None
    """None before its first record."""
    listener: Listener
    disabled: bool


async def add_replay(
    conn: AsyncConnection,
    replay: UUID,
    subscription: UUID,
    *,
    now: datetime,
    since: datetime | None = None,
    case_id: UUID | None = None,
    repeated: bool = True,
) -> None:
    values = {"since": since, "case_id": case_id, "repeated": repeated, "now": now}
    await conn.execute(_ADD, {"id": replay, "subscription": subscription, **values})


async def list_replays(conn: AsyncConnection, subscription: UUID, *, most: int) -> list[Replay]:
    """The latest first."""
    found = await conn.execute(_LATEST, {"subscription": subscription, "most": most})
    return [msgspec.convert(dict(row), Replay) for row in found.mappings()]


async def claim_replay(conn: AsyncConnection, *, lease: timedelta) -> ClaimedReplay | None:
    row = (await conn.execute(_CLAIM, {"seconds": lease.total_seconds()})).mappings().one_or_none()
    if row is None:
        return None
    return ClaimedReplay(
        id=row["replay"],
        epoch=row["epoch"],
        since=row["since"],
        case_id=row["case_id"],
        repeated=row["repeated"],
        positions=row["positions"],
        listener=listener_of(row),
        disabled=row["state"] == "disabled",
    )


async def save_positions(
    conn: AsyncConnection, claimed: ClaimedReplay, positions: Mapping[str, int], *, more: int, lease: timedelta
) -> bool:
    """Whether the lease still holds; if not, nothing of this transaction may be committed."""
    values = {
        "id": claimed.id,
        "epoch": claimed.epoch,
        "positions": msgspec.json.encode(positions).decode(),
        "more": more,
        "seconds": lease.total_seconds(),
    }
    return await conn.scalar(_SAVE, values) is not None


async def finish_replay(conn: AsyncConnection, claimed: ClaimedReplay, *, now: datetime) -> None:
    """A new subscription that has caught up is sent what waits."""
    done = await conn.scalar(_FINISH, {"id": claimed.id, "epoch": claimed.epoch, "now": now})
    if done is not None and not claimed.repeated:
        await conn.execute(_CAUGHT_UP, {"id": claimed.listener.id})
