"""Limits against real calendars and against nonsense."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from libraries.deadlines import (
    BadQuestion,
    CountingRules,
    Limit,
    Pause,
    due,
    explain,
    statutory_calendar,
)
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.naive import SHANGHAI

CALENDAR = statutory_calendar(CIVIL_TIME)


def last_day(start: str, limit: str, **more: object) -> str:
    answer = due(datetime.fromisoformat(start), Limit.parse(limit), calendar=CALENDAR, **more)
    assert answer.due_at is not None
    return answer.due_at.astimezone(SHANGHAI).date().isoformat()


@pytest.mark.parametrize(
    ("start", "limit", "expected", "why"),
    [
        ("2026-03-02T09:00+08:00", "5wd", "2026-03-09", "an ordinary week; the start day is not counted"),
        ("2026-02-11T10:00+08:00", "5wd", "2026-02-25", "Spring Festival, with 14 February worked in its stead"),
        ("2026-02-12T10:00+08:00", "2wd", "2026-02-14", "ends on a make-up Saturday"),
        ("2024-02-07T10:00+08:00", "5wd", "2024-02-20", "Spring Festival 2024; Sunday 18 February is worked"),
        ("2024-02-02T10:00+08:00", "1wd", "2024-02-04", "Sunday 4 February 2024 is worked"),
        ("2025-01-24T10:00+08:00", "2wd", "2025-01-27", "Sunday 26 January 2025 is worked"),
        ("2025-09-26T10:00+08:00", "5wd", "2025-10-10", "National Day week; Sunday 28 September is worked"),
        ("2026-09-30T10:00+08:00", "3wd", "2026-10-10", "National Day week; Saturday 10 October is worked"),
        ("2024-02-28T10:00+08:00", "1d", "2024-02-29", "a leap day counts"),
        (
            "2026-09-26T10:00+08:00",
            "5d",
            "2026-10-08",
            "a last day in the holidays gives way to the next working day",
        ),
        ("2026-01-31T10:00+08:00", "1mo", "2026-02-28", "no such day in February: its last, a make-up Saturday"),
        ("2024-02-29T10:00+08:00", "1y", "2025-02-28", "a leap day has no anniversary"),
        ("2025-12-30T10:00+08:00", "3wd", "2026-01-05", "over the year's end; Sunday 4 January is worked"),
        ("2026-03-02T23:59:59+08:00", "1wd", "2026-03-03", "late on the start day is still the start day"),
        ("2026-03-02T16:00:00+00:00", "1wd", "2026-03-04", "it is already the 3rd at the window"),
    ],
)
def test_a_real_calendar(start: str, limit: str, expected: str, why: str) -> None:
    assert last_day(start, limit) == expected, why


def test_hours_run_from_the_moment_through_the_weekend() -> None:
    start = datetime.fromisoformat("2026-03-06T16:30+08:00")
    assert due(start, Limit.parse("48h"), calendar=CALENDAR).due_at == start + timedelta(hours=48)


def test_a_day_ends_at_midnight_or_at_close_of_business() -> None:
    start = datetime.fromisoformat("2026-03-02T09:00+08:00")
    whole = due(start, Limit.parse("1wd"), calendar=CALENDAR).due_at
    assert whole == datetime(2026, 3, 3, 15, 59, 59, 999999, tzinfo=UTC)
    close = CountingRules(close_of_business=datetime(2026, 1, 1, 17, 30).time())  # noqa: DTZ001 -- a time of day
    assert due(start, Limit.parse("1wd"), calendar=CALENDAR, rules=close).due_at == datetime(
        2026, 3, 3, 9, 30, tzinfo=UTC
    )


def test_without_rolling_the_last_day_stays() -> None:
    assert last_day("2026-09-26T10:00+08:00", "5d", rules=CountingRules(roll_last_day=False)) == "2026-10-01"


ENDED = datetime(2026, 3, 9, 23, 59, 59, 999999, SHANGHAI)
"""Of five working days from Monday 2 March 2026."""


def pause(begin: str, end: str | None = None) -> Pause:
    return Pause(start=_at(begin), end=_at(end) if end else None)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ([pause("03-10T00:00")], ENDED),
        ([pause("03-09T23:59:59.999999")], None),
        ([pause("03-09T23:00"), pause("03-12T09:00", "03-13T09:00")], None),
        ([pause("03-03T09:00", "03-04T09:00"), pause("03-10T09:00")], None),
        ([pause("03-11T09:00"), pause("03-03T09:00", "03-04T09:00")], ENDED + timedelta(days=1)),
        ([pause("03-10T23:59:59.999999"), pause("03-03T09:00", "03-04T09:00")], None),
    ],
    ids=[
        "a moment after the end",
        "at the last instant",
        "still standing",
        "not ended yet",
        "after the later end",
        "at the last instant of the later end",
    ],
)
def test_a_pause_that_begins_after_the_end_does_not_hide_it(pauses: list[Pause], expected: datetime | None) -> None:
    start, limit = _at("03-02T09:00"), Limit.parse("5wd")
    assert due(start, limit, calendar=CALENDAR, pauses=pauses).due_at == expected
    told = explain(start, limit, calendar=CALENDAR, pauses=pauses)
    assert told.due_at == expected
    if expected is not None:
        assert (told.days[-1].date, told.days[-1].counts) == (expected.date(), True)


def test_a_pause_after_the_close_of_business_gives_the_last_day_not_back() -> None:
    rules = CountingRules(close_of_business=time(17, 30))
    for limit, begin, expected in (
        ("2wd", "03-04T18:00", "2026-03-04"),
        ("2wd", "03-04T17:00", "2026-03-05"),
        ("1wd", "03-04T18:00", "2026-03-03"),
    ):
        stood = [pause(begin, "03-05T09:00")]
        assert last_day("2026-03-02T09:00+08:00", limit, rules=rules, pauses=stood) == expected
        told = explain(_at("03-02T09:00"), Limit.parse(limit), calendar=CALENDAR, rules=rules, pauses=stood)
        assert (told.days[-1].date.isoformat(), told.days[-1].counts) == (expected, True)


def test_a_date_past_the_published_years_is_provisional() -> None:
    start = datetime.fromisoformat("2026-12-20T10:00+08:00")
    assert not due(start, Limit.parse("5wd"), calendar=CALENDAR).provisional
    assert due(start, Limit.parse("20wd"), calendar=CALENDAR).provisional


def test_an_open_pause_holds_the_date_back() -> None:
    start = datetime.fromisoformat("2026-03-02T09:00+08:00")
    pause = Pause(start=start + timedelta(days=1), end=None, reason="hearing")
    assert due(start, Limit.parse("5wd"), calendar=CALENDAR, pauses=[pause]).due_at is None


def test_a_pause_across_a_holiday_gives_back_working_days_only() -> None:
    pause = Pause(
        start=datetime.fromisoformat("2026-02-13T09:00+08:00"), end=datetime.fromisoformat("2026-02-24T09:00+08:00")
    )
    assert last_day("2026-02-11T10:00+08:00", "5wd", pauses=[pause]) == "2026-02-27"


@pytest.mark.parametrize(("limit", "expected"), [("30d", "2024-05-17"), ("1mo", "2024-05-17"), ("1y", "2025-04-17")])
def test_a_pause_gives_every_day_back(limit: str, expected: str) -> None:
    pause = Pause(
        start=datetime.fromisoformat("2024-04-16T09:00+08:00"), end=datetime.fromisoformat("2024-04-18T09:00+08:00")
    )
    assert last_day("2024-04-15T10:00+08:00", limit, pauses=[pause]) == expected


def test_an_extension_goes_on_from_the_end() -> None:
    assert last_day("2026-03-02T09:00+08:00", "5wd", extensions=[Limit.parse("10wd")]) == last_day(
        "2026-03-02T09:00+08:00", "15wd"
    )


def test_the_explanation_counts_what_the_limit_says() -> None:
    start = datetime.fromisoformat("2026-02-11T10:00+08:00")
    told = explain(start, Limit.parse("15wd"), calendar=CALENDAR)
    assert sum(day.counts for day in told.days) == 15
    assert {"start_day", "counted", "make_up", "weekend", "holiday"} == {day.reason for day in told.days}
    assert next(day.zh for day in told.days if day.date == date(2026, 2, 17)) == "春节"


@pytest.mark.parametrize("text", ["", "5", "wd", "-5wd", "5 wd", "0wd", "1000000wd", "5w", "999999999999wd", "５wd"])
def test_a_senseless_limit_is_refused(text: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        Limit.parse(text)
    assert caught.value.field == "limit"


@pytest.mark.parametrize(
    ("start", "pauses", "rule"),
    [
        ("2026-03-02T09:00", [], "offset_missing"),
        ("9999-03-02T09:00+08:00", [], "calendar_range"),
        ("1999-03-02T09:00+08:00", [], "calendar_range"),
        ("2026-03-02T09:00+08:00", [("2026-03-01T09:00+08:00", "2026-03-03T09:00+08:00")], "pause_before_start"),
        ("2026-03-02T09:00+08:00", [("2026-03-04T09:00+08:00", "2026-03-03T09:00+08:00")], "pause_order"),
        ("2026-03-02T09:00+08:00", [("2026-03-03T09:00", None)], "offset_missing"),
    ],
)
def test_a_senseless_question_names_its_rule(start: str, pauses: list[tuple[str, str | None]], rule: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        due(
            datetime.fromisoformat(start),
            Limit.parse("5wd"),
            calendar=CALENDAR,
            pauses=[
                Pause(start=datetime.fromisoformat(begin), end=datetime.fromisoformat(end) if end else None)
                for begin, end in pauses
            ],
        )
    assert caught.value.code == rule
