"""The watch over one clock, and how facts about the clock change it. Nothing here knows what time it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.codes import WINDOWS, ClockKind, ClockStatus
from libraries.deadlines.limits import civil_day, midnight


class Alert(StrEnum):
    """What can be said of a clock."""

    DUE_SOON = "due_soon"
    """One of its warnings."""
    LAST_DAY = "last_day"
    """Its last day begins."""
    DUE = "due"
    """A right has ended; nobody is late."""
    BREACHED = "breached"
    CLEARED = "cleared"
    """A breach that was said was none."""


BEFORE_A_BREACH = frozenset({Alert.DUE_SOON, Alert.LAST_DAY, Alert.BREACHED})
"""Whoever waits for one of these has not been called late yet, and will be."""


class Ahead(NamedTuple):
    """What is said of a clock on the way to its end, and when."""

    at: datetime
    alert: Alert
    level: str
    """Empty where the owner named none."""


class Watch(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """`next_fire_at` is when to look again: the moment of `next_alert`, or later while a breach is held back.

    However many levels a clock has, it waits for one at a time: the first of `ahead`, then for its end.
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
    next_alert: Alert | None
    next_fire_at: datetime | None
    ahead: tuple[Ahead, ...] = ()
    """What will be said before the end, the next one first."""
    heard: tuple[Ahead, ...] = ()
    """What its office has heard, in whatever version, or was spared: each level where it stood last."""
    breached_at: datetime | None = None
    """When the breach was said; that it is one was true from the moment after `due_at`."""
    ended_at: datetime | None = None
    """When what it waited for happened, or it was called off."""

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


def waiting_for(
    kind: ClockKind, due_at: datetime | None, ahead: Sequence[Ahead]
) -> tuple[ClockStatus, Alert | None, datetime | None]:
    """The state of a clock that just began or changed: what will be said next, and when."""
    if due_at is None:
        return ClockStatus.PAUSED, None, None
    if kind in WINDOWS:
        return ClockStatus.RUNNING, Alert.DUE, due_at
    alert, at = _next(ahead, due_at)
    return ClockStatus.RUNNING, alert, at


def moments_of(
    warnings: Sequence[tuple[str, datetime]], *, started_at: datetime, due_at: datetime
) -> tuple[Ahead, ...]:
    """The warnings and the last day, in order."""
    moments = [Ahead(at, Alert.DUE_SOON, level) for level, at in warnings]
    moments.append(Ahead(midnight(civil_day(due_at)).astimezone(UTC), Alert.LAST_DAY, Alert.LAST_DAY.value))
    return tuple(sorted((one for one in moments if started_at < one.at < due_at), key=lambda one: one.at))


def told(watch: Watch) -> Watch:
    """After the first of `ahead` was said. It counts as due soon from the moment that its owner named, not before."""
    if watch.due_at is None:
        raise ValueError("a clock that stands still has no alert")
    said, rest = next(iter(watch.ahead), None), watch.ahead[1:]
    alert, at = _next(rest, watch.due_at)
    status = ClockStatus.DUE_SOON if said is None or _presses(said, watch.due_soon_at) else watch.status
    heard = watch.heard if said is None else _with(watch.heard, said)
    return replace(watch, status=status, ahead=rest, heard=heard, next_alert=alert, next_fire_at=at)


def _presses(said: Ahead, due_soon_at: datetime | None) -> bool:
    return said.alert is Alert.LAST_DAY or due_soon_at is None or said.at >= due_soon_at


def _with(heard: tuple[Ahead, ...], *more: Ahead) -> tuple[Ahead, ...]:
    """Each level once, where it stood last."""
    last = {one.level: one for one in heard}
    for one in more:
        known = last.get(one.level)
        last[one.level] = one if known is None or one.at > known.at else known
    return tuple(last.values())


def _next(ahead: Sequence[Ahead], due_at: datetime) -> tuple[Alert, datetime]:
    return (ahead[0].alert, ahead[0].at) if ahead else (Alert.BREACHED, due_at)


def renewed(before: Watch | None, now: Watch, said_at: datetime) -> Watch:
    """The watch after its owner said what the clock is like. An older version never overwrites a newer one.

    `now` has everything ahead that the clock has, whether it has passed or not.
    """
    if before is None:
        return _from_here(now, None, said_at)
    if now.version <= before.version or before.has_ended:
        return before
    if before.status is ClockStatus.BREACHED and not _moved_on(before, now):
        # A pause or a count after the breach does not undo it, and saying it twice would be a lie.
        return replace(before, version=now.version, provisional=now.provisional, office=now.office, area=now.area)
    return _from_here(now, before if before.office == now.office else None, said_at)


def taken_over(before: Watch | None, now: Watch, said_at: datetime) -> Watch:
    """The watch over a clock with which another office goes on. A limit that broke where it was is not broken again."""
    if before is None or not _broke(before) or _moved_on(before, now):
        return renewed(None, now, said_at)
    broken_at = before.breached_at or said_at
    return replace(
        now, status=ClockStatus.BREACHED, breached_at=broken_at, ahead=(), next_alert=None, next_fire_at=None
    )


def _broke(watch: Watch) -> bool:
    """Whether it ran out before it ended, said or not."""
    late = watch.ended_at is not None and watch.due_at is not None and watch.ended_at > watch.due_at
    return watch.status is ClockStatus.BREACHED or (late and watch.kind not in WINDOWS)


def _from_here(now: Watch, before: Watch | None, said_at: datetime) -> Watch:
    """The watch without what needs no saying: what its office has heard, and what has passed but for the last.

    So whoever comes new to a clock that runs, or whose clock was moved past a moment that nobody has said, hears where
    it stands. `before` is the watch as the same office knew it.
    """
    heard = before.heard if before is not None else ()
    unheard = [one for one in now.ahead if before is None or not _has_heard(before, one, now.due_at, said_at)]
    passed = sum(one.at <= said_at for one in unheard)
    ahead = tuple(unheard[max(0, passed - 1) :])
    behind = tuple(one for one in now.ahead if one not in ahead)
    status, alert, at = waiting_for(now.kind, now.due_at, ahead)
    if any(_presses(one, now.due_soon_at) for one in behind):
        status = ClockStatus.DUE_SOON
    return replace(now, status=status, ahead=ahead, heard=_with(heard, *behind), next_alert=alert, next_fire_at=at)


def _has_heard(before: Watch, one: Ahead, due_at: datetime | None, said_at: datetime) -> bool:
    """Whether the level was said for this moment or a later one, or has passed anyway and the end is where it was."""
    said = next((known for known in before.heard if known.level == one.level), None)
    if said is None or one.at <= said.at:
        return said is not None
    waits = any(coming.level == one.level for coming in before.ahead)
    return one.at <= said_at and due_at == before.due_at and not waits


def is_owed(before: Watch | None, at: datetime) -> bool:
    """Whether the limit had passed unsaid when its owner changed the clock: the breach is said before the change."""
    return (
        before is not None
        and before.next_alert in BEFORE_A_BREACH
        and before.due_at is not None
        and before.due_at < at
        and not before.has_ended
    )


def _moved_on(before: Watch, now: Watch) -> bool:
    """Whether the end really moved, for example because an extension was granted for it."""
    return now.due_at is not None and before.due_at is not None and now.due_at > before.due_at


def met(watch: Watch, at: datetime) -> Watch:
    """What it waited for has happened. Late is late even if nobody has said so yet: then the breach still goes out."""
    if watch.has_ended:
        return watch
    if watch.due_at is None or at <= watch.due_at or watch.kind in WINDOWS:
        return _ended(watch, ClockStatus.MET, at)
    return _too_late(watch, at)


def cancelled(watch: Watch, at: datetime) -> Watch:
    """It waits for nothing any more. A breach that happened before stays one."""
    if watch.has_ended:
        return watch
    if watch.due_at is None or at <= watch.due_at or watch.kind in WINDOWS:
        return _ended(watch, ClockStatus.CANCELLED, at)
    return _too_late(watch, at)


def _ended(watch: Watch, status: ClockStatus, at: datetime) -> Watch:
    return replace(watch, status=status, ended_at=at, ahead=(), next_alert=None, next_fire_at=None, breached_at=None)


def _too_late(watch: Watch, at: datetime) -> Watch:
    if watch.status is ClockStatus.BREACHED:
        return replace(watch, ended_at=at)
    return replace(watch, ended_at=at, ahead=(), next_alert=Alert.BREACHED, next_fire_at=watch.due_at)


def unbroken(watch: Watch) -> Watch:
    """As if no breach had been said: what changed the clock in time was read only afterwards."""
    return replace(watch, status=ClockStatus.DUE_SOON, breached_at=None)


def is_in_time(watch: Watch, at: datetime) -> bool:
    """Whether what came then came before the limit that the watch knows."""
    return watch.due_at is not None and at <= watch.due_at


def is_cleared(before: Watch, after: Watch, at: datetime) -> bool:
    """A breach was said, and what has just been read of that moment shows that it was none."""
    return before.status is ClockStatus.BREACHED is not after.status and is_in_time(before, at)
