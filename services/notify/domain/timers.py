"""The timer of one clock, and how facts about the clock change it. Nothing here knows what time it is."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.codes import WINDOWS, ClockKind, ClockStatus
from libraries.deadlines import Calendar


class AlertKind(StrEnum):
    """What an alert says of a clock."""

    DUE_SOON = "due_soon"
    """One of its warnings."""
    LAST_DAY = "last_day"
    """Its last day begins."""
    DUE = "due"
    """A right has ended; nobody is late."""
    BREACHED = "breached"
    CLEARED = "cleared"
    """A breach that was sent was none."""


UNTIL_BREACH = frozenset({AlertKind.DUE_SOON, AlertKind.LAST_DAY, AlertKind.BREACHED})
"""Whoever waits for one of these has not been called late yet, and will be."""


class PlannedAlert(NamedTuple):
    """An alert on the way to a clock's end, and when it goes out."""

    at: datetime
    kind: AlertKind
    level: str
    """Empty where the owner named none."""


class Timer(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """`next_fire_at` is when to look again: the moment of `next_alert`, or later while a breach is deferred.

    However many levels a clock has, it waits for one at a time: the first of `pending`, then for its end.
    """

    clock_id: UUID
    case_id: UUID
    referral_id: UUID | None
    kind: ClockKind
    office: str
    area: str
    version: int
    started_at: datetime
    due_soon_at: datetime | None
    due_at: datetime | None
    provisional: bool = False
    status: ClockStatus
    next_alert: AlertKind | None
    next_fire_at: datetime | None
    pending: tuple[PlannedAlert, ...] = ()
    """Alerts before the end that are still to come, the next one first."""
    sent: tuple[PlannedAlert, ...] = ()
    """Alerts that its office got, in whatever version, or was spared: each level where it stood last."""
    breached_at: datetime | None = None
    """When the breach was sent; that it is one was true from the moment after `due_at`."""
    ended_at: datetime | None = None
    """When what it waited for happened, or it was called off."""
    traceparent: str | None = None
    """The trace in which the clock began: its alerts go on in it."""

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None

    def on_time(self) -> bool | None:
        """`None` as long as it is open and nothing is broken, and for good when it was called off."""
        match self.status:
            case ClockStatus.MET:
                return True
            case ClockStatus.BREACHED:
                return False
            case _:
                return None


def initial_state(
    kind: ClockKind, due_at: datetime | None, pending: Sequence[PlannedAlert]
) -> tuple[ClockStatus, AlertKind | None, datetime | None]:
    """The state of a clock that just began or changed: which alert is next, and when."""
    if due_at is None:
        return ClockStatus.PAUSED, None, None
    if kind in WINDOWS:
        return ClockStatus.RUNNING, AlertKind.DUE, due_at
    alert, at = _next(pending, due_at)
    return ClockStatus.RUNNING, alert, at


def planned_alerts(
    warnings: Sequence[tuple[str, datetime]], *, started_at: datetime, due_at: datetime, calendar: Calendar
) -> tuple[PlannedAlert, ...]:
    """The warnings and the last day, in order."""
    moments = [PlannedAlert(at, AlertKind.DUE_SOON, level) for level, at in warnings]
    last_day = calendar.midnight(calendar.civil_day(due_at))
    moments.append(PlannedAlert(last_day, AlertKind.LAST_DAY, AlertKind.LAST_DAY.value))
    return tuple(sorted((one for one in moments if started_at < one.at < due_at), key=lambda one: one.at))


def after_alert(timer: Timer) -> Timer:
    """After the first of `pending` went out. It counts as due soon from the moment that its owner named, not before."""
    if timer.due_at is None:
        raise ValueError("a clock that stands still has no alert")
    first, rest = next(iter(timer.pending), None), timer.pending[1:]
    alert, at = _next(rest, timer.due_at)
    status = ClockStatus.DUE_SOON if first is None or _makes_due_soon(first, timer.due_soon_at) else timer.status
    sent = timer.sent if first is None else _merged(timer.sent, first)
    return replace(timer, status=status, pending=rest, sent=sent, next_alert=alert, next_fire_at=at)


def _makes_due_soon(alert: PlannedAlert, due_soon_at: datetime | None) -> bool:
    return alert.kind is AlertKind.LAST_DAY or due_soon_at is None or alert.at >= due_soon_at


def _merged(sent: tuple[PlannedAlert, ...], *more: PlannedAlert) -> tuple[PlannedAlert, ...]:
    """Each level once, where it stood last."""
    last = {one.level: one for one in sent}
    for one in more:
        known = last.get(one.level)
        last[one.level] = one if known is None or one.at > known.at else known
    return tuple(last.values())


def _next(pending: Sequence[PlannedAlert], due_at: datetime) -> tuple[AlertKind, datetime]:
    return (pending[0].kind, pending[0].at) if pending else (AlertKind.BREACHED, due_at)


def updated(before: Timer | None, now: Timer, received_at: datetime) -> Timer:
    """The timer after its owner said what the clock is like. An older version never overwrites a newer one.

    `now` has everything ahead that the clock has, whether it has passed or not.
    """
    if before is None:
        return _with_next_alert(now, None, received_at)
    if now.version <= before.version or before.has_ended:
        return before
    if before.status is ClockStatus.BREACHED and not _was_moved_later(before, now):
        # A pause or a count after the breach does not undo it, and saying it twice would be a lie.
        # Another office was told nothing yet: with more time, it hears where the clock stands.
        sent = before.sent if before.office == now.office else ()
        return replace(
            before, version=now.version, provisional=now.provisional, office=now.office, area=now.area, sent=sent
        )
    return _with_next_alert(now, before if before.office == now.office else None, received_at)


def taken_over(before: Timer | None, now: Timer, received_at: datetime) -> Timer:
    """The timer of a clock with which another office goes on. A limit that broke where it was is not broken again."""
    if before is None or not _was_breached(before) or _was_moved_later(before, now):
        return updated(None, now, received_at)
    broken_at = before.breached_at or received_at
    return replace(
        now, status=ClockStatus.BREACHED, breached_at=broken_at, pending=(), next_alert=None, next_fire_at=None
    )


def _was_breached(timer: Timer) -> bool:
    """Whether it ran out before it ended, alert or not."""
    late = timer.ended_at is not None and timer.due_at is not None and timer.ended_at > timer.due_at
    return timer.status is ClockStatus.BREACHED or (late and timer.kind not in WINDOWS)


def _with_next_alert(now: Timer, before: Timer | None, received_at: datetime) -> Timer:
    """The timer without alerts that its office got already, and without those that passed but for the last.

    So whoever comes new to a clock that runs, or whose clock was moved past a moment without an alert, learns where
    it stands. `before` is the timer as the same office knew it.
    """
    sent = before.sent if before is not None else ()
    unsent = [one for one in now.pending if before is None or not _was_sent(before, one, now.due_at, received_at)]
    passed = sum(one.at <= received_at for one in unsent)
    pending = tuple(unsent[max(0, passed - 1) :])
    behind = tuple(one for one in now.pending if one not in pending)
    status, alert, at = initial_state(now.kind, now.due_at, pending)
    if any(_makes_due_soon(one, now.due_soon_at) for one in behind):
        status = ClockStatus.DUE_SOON
    return replace(now, status=status, pending=pending, sent=_merged(sent, *behind), next_alert=alert, next_fire_at=at)


def _was_sent(before: Timer, one: PlannedAlert, due_at: datetime | None, received_at: datetime) -> bool:
    """Whether the level was sent for this moment or a later one, or has passed anyway and the end is where it was."""
    last = next((known for known in before.sent if known.level == one.level), None)
    if last is None or one.at <= last.at:
        return last is not None
    waits = any(coming.level == one.level for coming in before.pending)
    return one.at <= received_at and due_at == before.due_at and not waits


def is_breach_missed(before: Timer | None, at: datetime) -> bool:
    """Whether the limit had passed without a breach when its owner changed the clock: then the breach is sent first."""
    return (
        before is not None
        and before.next_alert in UNTIL_BREACH
        and before.due_at is not None
        and before.due_at < at
        and not before.has_ended
    )


def _was_moved_later(before: Timer, now: Timer) -> bool:
    """Whether the end really moved, for example because an extension was granted for it."""
    return now.due_at is not None and before.due_at is not None and now.due_at > before.due_at


def met(timer: Timer, at: datetime) -> Timer:
    """What it waited for has happened. Late is late even if no breach was sent yet: then it still goes out."""
    if timer.has_ended:
        return timer
    if timer.due_at is None or at <= timer.due_at or timer.kind in WINDOWS:
        return _ended(timer, ClockStatus.MET, at)
    return _too_late(timer, at)


def cancelled(timer: Timer, at: datetime) -> Timer:
    """It waits for nothing any more. A breach that happened before stays one."""
    if timer.has_ended:
        return timer
    if timer.due_at is None or at <= timer.due_at or timer.kind in WINDOWS:
        return _ended(timer, ClockStatus.CANCELLED, at)
    return _too_late(timer, at)


def _ended(timer: Timer, status: ClockStatus, at: datetime) -> Timer:
    return replace(timer, status=status, ended_at=at, pending=(), next_alert=None, next_fire_at=None, breached_at=None)


def _too_late(timer: Timer, at: datetime) -> Timer:
    if timer.status is ClockStatus.BREACHED:
        return replace(timer, ended_at=at)
    return replace(timer, ended_at=at, pending=(), next_alert=AlertKind.BREACHED, next_fire_at=timer.due_at)


def without_breach(timer: Timer) -> Timer:
    """As if no breach had been sent: what changed the clock in time was read only afterwards."""
    return replace(timer, status=ClockStatus.DUE_SOON, breached_at=None)


def is_in_time(timer: Timer, at: datetime) -> bool:
    """Whether what came then came before the limit that the timer knows."""
    return timer.due_at is not None and at <= timer.due_at


def is_cleared(before: Timer, after: Timer, at: datetime) -> bool:
    """A breach was sent, and what has just been read of that moment shows that it was none."""
    return before.status is ClockStatus.BREACHED is not after.status and is_in_time(before, at)
