"""What a clock looks like over HTTP, plain and explained; the days themselves are counted and told elsewhere."""

from datetime import date, datetime
from typing import NotRequired, TypedDict
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.clocks import ClockFacts, LimitBasis
from contracts.codes import ClockKind, ClockStatus
from libraries.clocks.clock import LegalClock
from libraries.clocks.wording import office_of
from libraries.policies.model import Policy


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One clock as it stands, the window's or an office's."""

    clock_id: UUID
    referral_id: UUID | None
    kind: ClockKind
    kind_zh: str
    kind_en: str
    office: str
    """Whose time it is: for the decision on a return the decider's, else the referral's office or the window."""
    office_zh: str
    office_en: str
    status: ClockStatus
    limit: str
    extensions: tuple[str, ...] = ()
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    late: bool
    """It was answered after it was due, or its case's timeline says that nobody answered."""
    provisional: bool
    """A notice of holidays may still move `due_at`; never of a clock that has ended."""
    basis: LimitBasis


def view_of(clock: LegalClock, policy: Policy) -> ClockView:
    """By the calendar that its office has today."""
    zh, en = office_of(policy, clock.office)
    ends = clock.due(policy.calendar_of(clock.office))
    return ClockView(
        clock_id=clock.id,
        referral_id=clock.referral_id,
        kind=clock.kind,
        kind_zh=clock.kind.zh,
        kind_en=clock.kind.en,
        office=clock.office,
        office_zh=zh,
        office_en=en,
        status=clock.status,
        limit=str(clock.terms.limit),
        extensions=tuple(map(str, clock.extensions)),
        started_at=clock.started_at,
        due_at=ends.due_at,
        stopped_at=clock.stopped_at,
        late=clock.status is ClockStatus.MET and _after(clock.stopped_at, ends.due_at),
        # What has ended is not counted again.
        provisional=ends.provisional and clock.open,
        basis=clock.terms.basis,
    )


def view_of_facts(facts: ClockFacts, status: ClockStatus, policy: Policy) -> ClockView:
    """As its owner told it while it was open."""
    zh, en = office_of(policy, facts.office)
    return ClockView(
        clock_id=facts.clock_id,
        referral_id=facts.referral_id,
        kind=facts.kind,
        kind_zh=facts.kind.zh,
        kind_en=facts.kind.en,
        office=facts.office,
        office_zh=zh,
        office_en=en,
        status=status,
        limit=facts.limit,
        extensions=facts.extensions,
        started_at=facts.started_at,
        due_at=facts.due_at,
        stopped_at=None,
        late=False,
        provisional=facts.provisional,
        basis=facts.basis,
    )


def stopped_view(view: ClockView, at: datetime, status: ClockStatus) -> ClockView:
    """After it ended then."""
    late = view.late or (status is ClockStatus.MET and _after(at, view.due_at))
    return replace(view, status=status, stopped_at=at, late=late, provisional=False)


def _after(at: datetime | None, due_at: datetime | None) -> bool:
    return at is not None and due_at is not None and at > due_at


class PauseExplained(TypedDict):
    start: datetime
    end: datetime | None
    reason: str
    by: str
    gave_back_days: int
    gave_back_seconds: float
    gave_nothing_back: str | None


class RulesExplained(TypedDict):
    roll_last_day: bool
    close_of_business: str | None


class NoticeExplained(TypedDict):
    year: int
    source: str
    published_on: date | None


class CalendarView(TypedDict):
    version: str
    published_through: date
    settled_through: date


class CalendarExplained(CalendarView):
    notices: list[NoticeExplained]


class DayExplained(TypedDict):
    """One day, whether it counts, and why."""

    date: date
    counts: bool
    reason: str
    extension: bool
    notice: str | None
    ran_seconds: float
    zh: str
    en: str


class GrantExplained(TypedDict):
    """One extension, who agreed to it, and why."""

    limit: str
    approver: str
    approver_zh: str
    approver_en: str
    reason: str
    reason_zh: str
    reason_en: str
    granted_at: datetime | None


class LeadsEnd(TypedDict):
    """Of a co-handler whose own days would go on after the lead's."""

    own_due_at: datetime
    zh: str
    en: str


class ClockExplained(TypedDict):
    clock_id: UUID
    kind: ClockKind
    kind_zh: str
    kind_en: str
    office: str
    office_zh: str
    office_en: str
    round: int
    status: ClockStatus
    started_at: datetime
    stopped_at: datetime | None
    told_due_at: datetime | None
    """What was told of the end of a clock that has stopped, where the calendar of today counts otherwise."""
    start: datetime
    limit: str
    extensions: list[str]
    pauses: list[PauseExplained]
    due_at: datetime | None
    provisional: bool
    rules: RulesExplained
    calendar: CalendarExplained
    basis: LimitBasis
    days: list[DayExplained]
    granted: list[GrantExplained]
    within_the_lead: NotRequired[LeadsEnd]
