"""When a limit warns: shares of the time that is used up, and what is left of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from libraries.deadlines import CountingRules, Limit, due, statutory_calendar
from libraries.policies.warnings import fault_of, warnings_of
from tests.civil_time import CIVIL_TIME

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = statutory_calendar(CIVIL_TIME)
RULES = CountingRules()
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)


def moments(levels: tuple[str, ...], limit: str, start: datetime = MONDAY) -> list[tuple[str, str]]:
    asked = Limit.parse(limit)
    end = due(start, asked, calendar=CALENDAR, rules=RULES).due_at
    assert end is not None
    found = warnings_of(levels, start, asked, end, calendar=CALENDAR, rules=RULES, pauses=(), extensions=())
    assert all(start < one.at < end for one in found)
    return [(one.level, f"{one.at.astimezone(SHANGHAI):%m-%d %H:%M}") for one in found]


def test_fifteen_working_days_from_a_monday() -> None:
    assert moments(("50%", "80%", "1wd"), "15wd") == [
        ("50%", "03-12 00:00"),
        ("80%", "03-19 00:00"),
        ("1wd", "03-20 00:00"),
    ]


def test_a_day_of_work_before_a_monday_is_a_friday() -> None:
    assert moments(("1wd", "1d"), "5wd") == [("1wd", "03-06 00:00"), ("1d", "03-08 00:00")]


def test_one_day_has_no_day_before_and_warns_on_the_day() -> None:
    assert moments(("80%", "1wd"), "1wd") == [("80%", "03-03 16:17")]


def test_hours_run_from_the_moment() -> None:
    assert moments(("50%", "2h"), "24h") == [("50%", "03-02 21:30"), ("2h", "03-03 07:30")]


def test_time_granted_moves_the_warnings() -> None:
    asked, more = Limit.parse("5wd"), (Limit.parse("5wd"),)
    end = due(MONDAY, asked, calendar=CALENDAR, extensions=more).due_at
    assert end is not None
    (warning,) = warnings_of(("1wd",), MONDAY, asked, end, calendar=CALENDAR, rules=RULES, pauses=(), extensions=more)
    assert warning.at == end + timedelta(microseconds=1) - timedelta(days=4), "a Friday before a Monday"


@pytest.mark.parametrize("level", ["80 %", "0%", "100%", "half", "1mo", "1y", "wd", ""])
def test_what_is_no_level_is_refused(level: str) -> None:
    assert fault_of(level) is not None


@pytest.mark.parametrize("level", ["1%", "99%", "2h", "3d", "1wd"])
def test_what_is_one_is_taken(level: str) -> None:
    assert fault_of(level) is None
