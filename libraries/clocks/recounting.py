"""What another calendar makes of an open clock: its next version where a date moves, and nothing at all elsewhere."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from contracts.events.clocks import CalendarNotice, ClockRecalculated
from libraries.clocks.clock import AnnouncedDates, LegalClock, facts_of
from libraries.deadlines import Calendar, Notice
from libraries.ids import derived_id
from libraries.policies.model import Policy

CALENDAR_CHANGED = "calendar_changed"
OFFICE_SUCCEEDED = "office_succeeded"
"""Why a clock was told again."""
DECEMBER = 12
_VERSION = re.compile(r"cn-([0-9]{4})-")


@lru_cache(maxsize=8)
def calendar_version(policy: Policy) -> str:
    """Names the days of all offices together; another text as soon as one day of one office changes."""
    own = {code: policy.calendar_of(code).version for code in sorted(policy.offices)}
    different = [f"{code}={version}" for code, version in own.items() if version != policy.calendar.version]
    if not different:
        return policy.calendar.version
    digest = hashlib.sha256("\n".join(different).encode()).hexdigest()[:12]
    return f"{policy.calendar.version}+{digest}"


def current_dates(clock: LegalClock, policy: Policy) -> AnnouncedDates:
    """What others are told of the clock as it is."""
    calendar = policy.calendar_of(clock.office)
    ends = clock.announced(calendar)
    return AnnouncedDates(
        version=clock.version,
        calendar=calendar.version,
        due_at=ends.due_at,
        due_soon_at=clock.due_soon(calendar),
        provisional=ends.provisional,
        warnings=tuple(warning.at for warning in clock.warned(ends, calendar)),
    )


def written(clock: LegalClock, policy: Policy) -> LegalClock:
    """The clock with what is told of it. A version that was told before keeps that, whatever calendar runs now."""
    if clock.announced_dates is not None and clock.announced_dates.version == clock.version:
        return clock
    return replace(clock, announced_dates=current_dates(clock, policy))


def recount(clock: LegalClock, policy: Policy) -> LegalClock:
    """The clock by the running calendar; the very same one if nothing that was told of it changes."""
    announced = clock.announced_dates
    if announced is None or not clock.open:
        return written(clock, policy)
    if announced.calendar == policy.calendar_of(clock.office).version:
        return clock
    now = current_dates(clock, policy)
    if announced.warnings is None:
        announced = replace(announced, warnings=now.warnings)
    if now.dates == announced.dates:
        return clock
    version = clock.version + 1
    return replace(clock, version=version, announced_dates=replace(now, version=version))


def succeeded(clock: LegalClock, policy: Policy, heir: str | None = None) -> LegalClock:
    """The clock with whoever has its office's work and its area's ground today: start, pauses and time stay.

    `heir` has the work where that is not the office's own successor. The very same clock if nothing of that changed.
    """
    office, area = heir or policy.office_code_now(clock.office), policy.area_code_now(clock.area)
    if not clock.open or (office, area) == (clock.office, clock.area):
        return clock
    return written(replace(clock, office=office, area=area, version=clock.version + 1, announced_dates=None), policy)


def handed_on(
    case_id: UUID, moved: Sequence[tuple[LegalClock, LegalClock]], policy: Policy, at: datetime
) -> ClockRecalculated:
    """What is said of clocks with which a successor goes on, each as it was and as it is."""
    announced = [written(before, policy).announced_dates for before, _ in moved]
    return ClockRecalculated(
        case_id=case_id,
        clocks=facts_of([after for _, after in moved], policy),
        previous_due_at=tuple(one.due_at if one is not None else None for one in announced),
        reason=OFFICE_SUCCEEDED,
        recalculated_at=at,
    )


def version_of(clock: LegalClock, policy: Policy) -> str | None:
    """What stands beside a written clock: none where no calendar matters, nothing known where it is counted again."""
    if not clock.open or not clock.by_calendar:
        return None
    current = (
        clock.announced_dates is not None and clock.announced_dates.calendar == policy.calendar_of(clock.office).version
    )
    return calendar_version(policy) if current else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """A clock before and after it was counted again."""

    case_id: UUID
    before: LegalClock
    after: LegalClock

    @property
    def moved(self) -> bool:
        return self.after.version != self.before.version

    @property
    def changed(self) -> bool:
        """Whether its row is to be written again."""
        return self.after is not self.before and self.after.open


def announcements(
    counted: Iterable[Recounted], policy: Policy, at: datetime
) -> Iterator[tuple[UUID, ClockRecalculated]]:
    """One event for each case and office whose dates moved, with its id: an office gets what is about itself alone."""
    groups: defaultdict[tuple[UUID, str], list[Recounted]] = defaultdict(list)
    for one in counted:
        if one.moved:
            groups[one.case_id, one.after.office].append(one)
    for (case_id, _), moved in groups.items():
        # The same for the same versions of the same clocks, whoever counts and however often it is tried.
        event_id = derived_id("recount", *(f"{one.after.id}/{one.after.version}" for one in moved))
        yield event_id, recalculated(case_id, [(one.before, one.after) for one in moved], policy, at)


def recalculated(
    case_id: UUID, moved: Sequence[tuple[LegalClock, LegalClock]], policy: Policy, at: datetime
) -> ClockRecalculated:
    """What is said of clocks of one office, each as it was and as it is."""
    before, after = [one.announced_dates for one, _ in moved], [one for _, one in moved]
    calendar = policy.calendar_of(after[0].office)
    announced = [one for one in (*before, *(clock.announced_dates for clock in after)) if one is not None]
    latest = max((calendar.civil_day(one.due_at) for one in announced if one.due_at is not None), default=0)
    days = range(min(calendar.civil_day(clock.started_at) for clock in after), latest + 1)
    new = {notice for one in before if one is not None for notice in _new_notices(one.calendar, calendar, days)}
    return ClockRecalculated(
        case_id=case_id,
        clocks=facts_of(after, policy),
        previous_due_at=tuple(one.due_at if one is not None else None for one in before),
        reason=CALENDAR_CHANGED,
        recalculated_at=at,
        calendar=calendar.version,
        notices=tuple(
            CalendarNotice(year=notice.year, source=notice.source, published_on=notice.published_on)
            for notice in sorted(new, key=lambda notice: notice.place)
        ),
    )


def _new_notices(announced: str, calendar: Calendar, days: range) -> list[Notice]:
    """That came since a calendar of this version was told, as far as they reach the days."""
    version, national = _VERSION.match(announced), announced.partition(".")[0]
    if version is None or national == calendar.national:
        # Of another form nothing new is known; and what a place says of itself is no notice.
        return []
    earlier, known = _earlier(calendar, national), int(version[1])
    if earlier is not None:
        new = [notice for notice in calendar.notices if notice not in earlier.notices]
        return [notice for notice in new if _reaches(notice, days, calendar.said_by(notice))]
    new = [notice for notice in calendar.notices if known < notice.year <= calendar.published_through.year]
    new = [notice for notice in new if _reaches(notice, days, calendar.said_by(notice))]
    # A file that was written over: what counts now is the latest word on these days.
    return new or sorted(calendar.notices_of(map(date.fromordinal, days)), key=_out_on)[-1:]


@lru_cache(maxsize=64)
def _earlier(calendar: Calendar, national: str) -> Calendar | None:
    """Many clocks were told by one version."""
    return calendar.before(national)


def _reaches(notice: Notice, days: range, said: Collection[int]) -> bool:
    """Whether a date among the days rests on the notice: one that arranges the year may move the December before."""
    if notice.order == 1:
        return days.stop > date(notice.year - 1, DECEMBER, 1).toordinal()
    return any(day in days for day in said)


def _out_on(notice: Notice) -> tuple[date, tuple[int, int]]:
    return notice.published_on or date.min, notice.place
