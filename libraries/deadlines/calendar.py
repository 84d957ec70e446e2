"""The working-day calendar: weekends, statutory holidays and the make-up days (调休) that turn a weekend into work."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import Final

from libraries.deadlines.civil_time import DAY, civil_day, closing, last_instant, midnight, odd_days, opening
from libraries.deadlines.limits import FIRST_DAY, LAST_DAY, LAST_YEAR, CountingRules, outside, sound
from libraries.deadlines.notices import Notice

SATURDAY, DECEMBER = 5, 12
CHINA: Final = "CN"
"""The one country whose years are arranged by notices; all others have what their law says."""
MOST_NEW = 12
"""So many notices that came since a calendar was loaded are looked through for it."""
UNSETTLED_DAYS = 3
"""So many days at the end of the last published year may still move: the next notice has taken 29 and 31 December for
New Year's Day (2007, 2018) or worked the 31st (2011), and none since 2007 has moved an earlier day."""


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
    notice: Notice | None = None
    """Whose word it is; nobody's of a plain day, of a guess, and of what a place says of itself."""


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
MAKE_UP = DayFacts(works=True, reason=DayReason.MAKE_UP, zh="调休上班", en="make-up working day")
WEEKEND = DayFacts(works=False, reason=DayReason.WEEKEND, zh="周末", en="weekend")


Named = Mapping[int, DayFacts]
"""What somebody says of days; of all others nothing."""
Said = tuple[Notice, Named]


class Calendar:
    """Which days work, answered by position in one sorted list.

    Guesses hold where no notice arranges the year; of notices the later one stands, whichever came in first; over all
    of them stands what a place says of itself.
    """

    __slots__ = ("_days", "_guesses", "_local", "_named", "_said", "_surplus", "country", "national",
                 "notices", "published_through", "settled_through", "version", "zone")  # fmt: skip

    def __init__(
        self, guesses: Named, said: Iterable[Said], zone: tzinfo, local: Named | None = None, country: str = CHINA
    ) -> None:
        self.zone = zone
        """By whose clock the days begin and end."""
        self.country = country
        """Whose holidays they are: ISO 3166, with the part of the country where that has its own."""
        self._surplus: list[tuple[int, timedelta]] | None = None
        self._guesses = guesses
        self._said = {notice.place: (notice, days) for notice, days in sorted(said, key=lambda one: one[0].place)}
        self._local = dict(local or {})
        self.notices: Sequence[Notice] = tuple(notice for notice, _ in self._said.values())
        """In the order in which one stands over the other."""
        last = _last_of_run({notice.year for notice in self.notices}) if self.notices else LAST_YEAR
        self.published_through = date(last, 12, 31)
        """Later days are a guess: where notices arrange the years, days are moved around in each."""
        self.settled_through = self.published_through - timedelta(days=UNSETTLED_DAYS if self.notices else 0)
        """Later days may still change by a notice, so a date that was counted through them is provisional."""
        said_of_all = self._said_of_all()
        self._named = {**said_of_all, **self._local}
        everywhere, here = _moved(said_of_all), _moved(self._named)
        self._days = sorted(_weekdays() ^ here)
        self.national = f"{country.lower()}-{self.published_through.year}-{_digest(everywhere)}"
        """The version without what a place says of itself."""
        self.version = self.national if here == everywhere else f"{self.national}.{_digest(here)}"
        """Changes with the days that work and with the last published year, and with nothing else."""

    def _said_of_all(self) -> dict[int, DayFacts]:
        arranged = {notice.year for notice in self.notices if notice.order == 1}
        found = {day: facts for day, facts in self._guesses.items() if date.fromordinal(day).year not in arranged}
        for _, days in self._said.values():
            found |= days
        return found

    def notice(self, year: int, order: int = 1) -> Notice | None:
        """The notice that arranges the year, or the one that so changes it; none if it is not published."""
        return self._said[year, order][0] if (year, order) in self._said else None

    def notices_of(self, days: Iterable[date]) -> list[Notice]:
        """Who arranged the years of the days, and whoever else speaks of one of them."""
        known = [day for day in days if day <= self.published_through]
        found = {self.notice(year) for year in {day.year for day in known}}
        found |= {self.day(day.toordinal()).notice for day in known}
        return sorted((notice for notice in found if notice is not None), key=lambda notice: notice.place)

    def said_by(self, notice: Notice) -> Named:
        """The days that a notice speaks of."""
        return self._said[notice.place][1] if notice.place in self._said else {}

    def before(self, national: str) -> "Calendar | None":
        """The calendar of the whole country that had this version, before the last notices came; none if none had."""
        known = sorted(self._said.values(), key=lambda said: (_out_since(said[0]), said[0].place))
        for number in range(len(known), max(len(known) - MOST_NEW, 0), -1):
            calendar = Calendar(self._guesses, known[:number], self.zone, country=self.country)
            if calendar.national == national:
                return calendar
        return None

    def works(self, ordinal: int) -> bool:
        at = bisect_left(self._days, ordinal)
        return at < len(self._days) and self._days[at] == ordinal

    def day(self, ordinal: int) -> DayFacts:
        named = self._named.get(ordinal)
        if named is not None:
            return named
        return WORKDAY if is_weekday(ordinal) else WEEKEND

    def local(self, moment: datetime) -> datetime:
        """The moment as the clocks of the place show it."""
        return moment.astimezone(self.zone)

    def local_or_none(self, moment: datetime | None) -> datetime | None:
        return self.local(moment) if moment is not None else None

    def civil_day(self, moment: datetime) -> int:
        """The day of the place, as a proleptic ordinal."""
        return civil_day(moment, self.zone)

    def date_of(self, moment: datetime) -> date:
        return date.fromordinal(civil_day(moment, self.zone))

    def midnight(self, ordinal: int) -> datetime:
        """When the day begins, in UTC."""
        return midnight(ordinal, self.zone)

    def opening(self, ordinal: int, hour: time) -> datetime:
        """When the day's clock first shows the hour, in UTC."""
        return opening(ordinal, hour, self.zone)

    def last_instant(self, ordinal: int, rules: CountingRules) -> datetime:
        """The last instant that is in time on the day, in UTC."""
        hour = rules.close_of_business
        return closing(ordinal, hour, self.zone) if hour is not None else last_instant(ordinal, self.zone)

    def sound(self, field: str, moment: datetime) -> datetime:
        """The moment itself if it names its offset and the calendar knows its day. Raises `BadQuestion`."""
        if not FIRST_DAY <= self.civil_day(sound(field, moment)) <= LAST_DAY:
            raise outside(field)
        return moment

    def worked_until(self, moment: datetime) -> timedelta:
        """How long the working days have lasted by then, since the first day of the calendar."""
        day = self.civil_day(moment)
        whole = DAY * self.working_days_until(day - 1) + self._surplus_before(day)
        return whole + (moment.astimezone(UTC) - self.midnight(day)) if self.works(day) else whole

    def _surplus_before(self, day: int) -> timedelta:
        if self._surplus is None:
            odd = [(day, more) for day, more in odd_days(self.zone) if self.works(day)]
            self._surplus = list(zip((day for day, _ in odd), accumulate((more for _, more in odd)), strict=True))
        at = bisect_left(self._surplus, (day,))
        return self._surplus[at - 1][1] if at else timedelta()

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
        named = set(self._named) | set(other._named)  # noqa: SLF001 -- the other is one of us
        return [date.fromordinal(day) for day in sorted(named) if self.works(day) is not other.works(day)]

    def with_year(self, notice: Notice, days: Mapping[date, Override]) -> "Calendar":
        """The calendar with what a notice says; whatever stood under its place, or was guessed of its year, goes.

        A notice may also move days of the December before, for the sake of New Year's Day.
        """
        said = {day.toordinal(): replace(override.facts, notice=notice) for day, override in days.items()}
        others = [one for place, one in self._said.items() if place != notice.place]
        return Calendar(self._guesses, [*others, (notice, said)], self.zone, self._local, self.country)

    def with_overrides(self, overrides: Mapping[date, Override]) -> "Calendar":
        """The calendar of a place that says this of itself."""
        said = {day.toordinal(): override.facts for day, override in overrides.items()}
        return Calendar(self._guesses, self._said.values(), self.zone, {**self._local, **said}, self.country)


def is_weekday(ordinal: int) -> bool:
    return (ordinal - 1) % 7 < SATURDAY


@cache
def _weekdays() -> frozenset[int]:
    return frozenset(day for day in range(FIRST_DAY, LAST_DAY + 1) if is_weekday(day))


def _moved(named: Named) -> frozenset[int]:
    """The weekdays off and the worked weekends."""
    return frozenset(day for day, facts in named.items() if facts.works is not is_weekday(day))


def _digest(moved: Iterable[int]) -> str:
    return hashlib.sha256(",".join(map(str, sorted(moved))).encode()).hexdigest()[:10]


def _out_since(notice: Notice) -> date:
    """When it came out; a year whose notice bears no day was arranged in the December before."""
    return notice.published_on or date(notice.year - 1, DECEMBER, 1)


def _last_of_run(years: AbstractSet[int]) -> int:
    year = min(years)
    while year + 1 in years:
        year += 1
    return year
