"""SQL of deliveries: who has something to send, what comes next, and how each attempt went.

A subscription is worked on under a lease, whose epoch fences the holder before: one attempt is never made by two
processes at once. The waits of an endpoint are real time, and the lease runs on the database's clock.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Boolean, DateTime, Float, LargeBinary, String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import AttemptResult, DeliveryChannel, DeliveryState, SubscriptionState
from services.notify.domain.retrying import Circuit

MOMENT: Final = DateTime(timezone=True)
SUPPRESSED: Final = frozenset({AttemptResult.NO_ADDRESS, AttemptResult.OPTED_OUT, AttemptResult.ERASED})
"""Nothing was sent, and nothing will be."""

_ADD: Final = text(
    """
    INSERT INTO deliveries
        (subscription_id, event_id, case_id, type, repeated, rank, created_at, asked_at, next_at, event)
    SELECT k.subscription_id, k.event_id, k.case_id, k.type, k.repeated, :rank, :now, :now, :now, k.event
    FROM unnest(:subscriptions, :event_ids, :case_ids, :types, :repeated, :events)
         WITH ORDINALITY AS k (subscription_id, event_id, case_id, type, repeated, event, place)
    ORDER BY k.place
    ON CONFLICT (subscription_id, event_id) WHERE NOT repeated DO NOTHING
    """
).bindparams(
    bindparam("now", type_=MOMENT),
    bindparam("subscriptions", type_=ARRAY(Uuid)),
    bindparam("event_ids", type_=ARRAY(Uuid)),
    bindparam("case_ids", type_=ARRAY(Uuid)),
    bindparam("types", type_=ARRAY(String)),
    bindparam("repeated", type_=ARRAY(Boolean)),
    bindparam("events", type_=ARRAY(LargeBinary)),
)
# What came while a new subscription catches up stands behind what came before it; here its own place is found.
_MAKE_WAY: Final = text(
    """
    DELETE FROM deliveries
    WHERE subscription_id = ANY(:subscriptions) AND event_id = ANY(:event_ids) AND NOT repeated AND rank = 1
      AND state = 'waiting' AND attempts = 0
    """
).bindparams(bindparam("subscriptions", type_=ARRAY(Uuid)), bindparam("event_ids", type_=ARRAY(Uuid)))
# Whoever was served the longest ago comes first. A materialised CTE, as LIMIT below an UPDATE may take more rows.
_CLAIM: Final = text(
    """
    WITH due AS MATERIALIZED (
        SELECT s.id FROM subscriptions AS s
        WHERE s.state = 'active' AND s.channel = ANY(:channels) AND NOT s.catching_up
          AND s.leased_until <= clock_timestamp()
          AND (s.open_until IS NULL OR s.open_until <= :now)
          AND EXISTS (
              SELECT FROM deliveries AS d
              WHERE d.subscription_id = s.id AND d.state = 'waiting' AND d.next_at <= :now
          )
        ORDER BY s.leased_until LIMIT :most
        FOR UPDATE OF s SKIP LOCKED
    )
    UPDATE subscriptions AS s
    SET leased_until = clock_timestamp() + make_interval(secs => :seconds), epoch = s.epoch + 1
    FROM due WHERE s.id = due.id
    RETURNING s.id, s.name, s.channel, s.target, s.epoch, s.failures, s.open_until, s.wrapped_key, s.secret,
              CASE WHEN s.old_secret_until > :now THEN s.old_secret END AS old_secret
    """
).bindparams(
    bindparam("now", type_=MOMENT), bindparam("seconds", type_=Float), bindparam("channels", type_=ARRAY(String))
)
# What waits behind an earlier event of its case, whose next attempt has yet to come, is not due.
_NEXT: Final = text(
    """
    SELECT d.id, d.event_id, d.case_id, d.type, d.repeated, d.attempts, d.asked_at, d.event FROM deliveries AS d
    WHERE d.subscription_id = :subscription AND d.state = 'waiting' AND d.next_at <= :now
      AND NOT EXISTS (
          SELECT FROM deliveries AS e
          WHERE e.subscription_id = d.subscription_id AND e.case_id = d.case_id AND e.state = 'waiting'
            AND (e.rank, e.id) < (d.rank, d.id) AND e.next_at > :now
      )
    ORDER BY d.rank, d.id LIMIT :most
    """
).bindparams(bindparam("subscription", type_=Uuid), bindparam("now", type_=MOMENT))
# Else they would count as due until the one before them is tried, and be looked at in vain each time.
_WAIT_BEHIND: Final = text(
    """
    UPDATE deliveries AS d SET next_at = e.next_at
    FROM (
        SELECT case_id, max(next_at) AS next_at FROM deliveries
        WHERE subscription_id = :subscription AND state = 'waiting' AND next_at > :now AND case_id IS NOT NULL
        GROUP BY case_id
    ) AS e
    WHERE d.subscription_id = :subscription AND d.state = 'waiting' AND d.next_at <= :now AND d.case_id = e.case_id
    """
).bindparams(bindparam("subscription", type_=Uuid), bindparam("now", type_=MOMENT))
_HOLD: Final = text(
    """
    UPDATE subscriptions
    SET failures = :failures, open_until = :open_until,
        state = CASE WHEN :disabled AND state <> 'disabled' THEN 'disabled' ELSE state END,
        reason = CASE WHEN :disabled THEN :reason ELSE reason END,
        version = version + CASE WHEN :disabled THEN 1 ELSE 0 END
    WHERE id = :subscription AND epoch = :epoch
    RETURNING state
    """
).bindparams(
    bindparam("subscription", type_=Uuid),
    bindparam("open_until", type_=MOMENT),
    bindparam("disabled", type_=Boolean),
    bindparam("reason", type_=String),
)
_ATTEMPTED: Final = text(
    """
    INSERT INTO delivery_attempts (delivery_id, at, result, status, milliseconds)
    VALUES (:delivery, :at, :result, :status, :milliseconds)
    """
).bindparams(bindparam("at", type_=MOMENT))
_SETTLE: Final = text(
    """
    UPDATE deliveries
    SET state = :state, attempts = attempts + 1, next_at = :next_at,
        settled_at = CASE WHEN :next_at IS NULL THEN :at END
    WHERE id = :delivery AND state = 'waiting'
    """
).bindparams(bindparam("at", type_=MOMENT), bindparam("next_at", type_=MOMENT))
_WAKE: Final = text(
    """
    UPDATE deliveries SET next_at = :now
    WHERE subscription_id = :subscription AND state = 'waiting' AND next_at > :now
    """
).bindparams(bindparam("subscription", type_=Uuid), bindparam("now", type_=MOMENT))
_RELEASE: Final = text(
    "UPDATE subscriptions SET leased_until = clock_timestamp() WHERE id = :subscription AND epoch = :epoch"
).bindparams(bindparam("subscription", type_=Uuid))
_REDRIVE: Final = text(
    """
    UPDATE deliveries AS d
    SET state = 'waiting', attempts = 0, asked_at = :now, next_at = :now, settled_at = NULL
    WHERE d.id IN (
        SELECT id FROM deliveries
        WHERE subscription_id = :subscription AND state = 'failed' AND created_at >= :since AND created_at < :until
        ORDER BY id LIMIT :most FOR UPDATE
    )
    """
).bindparams(
    bindparam("subscription", type_=Uuid),
    bindparam("now", type_=MOMENT),
    bindparam("since", type_=MOMENT),
    bindparam("until", type_=MOMENT),
)
_FORGET: Final = text(
    """
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries WHERE settled_at < :before ORDER BY settled_at LIMIT :most
    )
    """
).bindparams(bindparam("before", type_=MOMENT), bindparam("most", type_=BigInteger))
# Of what is put off because its endpoint is away, nobody here is late.
_FIGURES: Final = text(
    """
    SELECT min(d.created_at) AS oldest_at,
           min(d.next_at) FILTER (WHERE s.open_until IS NULL AND d.next_at <= :now) AS overdue_since,
           (SELECT count(*) FROM subscriptions WHERE state = 'active' AND open_until IS NOT NULL) AS open_circuits
    FROM subscriptions AS s
    CROSS JOIN LATERAL (
        (SELECT created_at, next_at FROM deliveries
         WHERE subscription_id = s.id AND state = 'waiting' ORDER BY next_at LIMIT 1)
        UNION ALL
        (SELECT created_at, NULL FROM deliveries
         WHERE subscription_id = s.id AND state = 'waiting' ORDER BY id LIMIT 1)
    ) AS d
    WHERE s.state = 'active' AND s.channel = ANY(:channels)
    """
).bindparams(bindparam("now", type_=MOMENT), bindparam("channels", type_=ARRAY(String)))


class Owed(NamedTuple):
    """One event for one subscriber. `event` is the CloudEvent in JSON."""

    subscription_id: UUID
    event_id: UUID
    case_id: UUID | None
    type: str
    repeated: bool
    event: bytes


class Claimed(NamedTuple):
    """A subscription that this process serves until its lease ends. Secrets are sealed."""

    id: UUID
    name: str
    channel: DeliveryChannel
    target: str
    epoch: int
    circuit: Circuit
    wrapped_key: bytes
    secrets: tuple[bytes, ...]


class Due(NamedTuple):
    """A delivery whose moment has come."""

    id: int
    event_id: UUID
    case_id: UUID | None
    type: str
    repeated: bool
    attempts: int
    asked_at: datetime
    event: bytes


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. `status` is that of HTTP, if there was an answer."""

    at: datetime
    result: AttemptResult
    status: int | None = None
    milliseconds: int


class Figures(NamedTuple):
    """Over all subscriptions that are active."""

    oldest_at: datetime | None
    """Of all that waits, whatever for."""
    overdue_since: datetime | None
    """Of what could go out, and does not."""
    open_circuits: int


async def add_deliveries(
    conn: AsyncConnection, owed: Sequence[Owed], *, now: datetime, catching_up: bool = False
) -> int:
    """In this order. What was owed before is not owed again, unless it is repeated. Returns how many are new.

    What a new subscription catches up with goes before all that came since.
    """
    if not owed:
        return 0
    columns = ("subscriptions", "event_ids", "case_ids", "types", "repeated", "events")
    values: dict[str, Any] = dict(zip(columns, map(list, zip(*owed, strict=True)), strict=True))
    if catching_up:
        await conn.execute(_MAKE_WAY, {name: values[name] for name in ("subscriptions", "event_ids")})
    return int((await conn.execute(_ADD, {"now": now, "rank": 0 if catching_up else 1, **values})).rowcount)


async def claim_subscriptions(
    conn: AsyncConnection,
    *,
    now: datetime,
    lease: timedelta,
    most: int,
    channels: Sequence[DeliveryChannel] = (DeliveryChannel.WEBHOOK,),
) -> list[Claimed]:
    """Those who have something due, each leased to this process alone."""
    wanted = [one.value for one in channels]
    values = {"now": now, "seconds": lease.total_seconds(), "most": most, "channels": wanted}
    found = await conn.execute(_CLAIM, values)
    return [_claimed(row) for row in found]


async def list_due(conn: AsyncConnection, subscription: UUID, *, now: datetime, most: int) -> list[Due]:
    """In order. If there is nothing, what waits behind others is put off with them."""
    found = (await conn.execute(_NEXT, {"subscription": subscription, "now": now, "most": most})).all()
    if not found:
        await conn.execute(_WAIT_BEHIND, {"subscription": subscription, "now": now})
    return [Due(*row) for row in found]


async def save_attempt(conn: AsyncConnection, due: Due, attempt: Attempt, *, next_at: datetime | None) -> None:
    """`next_at` of what failed and is not given up."""
    await conn.execute(
        _ATTEMPTED,
        {
            "delivery": due.id,
            "at": attempt.at,
            "result": attempt.result.value,
            "status": attempt.status,
            "milliseconds": attempt.milliseconds,
        },
    )
    state = state_after(attempt.result, next_at)
    await conn.execute(_SETTLE, {"delivery": due.id, "state": state.value, "next_at": next_at, "at": attempt.at})


def state_after(result: AttemptResult, next_at: datetime | None) -> DeliveryState:
    if next_at is not None:
        return DeliveryState.WAITING
    if result is AttemptResult.DELIVERED:
        return DeliveryState.DELIVERED
    return DeliveryState.SUPPRESSED if result in SUPPRESSED else DeliveryState.FAILED


async def save_circuit(
    conn: AsyncConnection, claimed: Claimed, circuit: Circuit, *, disabled_because: str = ""
) -> SubscriptionState | None:
    """The state of the subscription as it is now; `None` if the lease was lost, and then nothing may be written."""
    state = await conn.scalar(
        _HOLD,
        {
            "subscription": claimed.id,
            "epoch": claimed.epoch,
            "failures": circuit.failures,
            "open_until": circuit.open_until,
            "disabled": bool(disabled_because),
            "reason": disabled_because,
        },
    )
    return SubscriptionState(state) if state is not None else None


async def wake(conn: AsyncConnection, subscription: UUID, *, now: datetime) -> None:
    """The endpoint is back: nothing waits for its turn any longer."""
    await conn.execute(_WAKE, {"subscription": subscription, "now": now})


async def release(conn: AsyncConnection, claimed: Claimed) -> None:
    await conn.execute(_RELEASE, {"subscription": claimed.id, "epoch": claimed.epoch})


async def redrive(
    conn: AsyncConnection, subscription: UUID, *, since: datetime, until: datetime, now: datetime, most: int
) -> int:
    """What was given up of that range is tried again. Returns how many there were."""
    values = {"subscription": subscription, "since": since, "until": until, "now": now, "most": most}
    return int((await conn.execute(_REDRIVE, values)).rowcount)


async def forget_settled(conn: AsyncConnection, *, before: datetime, most: int) -> int:
    """With their attempts. Returns how many are gone."""
    return int((await conn.execute(_FORGET, {"before": before, "most": most})).rowcount)


async def measure(conn: AsyncConnection, *, now: datetime, channels: Sequence[DeliveryChannel]) -> Figures:
    """Of a channel that is not served any more nothing is late."""
    row = (await conn.execute(_FIGURES, {"now": now, "channels": [one.value for one in channels]})).one()
    return Figures(row.oldest_at, row.overdue_since, int(row.open_circuits))


def _claimed(row: Any) -> Claimed:
    return Claimed(
        id=row.id,
        name=row.name,
        channel=DeliveryChannel(row.channel),
        target=row.target,
        epoch=row.epoch,
        circuit=Circuit(failures=row.failures, open_until=row.open_until),
        wrapped_key=row.wrapped_key or b"",
        secrets=tuple(one for one in (row.secret, row.old_secret) if one is not None),
    )
