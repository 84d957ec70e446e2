"""Every published day against a second source, and the calendar's own promises."""

import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import holidays
import pytest

from libraries.deadlines import Notice, Override, statutory_calendar
from libraries.deadlines.calendar import UNSETTLED_DAYS, DayReason
from libraries.deadlines.china import holidays_by_law
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.known import MOVED, works

CALENDAR = statutory_calendar(CIVIL_TIME)
DAYS = [date(2007, 1, 1) + timedelta(days=n) for n in range((date(2026, 12, 31) - date(2007, 1, 1)).days + 1)]
SNOW = Override(works=False, zh="雪灾停工", en="closed by snow")


def reason(day: str) -> str:
    return CALENDAR.day(date.fromisoformat(day).toordinal()).reason.value


def test_every_day_is_as_the_second_source_has_it() -> None:
    assert [day for day in DAYS if CALENDAR.works(day.toordinal()) is not works(day)] == []


@pytest.mark.parametrize(
    ("year", "weekdays_off", "make_up_days", "working_days"),
    [
        (2007, 19, 7, 249),
        (2008, 16, 5, 251),
        (2009, 17, 6, 250),
        (2010, 19, 8, 250),
        (2011, 16, 6, 250),
        (2012, 18, 6, 249),
        (2013, 23, 12, 250),
        (2014, 16, 5, 250),
        (2015, 17, 5, 249),
        (2016, 17, 6, 250),
        (2017, 16, 5, 249),
        (2018, 18, 7, 250),
        (2019, 17, 6, 250),
        (2020, 19, 6, 249),
        (2021, 18, 7, 250),
        (2022, 18, 7, 249),
        (2023, 18, 7, 249),
        (2024, 19, 8, 251),
        (2025, 18, 5, 248),
        (2026, 19, 6, 248),
    ],
)
def test_a_year_has_its_days(year: int, weekdays_off: int, make_up_days: int, working_days: int) -> None:
    days = [day for day in DAYS if day.year == year]
    reasons = Counter(CALENDAR.day(day.toordinal()).reason for day in days)
    off = sum(day.weekday() < 5 and not CALENDAR.works(day.toordinal()) for day in days)
    assert (off, reasons[DayReason.MAKE_UP]) == (weekdays_off, make_up_days)
    assert sum(CALENDAR.works(day.toordinal()) for day in days) == working_days


@pytest.mark.parametrize(
    ("day", "expected", "why"),
    [
        ("2007-05-04", "holiday", "the last Labour Day week"),
        ("2007-12-31", "holiday", "for New Year 2008, worked for on Saturday 29 December"),
        ("2007-12-29", "make_up", "published with the year 2008"),
        ("2011-12-31", "make_up", "a Saturday worked for New Year 2012"),
        ("2013-01-05", "make_up", "Saturday and Sunday worked for New Year 2013"),
        ("2015-09-03", "holiday", "70 years of victory, one year only"),
        ("2015-09-04", "holiday", "moved from Sunday 6 September"),
        ("2015-09-06", "make_up", "worked for 4 September"),
        ("2016-09-03", "weekend", "no holiday in the year after, a plain Saturday"),
        ("2018-12-29", "make_up", "worked for 31 December 2018"),
        ("2018-12-31", "holiday", "New Year 2019"),
        ("2019-05-02", "holiday", "May Day 2019, moved by the second notice of March"),
        ("2019-05-03", "holiday", "the same"),
        ("2019-04-28", "make_up", "worked for 2 May 2019"),
        ("2019-05-05", "make_up", "worked for 3 May 2019"),
        ("2020-01-31", "holiday", "Spring Festival 2020, lengthened"),
        ("2020-02-02", "holiday", "the last day of the lengthened festival, a Sunday"),
        ("2020-02-01", "holiday", "a Saturday that the first notice had as worked"),
        ("2020-02-03", "workday", "back to work"),
        ("2020-10-08", "holiday", "National Day and Mid-Autumn on one day"),
        ("2023-10-06", "holiday", "eight days of National Day"),
        ("2023-10-07", "make_up", "Saturday after them"),
        ("2024-02-09", "workday", "New Year's Eve 2024 was no holiday by law"),
        ("2025-01-28", "holiday", "New Year's Eve is one since 2025"),
        ("2025-10-08", "holiday", "the week of 2025 had eight days"),
        ("2026-09-20", "make_up", "a Sunday, ten days before National Day 2026"),
        ("2026-10-10", "make_up", "a Saturday after it"),
    ],
)
def test_a_well_known_day(day: str, expected: str, why: str) -> None:
    assert reason(day) == expected, why


def test_a_make_up_day_is_always_a_weekend() -> None:
    assert all(day.weekday() >= 5 for day, worked in MOVED.items() if worked)
    assert sum(MOVED.values()) == 130


def test_later_years_are_a_guess_without_make_up_days() -> None:
    assert CALENDAR.published_through >= date(2026, 12, 31)
    assert CALENDAR.day(date(2098, 10, 1).toordinal()).reason is DayReason.HOLIDAY


def test_the_version_follows_the_days_and_not_their_names() -> None:
    snow = CALENDAR.with_overrides({date(2026, 1, 5): SNOW})
    renamed = CALENDAR.with_overrides({date(2026, 1, 5): Override(works=False, zh="大雪", en="heavy snow")})
    back = snow.with_overrides({date(2026, 1, 5): Override(works=True, zh="恢复", en="open again")})
    assert len({CALENDAR.version, snow.version}) == 2
    assert snow.version == renamed.version
    assert back.version == CALENDAR.version


def test_an_override_changes_its_day_alone() -> None:
    snow = CALENDAR.with_overrides({date(2026, 1, 5): SNOW})
    assert snow.differing_days(CALENDAR) == CALENDAR.differing_days(snow) == [date(2026, 1, 5)]
    facts = snow.day(date(2026, 1, 5).toordinal())
    assert (facts.works, facts.reason, facts.zh, facts.en) == (False, "holiday", "雪灾停工", "closed by snow")


def test_a_published_year_takes_the_place_of_its_guesses() -> None:
    year = CALENDAR.published_through.year + 1
    notice = Notice(year=year, source="国办发明电", published_on=date(year - 1, 11, 4))
    worked = date(year, 1, 2)
    while worked.weekday() != 6:
        worked += timedelta(days=1)
    days = {date(year, 1, 1): Override(works=False, zh="元旦", en="New Year's Day")}
    days |= {worked: Override(works=True, zh="上班", en="worked")}
    published = CALENDAR.with_year(notice, days)
    assert published.published_through == date(year, 12, 31)
    assert published.notice(year) is notice
    assert published.works(worked.toordinal())
    assert published.day(date(year, 10, 1).toordinal()).reason is not DayReason.HOLIDAY
    assert published.version != CALENDAR.version
    before = [day for day in published.differing_days(CALENDAR) if day.year != year]
    assert before == []


def test_a_notice_may_move_days_of_the_december_before() -> None:
    year = CALENDAR.published_through.year + 1
    eve = date(year - 1, 12, 31)
    moved = CALENDAR.with_year(
        Notice(year=year, source="x"), {eve: Override(works=not CALENDAR.works(eve.toordinal()), zh="x", en="x")}
    )
    assert eve in moved.differing_days(CALENDAR)


def test_no_notice_has_moved_an_earlier_day_of_the_year_before_than_is_called_unsettled() -> None:
    """In December nothing else is moved than for the sake of New Year's Day."""
    moved = sorted(day for day in MOVED if day.month == 12)
    assert [day.isoformat() for day in moved] == ["2007-12-29", "2007-12-31", "2011-12-31", "2018-12-29", "2018-12-31"]
    assert all(day > date(day.year, 12, 31) - timedelta(days=UNSETTLED_DAYS) for day in moved)
    assert CALENDAR.settled_through == date(CALENDAR.published_through.year, 12, 28)


def test_a_year_after_a_gap_is_not_published() -> None:
    far = CALENDAR.published_through.year + 2
    assert CALENDAR.with_year(Notice(year=far, source="x"), {}).published_through == CALENDAR.published_through


def test_working_days_are_counted_and_found_again() -> None:
    friday, make_up_saturday, monday = (date(2026, 10, day).toordinal() for day in (9, 10, 12))
    assert CALENDAR.working_day_after(friday, 1) == make_up_saturday
    assert CALENDAR.working_day_after(friday, 2) == monday
    assert CALENDAR.working_day_from(make_up_saturday) == make_up_saturday
    assert CALENDAR.working_day_from(make_up_saturday + 1) == monday
    assert CALENDAR.working_days_until(monday) - CALENDAR.working_days_until(friday) == 2


def test_no_year_has_ever_worked_a_holiday_by_law() -> None:
    days = [day for year in range(2007, 2027) for day in holidays_by_law(year)]
    assert [day for day in days if works(day) or CALENDAR.works(day.toordinal())] == []


@pytest.mark.parametrize(
    ("year", "lunar"),
    [
        (2027, "02-05 02-06 02-07 02-08 04-05 06-09 09-15"),
        (2028, "01-25 01-26 01-27 01-28 04-04 05-28 10-03"),
        (2029, "02-12 02-13 02-14 02-15 04-04 06-16 09-22"),
        (2030, "02-02 02-03 02-04 02-05 04-05 06-05 09-12"),
    ],
)
def test_the_holidays_by_law_of_years_to_come(year: int, lunar: str) -> None:
    expected = {*lunar.split(), "01-01", "05-01", "05-02", "10-01", "10-02", "10-03"}
    assert [f"{day:%m-%d}" for day in holidays_by_law(year)] == sorted(expected)


def test_each_year_has_all_holidays_by_law_with_their_names() -> None:
    for year in range(2008, 2100):
        names = [name for zh, _ in holidays_by_law(year).values() for name in zh.split("; ")]
        assert len(names) == (13 if year >= 2025 else 11), year
    assert holidays_by_law(2028)[date(2028, 10, 3)] == ("中秋节; 国庆节", "Mid-Autumn Festival; National Day")
    assert holidays_by_law(2027)[date(2027, 2, 5)] == ("农历除夕", "Chinese New Year's Eve")
    assert date(2015, 9, 3) not in holidays_by_law(2015)


def test_each_shipped_year_names_its_notice() -> None:
    assert [notice.place for notice in CALENDAR.notices if notice.order > 1] == [(2015, 2), (2019, 2), (2020, 2)]
    first = [notice for notice in CALENDAR.notices if notice.order == 1]
    for notice in first:
        year = notice.year
        assert notice.source.startswith(f"国务院办公厅关于{year}年部分节假日安排的通知")
        assert notice.published_on is None or notice.published_on.year == year - 1
        assert f"〔{year - 1}〕" in notice.source or year in (2007, 2009, 2010), "a number bears the year of its notice"
    assert [notice.year for notice in first if notice.published_on is None] == list(range(2007, 2012))


@pytest.mark.parametrize(
    ("year", "source", "published_on"),
    [
        (2007, "国务院办公厅关于2007年部分节假日安排的通知", None),
        (2008, "国务院办公厅关于2008年部分节假日安排的通知（国办发明电〔2007〕52号）", None),
        (2014, "国务院办公厅关于2014年部分节假日安排的通知（国办发明电〔2013〕28号）", date(2013, 12, 11)),
        (
            2020,
            "国务院办公厅关于2020年部分节假日安排的通知（国办发明电〔2019〕16号）",
            date(2019, 11, 21),
        ),
    ],
)
def test_the_notice_of_a_year(year: int, source: str, published_on: date | None) -> None:
    assert CALENDAR.notice(year) == Notice(year=year, source=source, published_on=published_on)


def test_the_days_are_those_of_the_package_and_no_other_country_is_read() -> None:
    days = holidays.country_holidays("CN", years=range(2007, 2031), language="zh_CN")
    asked = (
        "import sys, datetime\nfrom libraries.deadlines import statutory_calendar\n"
        "statutory_calendar(datetime.UTC)\n"
        "print(*[name for name in sys.modules if name.startswith('holidays.countries')])"
    )
    read = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert {day: CALENDAR.day(day.toordinal()).zh for day in days} == dict(days)
    assert read.stdout.split() == []
