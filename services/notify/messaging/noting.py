"""What became of a message, as a row and as an event, in the transaction of its attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import AttemptResult, DeliveryState
from contracts.events.alerts import (
    AnyNotification,
    NotificationFailed,
    NotificationPostponed,
    NotificationSent,
    NotificationSuppressed,
)
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.notify.delivery.matching import record_outgoing
from services.notify.delivery.store import Attempt, state_after
from services.notify.domain.messages import Message
from services.notify.messaging import store
from services.notify.messaging.store import Outcome

SERVICE: Final = "notify"


async def note(
    conn: AsyncConnection,
    message: Message,
    attempt: Attempt,
    *,
    next_at: datetime | None,
    now: datetime,
    places: PolicyWatch,
) -> None:
    """`next_at` and `now` are business time."""
    state = state_after(attempt.result, next_at)
    reason = "" if state is DeliveryState.DELIVERED else attempt.result.value
    tried = attempt.result is not AttemptResult.QUIET_HOURS and state is not DeliveryState.SUPPRESSED
    await store.save_outcome(conn, message.id, Outcome(state, reason, tried, next_at), now=now)
    await say(conn, [_event(message, attempt.result, state, next_at, now)], places, at=now)


async def say(conn: AsyncConnection, notes: Sequence[AnyNotification], places: PolicyWatch, *, at: datetime) -> None:
    """To the topic of alerts, and to whoever has subscribed to it."""
    said = [Outgoing(event=event, at=at, event_id=new_id()) for event in notes]
    await journal.add(conn, SERVICE, said)
    await record_outgoing(conn, said, places)


def _event(
    message: Message, result: AttemptResult, state: DeliveryState, next_at: datetime | None, now: datetime
) -> AnyNotification:
    if state is DeliveryState.DELIVERED:
        return NotificationSent(**_about(message, now))
    if state is DeliveryState.SUPPRESSED:
        return not_sent(message, result, now)
    if result is AttemptResult.QUIET_HOURS and next_at is not None:
        return NotificationPostponed(**_about(message, now), until=next_at)
    return NotificationFailed(**_about(message, now), reason=result, final=state is DeliveryState.FAILED)


def not_sent(message: Message, reason: AttemptResult, now: datetime) -> NotificationSuppressed:
    return NotificationSuppressed(**_about(message, now), reason=reason)


def _about(message: Message, now: datetime) -> dict[str, Any]:
    return {
        "case_id": message.case_id,
        "message_id": message.id,
        "about": message.type,
        "audience": message.audience,
        "channel": message.channel,
        "office": message.reader,
        "at": now,
    }
