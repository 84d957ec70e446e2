"""Alerts, written down and said in the caller's transaction."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import Event
from contracts.events.clocks import ClockBreached, ClockDue, ClockDueSoon
from services.notify import store
from services.notify.domain.firing import Fired
from services.notify.domain.watch import Alert
from services.runtime import journal
from services.runtime.ids import derived_id
from services.runtime.journal import Outgoing

SERVICE: Final = "notify"
EVENT_OF: Final = {
    Alert.DUE_SOON: ClockDueSoon,
    Alert.LAST_DAY: ClockDue,
    Alert.DUE: ClockDue,
    Alert.BREACHED: ClockBreached,
}


async def say(conn: AsyncConnection, fired: Sequence[Fired]) -> None:
    ids = [_event_id(one) for one in fired]
    await store.save_alerts(conn, list(_rows(fired, ids)))
    await journal.add(conn, SERVICE, list(_said(fired, ids)))


def _rows(fired: Sequence[Fired], ids: Sequence[UUID]) -> Iterator[list[object]]:
    for place, (one, event_id) in enumerate(zip(fired, ids, strict=True)):
        watch = one.before
        yield [
            event_id,
            place,
            EVENT_OF[one.alert].TYPE,
            watch.case_id,
            watch.referral_id,
            watch.clock_id,
            watch.kind,
            watch.version,
            watch.office,
            watch.area,
            watch.due_at,
            one.fired_at,
            one.level,
            one.late_seconds,
            msgspec.json.encode(one.recipients).decode(),
        ]


def _said(fired: Sequence[Fired], event_ids: Sequence[UUID]) -> Iterator[Outgoing]:
    for one, event_id in zip(fired, event_ids, strict=True):
        yield Outgoing(event=_alert(one), at=one.fired_at, event_id=event_id)


def _alert(fired: Fired) -> Event:
    watch = fired.before
    if watch.due_at is None:
        raise ValueError("a clock that stands still has no alert")
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
    )


def _event_id(fired: Fired) -> UUID:
    """The same for the same level of the same version, whoever fires it and however often it is tried."""
    watch = fired.before
    warning = (fired.level,) if fired.alert is Alert.DUE_SOON and fired.level else ()
    return derived_id("alert", str(watch.clock_id), str(watch.version), fired.alert, *warning)
