"""The working-day calendar: weekends, statutory holidays and the make-up days (调休) that turn a weekend into work."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import metadata

import holidays

from services.deadlines.limits import BadQuestion

FIRST_YEAR = 2007
LAST_YEAR = 2099
SATURDAY = 5


class DayReason(StrEnum):
    WORKDAY = "workday"
    MAKE_UP = "make_up"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFacts:
    """What a day is, and what people call it."""

    works: bool
    reason: DayReason
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A day on which one place differs from the national calendar, for example a day of heavy snow."""

    works: bool
    zh: str
    en: str


class Calendar:
    """Which days work, answered by position in one sorted list."""

    __slots__ = ("_days", "_named", "published_through", "version")

    def __init__(self, named: Mapping[int, DayFacts], published_through: date, version: str) -> None:
        self._named = dict(named)
        self.published_through = published_through
        self.version = version
        first, last = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()
        self._days = [day for day in range(first, last + 1) if self._works(day)]

    def _works(self, ordinal: int) -> bool:
        facts = self._named.get(ordinal)
        return facts.works if facts is not None else (ordinal - 1) % 7 < SATURDAY

    def works(self, ordinal: int) -> bool:
        at = bisect_left(self._days, ordinal)
        return at < len(self._days) and self._days[at] == ordinal

    def day(self, ordinal: int) -> DayFacts:
        named = self._named.get(ordinal)
        if named is not None:
            return named
        if (ordinal - 1) % 7 < SATURDAY:
            return DayFacts(works=True, reason=DayReason.WORKDAY, zh="工作日", en="working day")
        return DayFacts(works=False, reason=DayReason.WEEKEND, zh="周末", en="weekend")

    def working_days_until(self, ordinal: int) -> int:
        """How many working days there are from the first day of the calendar through this one."""
        return bisect_right(self._days, ordinal)

    def working_day_after(self, ordinal: int, number: int) -> int:
        """The n-th working day after the day."""
        at = bisect_right(self._days, ordinal) + number - 1
        if ordinal < date(FIRST_YEAR, 1, 1).toordinal() or at >= len(self._days):
            raise BadQuestion("start", "calendar_range", f"the calendar covers {FIRST_YEAR} to {LAST_YEAR}")
        return self._days[at]

    def working_day_from(self, ordinal: int) -> int:
        """The day itself if it works, else the next one that does."""
        return self.working_day_after(ordinal - 1, 1)

    def with_overrides(self, overrides: Mapping[date, Override], version: str) -> "Calendar":
        named = dict(self._named)
        for day, override in overrides.items():
            reason = DayReason.MAKE_UP if override.works else DayReason.HOLIDAY
            facts = DayFacts(works=override.works, reason=reason, zh=override.zh, en=override.en)
            named[day.toordinal()] = facts
        return Calendar(named, self.published_through, version)


@cache
def statutory_calendar() -> Calendar:
    """The national calendar. Its last published year is the last for which make-up days are known.

    The package `holidays` works out fixed and lunar holidays of later years too, but the State Council moves days
    around each year, so a date counted past `published_through` is provisional.
    """
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    chinese = holidays.country_holidays("CN", years=years, language="zh_CN")
    english = holidays.country_holidays("CN", years=years, language="en_US")
    named = {
        day.toordinal(): DayFacts(works=False, reason=DayReason.HOLIDAY, zh=name, en=english.get(day, name))
        for day, name in chinese.items()
    }
    make_up_days = chinese.weekend_workdays
    for day in make_up_days:
        named[day.toordinal()] = DayFacts(works=True, reason=DayReason.MAKE_UP, zh="调休上班", en="make-up working day")
    last = max(day.year for day in make_up_days)
    return Calendar(named, date(last, 12, 31), f"holidays-{metadata.version('holidays')}")
