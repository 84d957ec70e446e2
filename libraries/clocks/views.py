"""What an explained clock looks like as JSON; the days themselves are counted and told elsewhere."""

from datetime import date, datetime
from typing import NotRequired, TypedDict
from uuid import UUID

from contracts.clocks import LimitBasis
from contracts.codes import ClockKind, ClockStatus


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


class CalendarTold(TypedDict):
    version: str
    published_through: date
    settled_through: date


class CalendarExplained(CalendarTold):
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
