"""The calendar of China: holidays by law, and the notices that move days around them each year."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from functools import cache

from holidays.observed_holiday_base import ObservedHolidayBase

from libraries.deadlines.calendar import CHINA, DECEMBER, MAKE_UP, Calendar, DayFacts, DayReason, Named, Said
from libraries.deadlines.countries import holidays_of
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR
from libraries.deadlines.notices import CHANGES, Notice, shipped_notice

FESTIVALS = frozenset({"元旦", "农历除夕", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"})
"""What 全国年节及纪念日放假办法 gives everybody a day for, by the names that the package `holidays` has for them."""


def _china() -> type[ObservedHolidayBase]:
    return holidays_of(CHINA)


@cache
def holidays_by_law(year: int) -> Mapping[date, tuple[str, str]]:
    """The days of 全国年节及纪念日放假办法 as it stood in the year, lunar ones too, with their names.

    A notice moves other days around them; these themselves are never worked.
    """
    chinese, english = (_china()(years=year, language=language, observed=False) for language in ("zh_CN", "en_US"))
    found = {day: (name, english[day]) for day, name in sorted(chinese.items())}
    return {day: names for day, names in found.items() if FESTIVALS.issuperset(names[0].split("; "))}


@cache
def statutory_calendar(zone: tzinfo) -> Calendar:
    """The national calendar as the package `holidays` carries it, by the clocks of a zone."""
    return Calendar(*_statutory_days(), zone)


@cache
def _statutory_days() -> tuple[Named, Sequence[Said]]:
    """What is guessed, and who said what.

    The package works out fixed and lunar holidays of later years too, but make-up days only of years whose notice
    it knows: those count as published.
    """
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    chinese, english = (_china()(years=years, language=language) for language in ("zh_CN", "en_US"))
    named = {
        day.toordinal(): DayFacts(works=False, reason=DayReason.HOLIDAY, zh=name, en=english.get(day, name))
        for day, name in chinese.items()
        if day.year >= FIRST_YEAR
    }
    make_up_days = [day for day in chinese.weekend_workdays if day.year >= FIRST_YEAR]
    named |= {day.toordinal(): MAKE_UP for day in make_up_days}
    last = max(day.year for day in make_up_days)
    return (
        {day: facts for day, facts in named.items() if date.fromordinal(day).year > last},
        _shipped_words({day: facts for day, facts in named.items() if date.fromordinal(day).year <= last}, last),
    )


def _shipped_words(named: Named, last: int) -> Sequence[Said]:
    """Which shipped notice says what. In December days are moved only for New Year's Day, by the notice of its year."""
    words: defaultdict[Notice, dict[int, DayFacts]] = defaultdict(dict)
    arranging = {year: shipped_notice(year) for year in range(FIRST_YEAR, last + 1)}
    changing = {day: change.notice for change in CHANGES for day in change.days}
    for ordinal, facts in named.items():
        day = date.fromordinal(ordinal)
        notice = changing.get(day) or arranging[min(day.year + (day.month == DECEMBER), last)]
        words[notice][ordinal] = replace(facts, notice=notice)
    for change in CHANGES:
        before = arranging[change.notice.year]
        words[before] |= {day.toordinal(): replace(MAKE_UP, notice=before) for day in change.worked_before}
    return [(notice, words[notice]) for notice in (*arranging.values(), *(change.notice for change in CHANGES))]
