"""Facts about one legal clock: as it stands after an event, and what the event did to it. They travel in that event."""

from datetime import datetime
from uuid import UUID

import msgspec

from contracts.codes import ClockKind, Confidence


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


class ClockStarted(ClockFacts, frozen=True, kw_only=True, omit_defaults=True, tag="started", tag_field="change"):
    """Runs from now on, or goes on at another office."""


class ClockPaused(ClockFacts, frozen=True, kw_only=True, omit_defaults=True, tag="paused", tag_field="change"):
    reason: str
    since: datetime
    """Since when it stands still: before the event where that was reported late."""


class ClockResumed(ClockFacts, frozen=True, kw_only=True, omit_defaults=True, tag="resumed", tag_field="change"):
    since: datetime
    """Since when it runs again: before the event where that was reported late."""


class ClockExtended(ClockFacts, frozen=True, kw_only=True, omit_defaults=True, tag="extended", tag_field="change"):
    """Approver and reason are mandatory, and the applicant must be told."""

    added: str
    """How much longer, for example `10wd`."""
    approver: str
    reason: str


class ClockStop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clock that ended; `at` is when the answer was received at our edge, and decides whether it was in time."""

    clock_id: UUID
    kind: ClockKind
    version: int
    at: datetime


class ClockMet(ClockStop, frozen=True, kw_only=True, omit_defaults=True, tag="met", tag_field="change"):
    """What it waited for has happened, in time or late."""


class ClockCancelled(ClockStop, frozen=True, kw_only=True, omit_defaults=True, tag="cancelled", tag_field="change"):
    """It waits for nothing any more; it was neither met nor broken by this."""


ClockChange = ClockStarted | ClockPaused | ClockResumed | ClockExtended | ClockMet | ClockCancelled
"""Told apart by `change`."""
