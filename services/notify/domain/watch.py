"""The watch over one clock, and how facts about the clock change it. Nothing here knows what time it is."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.codes import ClockKind, ClockStatus

WINDOWS = frozenset({ClockKind.RETURN_WINDOW, ClockKind.PETITION_OBJECTION, ClockKind.RETENTION})
"""Time in which somebody may do something, or must keep it. When it ends nobody has failed, so nothing is broken."""

HANDLING = frozenset({ClockKind.HANDLING, ClockKind.CO_HANDLING, ClockKind.REWORK})
"""Clocks by which an office's work is judged."""


class Alert(StrEnum):
    """What can be said of a clock."""

    DUE_SOON = "due_soon"
    DUE = "due"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """`next_fire_at` is when to look again: the moment of `next_alert`, or later while a breach is held back."""

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
    kind: ClockKind, due_soon_at: datetime | None, due_at: datetime | None
) -> tuple[ClockStatus, Alert | None, datetime | None]:
    """The state of a clock that just began or changed: what will be said next, and when."""
    if due_at is None:
        return ClockStatus.PAUSED, None, None
    if kind in WINDOWS:
        return ClockStatus.RUNNING, Alert.DUE, due_at
    if due_soon_at is not None and due_soon_at < due_at:
        return ClockStatus.RUNNING, Alert.DUE_SOON, due_soon_at
    return ClockStatus.RUNNING, Alert.BREACHED, due_at


def renewed(before: Watch | None, now: Watch) -> Watch:
    """The watch after its owner said what the clock is like. An older version never overwrites a newer one."""
    if before is None:
        return now
    if now.version <= before.version or before.has_ended:
        return before
    if before.status is ClockStatus.BREACHED and not _moved_on(before, now):
        # A pause or a count after the breach does not undo it, and saying it twice would be a lie.
        return replace(before, version=now.version, provisional=now.provisional)
    return now


def is_owed(before: Watch | None, at: datetime) -> bool:
    """Whether the limit had passed unsaid when its owner changed the clock: the breach is said before the change."""
    return (
        before is not None
        and before.next_alert in (Alert.DUE_SOON, Alert.BREACHED)
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
        return replace(watch, status=ClockStatus.MET, ended_at=at, next_alert=None, next_fire_at=None)
    return _too_late(watch, at)


def cancelled(watch: Watch, at: datetime) -> Watch:
    """It waits for nothing any more. A breach that happened before stays one."""
    if watch.has_ended:
        return watch
    if watch.status is ClockStatus.BREACHED:
        return replace(watch, ended_at=at)
    if watch.due_at is None or at <= watch.due_at or watch.kind in WINDOWS:
        return replace(watch, status=ClockStatus.CANCELLED, ended_at=at, next_alert=None, next_fire_at=None)
    return _too_late(watch, at)


def _too_late(watch: Watch, at: datetime) -> Watch:
    if watch.status is ClockStatus.BREACHED:
        return replace(watch, ended_at=at)
    return replace(watch, ended_at=at, next_alert=Alert.BREACHED, next_fire_at=watch.due_at)


def is_contradicted(before: Watch, after: Watch) -> bool:
    """A breach was said and turned out to be none: the answer had been in time. Must never happen."""
    return before.status is ClockStatus.BREACHED and after.status is ClockStatus.MET
