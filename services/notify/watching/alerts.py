"""Alerts, written down and published in the caller's transaction."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.clocks import ClockAlert, ClockBreached, ClockCleared, ClockDue, ClockDueSoon
from contracts.tracing import read_trace
from libraries.ids import derived_id
from libraries.runtime.metrics import TOLD_IN_PLACE_OF
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.tracing import step
from services.notify.domain.alerts import CACHE_SIZE, Alert
from services.notify.domain.timers import AlertKind
from services.notify.watching import due, store
from services.notify.watching.rows import alerted_row, moments

SERVICE: Final = "notify"
EVENT_OF: Final[dict[AlertKind, type[ClockAlert]]] = {
    AlertKind.DUE_SOON: ClockDueSoon,
    AlertKind.LAST_DAY: ClockDue,
    AlertKind.DUE: ClockDue,
    AlertKind.BREACHED: ClockBreached,
    AlertKind.CLEARED: ClockCleared,
}


async def publish(conn: AsyncConnection, alerts: Sequence[Alert]) -> list[Outgoing]:
    """The caller saves the timers. Returns what is said."""
    events = [_event(one) for one in alerts]
    ids = [_event_id(one) for one in alerts]
    count_stand_in_recipients((one.before.office, one.recipients) for one in alerts)
    await store.save_alerts(conn, list(_alert_rows(alerts, events, ids)))
    said = _outgoing(alerts, events, ids)
    await journal.add(conn, SERVICE, said)
    return said


async def publish_and_save(conn: AsyncConnection, alerts: Sequence[Alert]) -> list[Outgoing]:
    """As `publish`, and saves each timer as its alert leaves it; escalations start. The caller locked the timers."""
    events = [_event(one) for one in alerts]
    ids = [_event_id(one) for one in alerts]
    count_stand_in_recipients((one.before.office, one.recipients) for one in alerts)
    await due.save_fired(conn, list(_timer_rows(alerts, events, ids)))
    said = _outgoing(alerts, events, ids)
    await journal.add(conn, SERVICE, said)
    return said


def count_stand_in_recipients(notified: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Pairs of office and recipients: an office that exists is among those who are told."""
    TOLD_IN_PLACE_OF.labels(SERVICE).inc(
        sum(bool(recipients) and office not in recipients for office, recipients in notified)
    )


def _outgoing(alerts: Sequence[Alert], events: Sequence[ClockAlert], ids: Sequence[UUID]) -> list[Outgoing]:
    """Each in the trace of its clock."""
    return [
        Outgoing(event=event, at=event.fired_at, event_id=event_id, trace=step(read_trace(alert.before.traceparent)))
        for alert, event, event_id in zip(alerts, events, ids, strict=True)
    ]


def _event(alert: Alert) -> ClockAlert:
    timer = alert.before
    if timer.due_at is None:
        raise ValueError("a clock that stands still has no alert")
    more: dict[str, Any] = {}
    if alert.kind is AlertKind.BREACHED:
        more = {"doubts": alert.doubts, "silent": alert.silent}
    elif alert.kind is AlertKind.CLEARED:
        more = {"met_at": alert.scheduled_at}
    return EVENT_OF[alert.kind](
        case_id=timer.case_id,
        clock_id=timer.clock_id,
        kind=timer.kind,
        version=timer.version,
        office=timer.office,
        area=timer.area,
        referral_id=timer.referral_id,
        due_at=timer.due_at,
        fired_at=alert.fired_at,
        level=alert.level,
        late_seconds=alert.late_seconds,
        provisional=timer.provisional,
        **more,
    )


def _alert_rows(
    alerts: Sequence[Alert], events: Sequence[ClockAlert], ids: Sequence[UUID]
) -> Iterator[tuple[object, ...]]:
    for place, (one, event, event_id) in enumerate(zip(alerts, events, ids, strict=True)):
        yield (
            event_id,
            place,
            event.TYPE,
            event.case_id,
            event.referral_id,
            event.clock_id,
            event.kind,
            event.version,
            event.office,
            event.area,
            event.due_at,
            event.fired_at,
            event.level,
            event.late_seconds,
            _json(one.recipients),
        )


def _timer_rows(
    alerts: Sequence[Alert], events: Sequence[ClockAlert], ids: Sequence[UUID]
) -> Iterator[tuple[object, ...]]:
    for one, event, event_id in zip(alerts, events, ids, strict=True):
        clock_id, *state = alerted_row(one.after)
        alert = (event.TYPE, event.fired_at, event.level, event.late_seconds, _json(one.recipients))
        sent = None if one.after.sent is one.before.sent else moments(one.after.sent)
        level, at = one.escalation_start if one.escalation_start is not None else (None, None)
        yield clock_id, event_id, *state, sent, *alert, level, at


@lru_cache(maxsize=CACHE_SIZE)
def _json(recipients: tuple[str, ...]) -> str:
    return msgspec.json.encode(recipients).decode()


def _event_id(alert: Alert) -> UUID:
    """The same for the same level of the same version, whoever sends it and however often it is tried."""
    timer = alert.before
    level = alert.level if alert.kind is AlertKind.DUE_SOON else ""
    return alert_id(timer.clock_id, timer.version, alert.kind, level)


def alert_id(clock_id: UUID, version: int, kind: AlertKind, level: str = "") -> UUID:
    warning = (level,) if level else ()
    return derived_id("alert", str(clock_id), str(version), kind, *warning)
