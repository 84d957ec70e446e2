"""What happens to clocks by themselves: their owner counts them again, notify says when one is due soon or broken.

What an event does to clocks travels in that event: `contracts.clocks`.
"""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from contracts.clocks import ClockFacts, ClockStop
from contracts.codes import ClockKind, Doubt
from contracts.events.base import CaseBound, ChangesClocks


class PauseCorrection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pause that was wrongly reported: as it was, and as it is now."""

    pause: int
    """Its place among the clock's pauses, from 0."""
    was_start: datetime
    was_end: datetime | None = None
    start: datetime
    end: datetime | None = None
    reason: str
    approver: str


class CalendarNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who arranged the days of a year, or changed them later, and when."""

    year: int
    source: str
    published_on: date | None = None


class ClockRecalculated(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """Dates of open clocks moved although nothing happened to the case itself, for example by a new calendar."""

    TYPE: ClassVar[str] = "clock.recalculated"
    clocks: tuple[ClockFacts, ...]
    """Each as it stands now."""
    previous_due_at: tuple[datetime | None, ...]
    """Of each clock, in order; none of one that stood still."""
    reason: str
    """`calendar_changed`: another calendar runs. `pause_corrected`: a coordinator put a reported pause right.
    `lead_time`: a co-handler's time ends with the lead's, and that moved. `office_succeeded`: the office is no more
    or the area has moved away from it, and another goes on with the clock as it stands."""
    recalculated_at: datetime
    correction: PauseCorrection | None = None
    calendar: str = ""
    """The version of the calendar that counts now, where another one was the reason."""
    notices: tuple[CalendarNotice, ...] = ()
    """That came since the dates before and reach them: the year's own, or one that changed it later. None where a place
    alone changed a day."""


class ClockLapsed(ChangesClocks, frozen=True, kw_only=True, omit_defaults=True):
    """Clocks of rights that nobody used ended with their time, and nothing else happened."""

    TYPE: ClassVar[str] = "clock.lapsed"
    lapsed_at: datetime


class ClockAlert(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """What notify says of one clock, once for each version and level."""

    clock_id: UUID
    kind: ClockKind
    version: int
    office: str
    area: str
    referral_id: UUID | None = None
    due_at: datetime
    fired_at: datetime
    """When it was noticed. The breach itself is the fact that `due_at` passed unanswered."""
    level: str = ""
    """Which of several it is: the warning's level, or `last_day`."""
    late_seconds: int = 0
    """From the moment that it belongs to until it was said; more than moments only after an outage or a hold."""
    provisional: bool = False
    """`due_at` was counted through days that a notice of holidays may still move."""


class ClockDueSoon(ClockAlert, frozen=True, kw_only=True, omit_defaults=True):
    """A warning (预警): so much of the time is used up, or only so much of it is left."""

    TYPE: ClassVar[str] = "clock.due_soon"


class ClockDue(ClockAlert, frozen=True, kw_only=True, omit_defaults=True):
    """The day has come (到期提醒): level `last_day`, said when the last day begins.

    Not at `due_at` itself: a microsecond later the clock is broken, and whoever hears of it then can do nothing
    more. Only time in which somebody may do something, as a return window, is said at its end, without a level:
    there the end is the news, and nobody is late.
    """

    TYPE: ClassVar[str] = "clock.due"


class SilentWriter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A service whose word could have stopped a clock, and that has not come so far."""

    service: str
    since: datetime | None = None
    """The moment up to which it has said everything; none where it has never said so."""


class ClockBreached(ClockAlert, frozen=True, kw_only=True, omit_defaults=True):
    """The limit has passed unanswered.

    With `doubts` it is said for the time being: not everything that may have come in time is known yet, and
    `clock.cleared` takes it back if something did.
    """

    TYPE: ClassVar[str] = "clock.breached"
    doubts: tuple[Doubt, ...] = ()
    silent: tuple[SilentWriter, ...] = ()
    """Whom nobody waited for any longer, with the doubt `writer`."""


class ClockCleared(ClockAlert, frozen=True, kw_only=True, omit_defaults=True):
    """A breach that was said was none: what the clock waited for had come in time, and was read later."""

    TYPE: ClassVar[str] = "clock.cleared"
    met_at: datetime
    """When it had come."""


def clocks_in(event: CaseBound) -> tuple[ClockFacts | ClockStop, ...]:
    """Of which clocks an event tells, whether it changed them or they were counted again."""
    return event.clocks if isinstance(event, ChangesClocks | ClockRecalculated) else ()


AnyClockAlert = ClockDueSoon | ClockDue | ClockBreached | ClockCleared
