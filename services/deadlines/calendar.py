"""The working-day calendar: weekends, statutory holidays and the make-up days (调休) that turn a weekend into work."""

import hashlib
import importlib.util
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import cast

import holidays
from holidays.observed_holiday_base import ObservedHolidayBase

from services.deadlines.limits import FIRST_DAY, FIRST_YEAR, LAST_DAY, LAST_YEAR, outside
from services.deadlines.notices import Notice, shipped_notice

SATURDAY = 5
UNSETTLED_DAYS = 3
"""So many days at the end of the last published year may still move: the next notice has taken 29 and 31 December for
New Year's Day (2007, 2018) or worked the 31st (2011), and none since 2007 has moved an earlier day."""

FESTIVALS = frozenset({"元旦", "农历除夕", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"})
"""What 全国年节及纪念日放假办法 gives everybody a day for, by the names that the package `holidays` has for them."""


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
    """What somebody says of one day: a notice for the whole country, or one place of itself, as when snow falls."""

    works: bool
    zh: str
    en: str

    @property
    def facts(self) -> DayFacts:
        reason = DayReason.MAKE_UP if self.works else DayReason.HOLIDAY
        return DayFacts(works=self.works, reason=reason, zh=self.zh, en=self.en)


WORKDAY = DayFacts(works=True, reason=DayReason.WORKDAY, zh="工作日", en="working day")
WEEKEND = DayFacts(works=False, reason=DayReason.WEEKEND, zh="周末", en="weekend")


class Calendar:
    """Which days work, answered by position in one sorted list."""

    __slots__ = ("_days", "_named", "notices", "published_through", "settled_through", "version")

    def __init__(self, named: Mapping[int, DayFacts], notices: Mapping[int, Notice]) -> None:
        self._named = dict(named)
        self.notices = dict(notices)
        self.published_through = date(_last_of_run(notices), 12, 31)
        """Later days are a guess: the State Council moves days around each year."""
        self.settled_through = self.published_through - timedelta(days=UNSETTLED_DAYS)
        """Later days may still change by a notice, so a date that was counted through them is provisional."""
        resting = {day for day, facts in named.items() if not facts.works}
        working = {day for day, facts in named.items() if facts.works}
        weekdays = _weekdays()
        self._days = sorted((weekdays - resting) | working)
        self.version = self._version((weekdays & resting) | (working - weekdays))
        """Changes with the days that work and with the last published year, and with nothing else."""

    def _version(self, moved: AbstractSet[int]) -> str:
        digest = hashlib.sha256(",".join(map(str, sorted(moved))).encode()).hexdigest()[:10]
        return f"cn-{self.published_through.year}-{digest}"

    def notices_of(self, days: Iterable[date]) -> list[Notice]:
        """Who published the years of the days."""
        years = sorted({day.year for day in days if day <= self.published_through})
        return [self.notices[year] for year in years if year in self.notices]

    def works(self, ordinal: int) -> bool:
        at = bisect_left(self._days, ordinal)
        return at < len(self._days) and self._days[at] == ordinal

    def day(self, ordinal: int) -> DayFacts:
        named = self._named.get(ordinal)
        if named is not None:
            return named
        return WORKDAY if is_weekday(ordinal) else WEEKEND

    def working_days_until(self, ordinal: int) -> int:
        """How many working days there are from the first day of the calendar through this one."""
        return bisect_right(self._days, ordinal)

    def working_day_after(self, ordinal: int, number: int) -> int:
        """The n-th working day after the day."""
        at = bisect_right(self._days, ordinal) + number - 1
        if at >= len(self._days):
            raise outside("limit")
        return self._days[at]

    def working_day_from(self, ordinal: int) -> int:
        """The day itself if it works, else the next one that does."""
        return self.working_day_after(ordinal - 1, 1)

    def differing_days(self, other: "Calendar") -> list[date]:
        """The days that work here and not there, or the other way round."""
        named = set(self._named) | set(other._named)  # noqa: SLF001 - the other is one of us
        return [date.fromordinal(day) for day in sorted(named) if self.works(day) is not other.works(day)]

    def with_year(self, notice: Notice, days: Mapping[date, Override]) -> "Calendar":
        """The calendar with a year as a notice has it; its guesses of that year go.

        A notice may also move days of the December before, for the sake of New Year's Day.
        """
        kept = {day: facts for day, facts in self._named.items() if date.fromordinal(day).year != notice.year}
        said = {day.toordinal(): override.facts for day, override in days.items()}
        return Calendar({**kept, **said}, {**self.notices, notice.year: notice})

    def with_overrides(self, overrides: Mapping[date, Override]) -> "Calendar":
        said = {day.toordinal(): override.facts for day, override in overrides.items()}
        return Calendar({**self._named, **said}, self.notices)


def is_weekday(ordinal: int) -> bool:
    return (ordinal - 1) % 7 < SATURDAY


@cache
def _weekdays() -> frozenset[int]:
    return frozenset(day for day in range(FIRST_DAY, LAST_DAY + 1) if is_weekday(day))


def _last_of_run(notices: Mapping[int, Notice]) -> int:
    year = min(notices)
    while year + 1 in notices:
        year += 1
    return year


@cache
def _china() -> type[ObservedHolidayBase]:
    """`holidays.China`. Asked for by that name, the package reads 250 countries, longer than a whole policy takes."""
    path = Path(holidays.__file__).with_name("countries") / "china.py"
    spec = importlib.util.spec_from_file_location("holidays_of_china", path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("type[ObservedHolidayBase]", module.China)


@cache
def holidays_by_law(year: int) -> Mapping[date, tuple[str, str]]:
    """The days of 全国年节及纪念日放假办法 as it stood in the year, lunar ones too, with their names.

    A notice moves other days around them; these themselves are never worked.
    """
    chinese, english = (_china()(years=year, language=language, observed=False) for language in ("zh_CN", "en_US"))
    found = {day: (name, english[day]) for day, name in sorted(chinese.items())}
    return {day: names for day, names in found.items() if FESTIVALS.issuperset(names[0].split("; "))}


@cache
def statutory_calendar() -> Calendar:
    """The national calendar as the package `holidays` carries it.

    The package works out fixed and lunar holidays of later years too, but make-up days only of years whose notice
    it knows: those count as published.
    """
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    chinese, english = (_china()(years=years, language=language) for language in ("zh_CN", "en_US"))
    named = {
        day.toordinal(): DayFacts(works=False, reason=DayReason.HOLIDAY, zh=name, en=english.get(day, name))
        for day, name in chinese.items()
    }
    make_up_days = chinese.weekend_workdays
    for day in make_up_days:
        named[day.toordinal()] = DayFacts(works=True, reason=DayReason.MAKE_UP, zh="调休上班", en="make-up working day")
    last = max(day.year for day in make_up_days)
    return Calendar(named, {year: shipped_notice(year) for year in range(FIRST_YEAR, last + 1)})
