"""Alerts, written down and said in the caller's transaction."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.clocks import ClockAlert, ClockBreached, ClockCleared, ClockDue, ClockDueSoon
from libraries.ids import derived_id
from libraries.runtime.metrics import TOLD_IN_PLACE_OF
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.notify.domain.alerts import MANY, Fired
from services.notify.domain.timers import Alert
from services.notify.watching import due, store
from services.notify.watching.rows import moments, moved_row

SERVICE: Final = "notify"
EVENT_OF: Final[dict[Alert, type[ClockAlert]]] = {
    Alert.DUE_SOON: ClockDueSoon,
    Alert.LAST_DAY: ClockDue,
    Alert.DUE: ClockDue,
    Alert.BREACHED: ClockBreached,
    Alert.CLEARED: ClockCleared,
}


async def say(conn: AsyncConnection, fired: Sequence[Fired]) -> None:
    """What each watch comes to is the caller's to write."""
    events = [_alert(one) for one in fired]
    ids = [_event_id(one) for one in fired]
    count_stand_ins((one.before.office, one.recipients) for one in fired)
    await store.save_alerts(conn, list(_alerts(fired, events, ids)))
    await journal.add(conn, SERVICE, _outgoing(events, ids))


async def say_and_move(conn: AsyncConnection, fired: Sequence[Fired]) -> None:
    """As `say`; each watch becomes what it is after its alert, and supervisions begin. The caller holds the watches."""
    events = [_alert(one) for one in fired]
    ids = [_event_id(one) for one in fired]
    count_stand_ins((one.before.office, one.recipients) for one in fired)
    await due.save_said(conn, list(_moves(fired, events, ids)))
    await journal.add(conn, SERVICE, _outgoing(events, ids))


def count_stand_ins(told: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Pairs of office and recipients: an office that exists is among those who are told."""
    TOLD_IN_PLACE_OF.labels(SERVICE).inc(
        sum(bool(recipients) and office not in recipients for office, recipients in told)
    )


def _outgoing(events: Sequence[ClockAlert], ids: Sequence[UUID]) -> list[Outgoing]:
    return [
        Outgoing(event=event, at=event.fired_at, event_id=event_id) for event, event_id in zip(events, ids, strict=True)
    ]


def _alert(fired: Fired) -> ClockAlert:
    watch = fired.before
    if watch.due_at is None:
        raise ValueError("a clock that stands still has no alert")
    more: dict[str, Any] = {}
    if fired.alert is Alert.BREACHED:
        more = {"doubts": fired.doubts, "silent": fired.silent}
    elif fired.alert is Alert.CLEARED:
        more = {"met_at": fired.moment}
    return EVENT_OF[fired.alert](
        case_id=watch.case_id,
        clock_id=watch.clock_id,
        kind=watch.kind,
        version=watch.version,
        office=watch.office,
        area=watch.area,
        referral_id=watch.referral_id,
        due_at=watch.due_at,
        fired_at=fired.fired_at,
        level=fired.level,
        late_seconds=fired.late_seconds,
        provisional=watch.provisional,
        **more,
    )


def _alerts(fired: Sequence[Fired], events: Sequence[ClockAlert], ids: Sequence[UUID]) -> Iterator[tuple[object, ...]]:
    for place, (one, event, event_id) in enumerate(zip(fired, events, ids, strict=True)):
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


def _moves(fired: Sequence[Fired], events: Sequence[ClockAlert], ids: Sequence[UUID]) -> Iterator[tuple[object, ...]]:
    for one, event, event_id in zip(fired, events, ids, strict=True):
        clock_id, *moved = moved_row(one.after)
        alert = (event.TYPE, event.fired_at, event.level, event.late_seconds, _json(one.recipients))
        heard = None if one.after.heard is one.before.heard else moments(one.after.heard)
        level, at = one.begins if one.begins is not None else (None, None)
        yield clock_id, event_id, *moved, heard, *alert, level, at


@lru_cache(maxsize=MANY)
def _json(recipients: tuple[str, ...]) -> str:
    return msgspec.json.encode(recipients).decode()


def _event_id(fired: Fired) -> UUID:
    """The same for the same level of the same version, whoever fires it and however often it is tried."""
    watch = fired.before
    level = fired.level if fired.alert is Alert.DUE_SOON else ""
    return alert_id(watch.clock_id, watch.version, fired.alert, level)


def alert_id(clock_id: UUID, version: int, alert: Alert, level: str = "") -> UUID:
    warning = (level,) if level else ()
    return derived_id("alert", str(clock_id), str(version), alert, *warning)
