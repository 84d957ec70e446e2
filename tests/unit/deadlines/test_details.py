"""What mutation testing showed to be said and never read: exact moments, exact words, edges of the published years."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from libraries.deadlines import (
    BadQuestion,
    CountingRules,
    Limit,
    Notice,
    Pause,
    due,
    explain,
    moment_at_share,
    read_question,
    statutory_calendar,
)
from libraries.deadlines.accounting import Interval, pieces, totals
from libraries.deadlines.questions import FIELDS
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.naive import SHANGHAI

CALENDAR = statutory_calendar(CIVIL_TIME)
MONDAY = "2026-03-02T09:00+08:00"
AFTER = "2026-03-10T09:00+08:00"
PAUSE = "must be two moments with a slash between; the second may be empty"
MOMENT = "must be ISO 8601 with offset: 2026-03-02T09:00Z"
LATE = "must not be granted after the limit had ended"
UNKNOWN = "has a field that is not known here; leave it out or correct it. Known: "
HOUR = "must be a time of day at the window, for example 17:30"
LAST = CALENDAR.published_through.year
DETAILS = {
    "start": [
        (7, "must be text"),
        ("soon", MOMENT),
        ("2026-03-02T09:00", "must carry an offset, for example Z or +01:00"),
        ("2026-03-02T09:00+15:00", "must carry an offset that a place on earth has, -14:00 to +14:00"),
        ("1999-03-02T09:00+08:00", "must lie in the years 2007 to 2099"),
    ],
    "limit": [
        ("5", "must be a number and one of h, d, wd, mo, y, for example 5wd"),
        ("0wd", "must be from 1 to 10000 wd"),
    ],
    "pauses": [
        ("x", "must be a list"),
        ([f"{AFTER}/"] * 1001, "must have at most 1000 entries"),
        ([MONDAY], PAUSE),
        ([7], "must be a text or an object"),
        ([{"start": 7}], "must be an object of texts"),
        ([{"why": "x"}], UNKNOWN + "by, end, reason, start"),
        (["/"], PAUSE),
        (["x/"], MOMENT),
        ([f"{AFTER}/{MONDAY}"], "must not end before it starts"),
        (["2026-03-01T09:00+08:00/"], "must not lie before the clock started"),
    ],
    "extensions": [
        ([{"limit": "1wd", "by": "x"}], UNKNOWN + "granted_at, limit, reason"),
        ([{"limit": "1wd", "granted_at": "soon"}], MOMENT),
        ([{"limit": "1wd", "granted_at": AFTER}], LATE),
        ([{"limit": "1wd", "granted_at": "2026-03-02T08:00+08:00"}], "must not be granted before the clock started"),
        (
            ["2wd", {"limit": "1wd", "granted_at": "2026-03-12T09:00+08:00"}],
            LATE,
        ),
    ],
    "roll": [("x", "must be true or false")],
    "close_of_business": [
        ("x", HOUR),
        ("17:30Z", HOUR),
    ],
    "what": [("x", UNKNOWN + ", ".join(sorted(FIELDS)))],
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


HEARD = Pause(start=at("2026-03-03T09:00"), end=at("2026-03-05T09:00"))


@pytest.mark.parametrize(("field", "value", "detail"), [(f, v, d) for f, rows in DETAILS.items() for v, d in rows])
def test_an_error_says_what_must_be(field: str, value: object, detail: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        read_question({"start": MONDAY, "limit": "5wd", field: value}).answer(CALENDAR)
    assert caught.value.detail == detail


def test_an_unknown_reason_says_what_must_be() -> None:
    question = read_question({"start": MONDAY, "limit": "5wd", "pauses": [{"start": AFTER, "reason": "siesta"}]})
    with pytest.raises(BadQuestion) as caught:
        question.check_reasons({"x"})
    assert caught.value.detail == "must be one of x"


def test_due_itself_names_the_start() -> None:
    with pytest.raises(BadQuestion) as caught:
        due(datetime(2026, 3, 2, 9), Limit.parse("1d"), calendar=CALENDAR)  # noqa: DTZ001 -- that is the fault
    assert caught.value.field == "start"


def test_what_a_question_leaves_out() -> None:
    """The last day gives way, nobody is named, and a slash too many is no pause."""
    saturday = read_question({"start": MONDAY, "limit": "5d", "extensions": ["1h"], "pauses": [f"{AFTER}/{AFTER}"]})
    assert saturday.rules == CountingRules()
    assert [(pause.reason, pause.by) for pause in saturday.pauses] == [("", "")]
    assert [(extension.reason, extension.granted_at) for extension in saturday.extensions] == [("", None)]
    assert len(read_question({"start": MONDAY, "limit": "5d", "pauses": [f"{AFTER}/{AFTER}"] * 1000}).pauses) == 1000
    with pytest.raises(BadQuestion) as caught:
        read_question({"start": MONDAY, "limit": "5d", "pauses": [f"{AFTER}/{AFTER}/"]})
    assert caught.value.code == "time_form"


def test_a_question_without_an_office_has_none() -> None:
    assert read_question({"start": MONDAY, "limit": "1d"}).office == ""
    assert read_question({"start": MONDAY, "limit": "1d", "office": "x-1"}).office == "x-1"


def test_an_extension_granted_in_the_last_instant_is_in_time() -> None:
    """And one that the office's own hour of closing has overtaken is not."""
    last = [{"limit": "1wd", "granted_at": "2026-03-03T17:30+08:00"}]
    asked = {"start": MONDAY, "limit": "1wd", "close_of_business": "17:30"}
    assert read_question({**asked, "extensions": last}).answer(CALENDAR).due_at == at("2026-03-04T17:30")
    late = [{"limit": "1wd", "granted_at": "2026-03-03T17:31+08:00"}]
    with pytest.raises(BadQuestion):
        read_question({**asked, "extensions": late}).answer(CALENDAR)


def test_names_go_from_the_question_into_the_answer() -> None:
    span = {"start": "2026-03-03T09:00+08:00", "end": "2026-03-04T09:00+08:00", "reason": "hearing"}
    told = read_question({"start": MONDAY, "limit": "1wd", "pauses": [span]}).answer(
        CALENDAR, {"hearing": ("听证", "Hearing")}
    )
    assert told.days[1].en == "clock paused: Hearing"
    assert told.names == {"hearing": ("听证", "Hearing")}


@pytest.mark.parametrize("limit", ["1h", "1d", "1wd"])
def test_moments_are_told_in_utc(limit: str) -> None:
    start = at("2026-03-02T09:00")
    end = due(start, Limit.parse(limit), calendar=CALENDAR).due_at
    warning = moment_at_share(start, Limit.parse(limit), 0.5, calendar=CALENDAR)
    longer = moment_at_share(start, Limit(4, Limit.parse(limit).unit), 0.5, calendar=CALENDAR)
    # Not only equal: the zone of the machine may happen to be the same.
    assert all(moment is not None and moment.tzinfo is UTC for moment in (end, warning, longer))


@pytest.mark.parametrize(
    ("limit", "roll", "provisional"),
    [("1wd", True, True), ("1wd", False, True), ("1d", True, True), ("1d", False, False), ("1h", True, False)],
)
def test_only_days_that_a_notice_may_move_are_provisional(limit: str, roll: bool, provisional: bool) -> None:
    start = datetime(LAST + 1, 3, 3, 9, tzinfo=SHANGHAI)
    rules = CountingRules(roll_last_day=roll)
    assert due(start, Limit.parse(limit), calendar=CALENDAR, rules=rules).provisional is provisional


def test_a_mixed_limit_is_provisional_for_its_working_days() -> None:
    start = datetime(LAST + 1, 3, 3, 9, tzinfo=SHANGHAI)
    rules = CountingRules(roll_last_day=False)
    assert due(start, Limit.parse("1d"), calendar=CALENDAR, rules=rules, extensions=[Limit.parse("1wd")]).provisional


def test_the_last_days_of_a_published_year_wait_for_the_notice_of_the_next() -> None:
    """Whoever counts in days can be moved by a worked 29 December or a free 31st; whoever counts in hours cannot."""
    for day in (28, 29, 30, 31):
        start = datetime(LAST, 12, day - 1, 9, tzinfo=SHANGHAI)
        whole = due(start, Limit.parse("1d"), calendar=CALENDAR, rules=CountingRules(roll_last_day=False))
        assert (whole.due_at, whole.provisional) == (datetime(LAST, 12, day, 15, 59, 59, 999999, UTC), False)
        end = due(start, Limit.parse("1d"), calendar=CALENDAR)
        assert end.provisional is (day > 28)
    published = CALENDAR.with_year(Notice(year=LAST + 1, source="x"), {})
    assert published.settled_through == date(LAST + 1, 12, 28)
    assert not due(datetime(LAST, 12, 30, 9, tzinfo=SHANGHAI), Limit.parse("1d"), calendar=published).provisional


def test_the_last_day_of_a_published_year_has_its_notice_and_the_next_day_none() -> None:
    for day, expected in ((date(LAST, 12, 31), [LAST]), (date(LAST + 1, 1, 1), [])):
        told = explain(datetime.combine(day, time(9), SHANGHAI), Limit.parse("1h"), calendar=CALENDAR)
        assert [notice.year for notice in told.notices] == expected


def test_the_last_year_has_months_too() -> None:
    end = due(datetime(2099, 1, 5, 9, tzinfo=SHANGHAI), Limit.parse("1mo"), calendar=CALENDAR).due_at
    assert end == datetime(2099, 2, 5, 15, 59, 59, 999999, UTC)


def test_a_pause_may_last_to_the_last_day() -> None:
    pause = Pause(start=at("2099-12-01T09:00"), end=at("2099-12-31T09:00"))
    assert due(at("2099-11-30T09:00"), Limit.parse("1h"), calendar=CALENDAR, pauses=[pause]).due_at


def test_the_last_day_at_the_window_is_a_day_later_elsewhere() -> None:
    start = datetime.fromisoformat("2100-01-01T01:00+14:00")
    assert due(start, Limit.parse("1h"), calendar=CALENDAR).due_at == datetime(2099, 12, 31, 12, tzinfo=UTC)


def test_a_pause_that_begins_when_the_hours_end_moves_nothing() -> None:
    start = at("2026-03-02T09:00")
    pause = Pause(start=at("2026-03-02T10:00"), end=at("2026-03-02T12:00"))
    assert due(start, Limit.parse("1h"), calendar=CALENDAR, pauses=[pause]).due_at == at("2026-03-02T10:00")


@pytest.mark.parametrize(
    ("limit", "share", "more", "expected"),
    [
        ("10wd", 0.5, {}, "2026-03-10T00:00"),
        ("10d", 0.5, {}, "2026-03-08T00:00"),
        ("5wd", 0.8, {}, "2026-03-07T00:00"),
        ("10h", 0.5, {}, "2026-03-02T14:00"),
        (
            "10wd",
            0.5,
            {"pauses": [Pause(start=at("2026-03-03T09:00"), end=at("2026-03-05T09:00"))]},
            "2026-03-12T00:00",
        ),
        ("1d", 0.9, {"rules": CountingRules(close_of_business=time(9))}, "2026-03-03T06:36"),
        ("2d", 0.5, {"rules": CountingRules(close_of_business=time(12))}, "2026-03-04T00:00"),
        ("8h", 0.5, {"extensions": [Limit.parse("8h")]}, "2026-03-02T17:00"),
        ("8h", 0.5, {"pauses": [Pause(start=at("2026-03-02T10:00"), end=at("2026-03-02T12:00"))]}, "2026-03-02T14:00"),
    ],
)
def test_a_warning_falls_due_at_its_moment(limit: str, share: float, more: dict[str, object], expected: str) -> None:
    start = at("2026-03-02T09:00")
    found = moment_at_share(start, Limit.parse(limit), share, calendar=CALENDAR, **more)
    assert found == at(expected)


def test_a_warning_of_an_extended_limit_is_a_share_of_all_of_it() -> None:
    start = at("2026-03-02T00:00")
    found = moment_at_share(start, Limit.parse("2d"), 0.5, calendar=CALENDAR, extensions=[Limit.parse("2d")])
    end = due(start, Limit.parse("4d"), calendar=CALENDAR).due_at
    assert end is not None
    assert found == start + (end - start) / 2


def test_codes_and_words_of_the_days() -> None:
    told = explain(at("2026-03-06T09:00"), Limit.parse("2h"), calendar=CALENDAR)
    assert [(day.reason, day.zh) for day in told.days] == [("hours", "按小时计：2 小时")]
    told = explain(at("2026-03-05T09:00"), Limit.parse("2d"), calendar=CALENDAR, extensions=[Limit.parse("1wd")])
    assert [(day.reason, day.zh) for day in told.days[1:]] == [
        ("counted", "自然日"),
        ("counted", "自然日"),
        ("weekend", "周末（延长期）"),
        ("counted", "工作日（延长期）"),
    ]
    told = explain(at("2026-03-05T09:00"), Limit.parse("2d"), calendar=CALENDAR)
    assert [day.reason for day in told.days] == ["start_day", "counted", "counted", "weekend", "rolled"]
    pause = Pause(start=at("2026-03-06T09:00"), end=at("2026-03-07T09:00"))
    told = explain(at("2026-03-05T09:00"), Limit.parse("1d"), calendar=CALENDAR, pauses=[pause])
    assert told.days[1].zh == "暂停计时"


def test_what_ran_before_a_stop_knows_earlier_pauses_and_extensions() -> None:
    start = at("2026-03-02T09:00")
    stopped = Pause(start=at("2026-03-10T09:00"), end=None)
    told = explain(
        start, Limit.parse("2wd"), calendar=CALENDAR, pauses=[HEARD, stopped], extensions=[Limit.parse("2wd")]
    )
    assert [day.date.day for day in told.days if day.counts] == [5, 6, 9]
    assert [day.date.day for day in told.days if day.reason == "paused"] == [3, 4, 10]
    ended = explain(
        start,
        Limit.parse("2wd"),
        calendar=CALENDAR,
        pauses=[HEARD, replace(stopped, start=at("2026-03-11T09:00"))],
        extensions=[Limit.parse("2wd")],
    )
    assert [day.date.day for day in ended.days if day.counts] == [5, 6, 9, 10]


def test_beyond_its_last_day_the_calendar_says_no() -> None:
    last = datetime(2099, 12, 31).toordinal()  # noqa: DTZ001 -- a day
    assert not CALENDAR.works(last + 7)
    assert CALENDAR.works(CALENDAR.working_day_after(last - 1, 1))
    with pytest.raises(BadQuestion) as caught:
        CALENDAR.working_day_after(last, 1)
    assert caught.value.field == "limit"


def test_time_spent_is_kept_apart_by_who_spent_it() -> None:
    intervals = [Interval(at=at("2026-03-02T09:00"), held="a"), Interval(at=at("2026-03-03T09:00"), held="b")]
    found = totals(pieces(intervals, at("2026-03-05T09:00"), lambda _: CALENDAR), lambda held: held.upper())
    assert {held: spent.calendar.days for held, spent in found.items()} == {"A": 1, "B": 2}
