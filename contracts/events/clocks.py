"""Facts about legal clocks. The owner of a clock says what the limit is; notify says when it is due or broken."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from contracts.codes import ClockKind, Confidence, Doubt
from contracts.events.base import CaseBound


class LimitBasis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The policy row that set a limit, and the law behind it."""

    policy_version: str
    row: str
    source: str
    article: str = ""
    statutory: bool = False
    confidence: Confidence = Confidence.U


class ClockWarning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A moment at which it is said that time runs out."""

    level: str
    """As the policy writes it: the share of the time that is used up (`80%`), or what is left of it (`1wd`)."""
    at: datetime


class ClockFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One clock as it stands after the event. `version` grows with each change of what is due when."""

    clock_id: UUID
    kind: ClockKind
    version: int
    office: str
    area: str
    limit: str
    """Number and unit, for example `5wd`."""
    extensions: tuple[str, ...] = ()
    """What was added to it, in order."""
    started_at: datetime
    due_at: datetime | None = None
    """The last instant in time; `None` while the clock is paused."""
    missed_at: datetime | None = None
    """The last instant in time of a clock that was paused only after it: such a pause gives nothing back."""
    due_soon_at: datetime | None = None
    """When it counts as due soon; a warning before that says only how far it is."""
    provisional: bool = False
    """Counted through days that a notice of holidays may still move."""
    referral_id: UUID | None = None
    basis: LimitBasis
    warnings: tuple[ClockWarning, ...] = ()
    """In order of their moments, all before `due_at`. Without them `due_soon_at` is the only one."""
    continues: UUID | None = None
    """The clock of the office before, with whose time it goes on: what had passed is that office's."""


class ClocksTold(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """Clocks whole, each as it stands after the event."""

    clocks: tuple[ClockFacts, ...]


class ClockStarted(ClocksTold, frozen=True, kw_only=True, omit_defaults=True):
    """Clocks that one act started."""

    TYPE: ClassVar[str] = "clock.started"


class ClockPaused(ClocksTold, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "clock.paused"
    reason: str
    paused_at: datetime
    since: datetime | None = None
    """Since when it stands still, where that was reported late; else since `paused_at`."""


class ClockResumed(ClocksTold, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "clock.resumed"
    resumed_at: datetime
    since: datetime | None = None
    """Since when it runs again, where that was reported late; else since `resumed_at`."""


class ClockExtended(ClocksTold, frozen=True, kw_only=True, omit_defaults=True):
    """Approver and reason are mandatory, and the applicant must be told."""

    TYPE: ClassVar[str] = "clock.extended"
    added: str
    """How much longer, for example `10wd`."""
    approver: str
    reason: str
    extended_at: datetime


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


class ClockRecalculated(ClocksTold, frozen=True, kw_only=True, omit_defaults=True):
    """Dates of open clocks moved although nothing happened to the case itself, for example by a new calendar."""

    TYPE: ClassVar[str] = "clock.recalculated"
    previous_due_at: tuple[datetime | None, ...]
    """Of each clock, in order; none of one that stood still."""
    reason: str
    """`calendar_changed`: another calendar runs. `pause_corrected`: a coordinator put a reported pause right.
    `lead_time`: a co-handler's time ends with the lead's, and that moved. `office_succeeded`: the office is no more,
    and its successor goes on with the clock as it stands."""
    recalculated_at: datetime
    correction: PauseCorrection | None = None
    calendar: str = ""
    """The version of the calendar that counts now, where another one was the reason."""
    notices: tuple[CalendarNotice, ...] = ()
    """That came since the dates before and reach them: the year's own, or one that changed it later. None where a place
    alone changed a day."""


class ClockStop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clock that ended; `at` is when the answer was received at our edge, and decides whether it was in time."""

    clock_id: UUID
    kind: ClockKind
    version: int
    at: datetime


class ClockMet(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """What the clocks waited for has happened, in time or late."""

    TYPE: ClassVar[str] = "clock.met"
    clocks: tuple[ClockStop, ...]


class ClockCancelled(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """The clocks wait for nothing any more; they were neither met nor broken by this."""

    TYPE: ClassVar[str] = "clock.cancelled"
    clocks: tuple[ClockStop, ...]


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
