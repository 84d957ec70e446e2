"""Questions as somebody writes them down, and the rule that a senseless one breaks."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from libraries.deadlines import BadQuestion, Limit, Pause, due, read_question, statutory_calendar
from libraries.deadlines.limits import outside
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.naive import SHANGHAI

CALENDAR = statutory_calendar(CIVIL_TIME)
MONDAY = "2026-03-02T09:00+08:00"
ASKED = {"start": MONDAY, "limit": "5wd"}
AFTER = "2026-03-10T09:00+08:00"


def last_day(**more: Any) -> str:
    end = read_question({**ASKED, **more}).answer(CALENDAR).due_at
    assert end is not None
    return f"{end.astimezone(SHANGHAI):%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "03-09 23:59"),
        ({"id": 7, "office": None, "pauses": None, "extensions": None, "close_of_business": None}, "03-09 23:59"),
        ({"start": "2026-03-02T01:00:00Z"}, "03-09 23:59"),
        ({"pauses": ["2026-03-03T09:00+08:00/2026-03-05T09:00+08:00"]}, "03-11 23:59"),
        ({"pause": "2026-03-03T09:00+08:00/2026-03-05T09:00+08:00"}, "03-11 23:59"),
        ({"pause": {"start": "2026-03-03T09:00+08:00", "end": "2026-03-05T09:00+08:00", "by": "x"}}, "03-11 23:59"),
        ({"extensions": ["10wd"]}, "03-23 23:59"),
        ({"extensions": [{"limit": "10wd", "granted_at": "2026-03-09T23:59:59+08:00"}]}, "03-23 23:59"),
        ({"extensions": [{"limit": "10wd", "granted_at": MONDAY}]}, "03-23 23:59"),
        ({"extensions": ["3wd", {"limit": "1wd", "granted_at": "2026-03-12T10:00+08:00"}]}, "03-13 23:59"),
        ({"limit": "6d", "roll": True}, "03-09 23:59"),
        ({"limit": "6d", "roll": False}, "03-08 23:59"),
        ({"close_of_business": "17:30"}, "03-09 17:30"),
        ({"limit": "24h"}, "03-03 09:00"),
        ({"limit": "1mo"}, "04-02 23:59"),
        ({"limit": "1y"}, "03-02 23:59"),
    ],
)
def test_a_question_is_read(more: dict[str, Any], expected: str) -> None:
    assert last_day(**more) == expected


def test_an_open_pause_is_read() -> None:
    question = read_question({**ASKED, "pauses": ["2026-03-03T09:00+08:00/"]})
    assert question.pauses[0].end is None
    assert question.answer(CALENDAR).due_at is None


def test_what_a_pause_says_of_itself() -> None:
    said = {"start": "2026-03-03T09:00+08:00", "reason": "hearing", "by": "petition-130700000000"}
    (pause,) = read_question({**ASKED, "pauses": [said]}).pauses
    assert (pause.reason, pause.by, pause.end) == ("hearing", "petition-130700000000", None)


@pytest.mark.parametrize(
    ("more", "field", "rule"),
    [
        ({"start": None}, "start", "wrong_type"),
        ({"start": 20260302}, "start", "wrong_type"),
        ({"start": "soon"}, "start", "time_form"),
        ({"start": "2026-02-30T09:00+08:00"}, "start", "time_form"),
        ({"start": "2026-03-02T09:00"}, "start", "offset_missing"),
        ({"start": "2026-03-02"}, "start", "offset_missing"),
        ({"start": "2026-03-02T09:00+26:00"}, "start", "offset_range"),
        ({"start": "2026-03-02T09:00:00-26:00"}, "start", "offset_range"),
        ({"start": "2026-03-02T09:00:00.5+2600"}, "start", "offset_range"),
        ({"start": "2026-03-02T09:00+24:00"}, "start", "offset_range"),
        ({"start": "2026-03-02T09:00+23:00"}, "start", "offset_range"),
        ({"start": "2026-03-02T09:00+26:60"}, "start", "time_form"),
        ({"start": "2026-02-30T09:00+26:00"}, "start", "time_form"),
        ({"start": "soonT+26:00"}, "start", "time_form"),
        ({"start": "2026-03-02+26:00"}, "start", "time_form"),
        ({"start": "2026-03-02T09:00+26:00 or so"}, "start", "time_form"),
        ({"pauses": ["2026-03-03T09:00+26:00/"]}, "pause", "offset_range"),
        ({"pauses": ["2026-03-03T09:00+08:00/2026-03-04T09:00+26:00"]}, "pause", "offset_range"),
        ({"extensions": [{"limit": "1wd", "granted_at": "2026-03-03T09:00+26:00"}]}, "extension", "offset_range"),
        ({"start": "2026-03-02T09:00+14:01"}, "start", "offset_range"),
        ({"start": "2026-03-02T09:00-23:59"}, "start", "offset_range"),
        ({"start": "0001-01-01T00:00+14:00"}, "start", "calendar_range"),
        ({"start": "9999-12-31T23:59-14:00"}, "start", "calendar_range"),
        ({"start": "2006-12-31T23:59+08:00"}, "start", "calendar_range"),
        ({"start": "2100-01-01T00:00+08:00"}, "start", "calendar_range"),
        ({"limit": None}, "limit", "wrong_type"),
        ({"limit": 5}, "limit", "wrong_type"),
        ({"limit": "0wd"}, "limit", "limit_range"),
        ({"limit": "-5wd"}, "limit", "limit_form"),
        ({"limit": "1000000wd"}, "limit", "limit_range"),
        ({"limit": "99999999999wd"}, "limit", "limit_form"),
        ({"limit": "5 wd"}, "limit", "limit_form"),
        ({"limit": "5wd\n"}, "limit", "limit_form"),
        ({"limit": "1.5d"}, "limit", "limit_form"),
        ({"limit": "100y"}, "limit", "calendar_range"),
        ({"limit": "36500d"}, "limit", "calendar_range"),
        ({"limit": "1200mo"}, "limit", "calendar_range"),
        ({"start": "2099-12-30T09:00+08:00", "limit": "87600h"}, "limit", "calendar_range"),
        ({"start": "2099-12-30T09:00+08:00", "limit": "39h"}, "limit", "calendar_range"),
        ({"start": "2099-12-01T09:00+08:00", "limit": "100wd"}, "limit", "calendar_range"),
        ({"limit": "87600h", "extensions": ["87600h"] * 999}, "limit", "calendar_range"),
        ({"pauses": "always"}, "pauses", "wrong_type"),
        ({"pauses": {}}, "pauses", "wrong_type"),
        ({"pauses": [7]}, "pause", "wrong_type"),
        ({"pauses": ["2026-03-03T09:00+08:00"]}, "pause", "pause_form"),
        ({"pauses": ["/"]}, "pause", "pause_form"),
        ({"pauses": [{}]}, "pause", "pause_form"),
        ({"pauses": [f"/{AFTER}"]}, "pause", "resume_without_pause"),
        ({"pauses": [{"end": AFTER}]}, "pause", "resume_without_pause"),
        ({"pauses": ["then/now"]}, "pause", "time_form"),
        ({"pauses": [f"{AFTER}/now"]}, "pause", "time_form"),
        ({"pauses": ["2026-03-03T09:00/"]}, "pause", "offset_missing"),
        ({"pauses": [f"{AFTER}/2026-03-11T09:00"]}, "pause", "offset_missing"),
        ({"pauses": [f"{AFTER}/9999-12-31T23:59-14:00"]}, "pause", "calendar_range"),
        ({"pauses": [f"{AFTER}/2026-03-09T09:00+08:00"]}, "pause", "pause_order"),
        ({"pauses": ["2026-03-02T08:59+08:00/2026-03-03T09:00+08:00"]}, "pause", "pause_before_start"),
        ({"pauses": ["2026-03-02T08:59+08:00/"]}, "pause", "pause_before_start"),
        ({"pauses": [{"start": AFTER, "why": "x"}]}, "pause", "unknown_field"),
        ({"pauses": [{"start": AFTER, "reason": 5}]}, "pause", "wrong_type"),
        ({"pauses": [f"{AFTER}/{AFTER}"] * 1001}, "pauses", "too_many"),
        ({"extensions": "10wd"}, "extensions", "wrong_type"),
        ({"extensions": [10]}, "extension", "wrong_type"),
        ({"extensions": ["0wd"]}, "extension", "limit_range"),
        ({"extensions": [{"granted_at": AFTER}]}, "extension", "limit_form"),
        ({"extensions": [{"limit": "1wd", "granted_at": "soon"}]}, "extension", "time_form"),
        ({"extensions": [{"limit": "1wd", "granted_at": "2026-03-03"}]}, "extension", "offset_missing"),
        ({"extensions": [{"limit": "1wd", "granted_at": AFTER}]}, "extension", "extension_after_end"),
        (
            {"extensions": [{"limit": "1wd", "granted_at": "2026-03-02T08:00+08:00"}]},
            "extension",
            "extension_before_start",
        ),
        ({"extensions": [{"limit": "1wd", "by": "x"}]}, "extension", "unknown_field"),
        ({"roll": "yes"}, "roll", "wrong_type"),
        ({"close_of_business": 1730}, "close_of_business", "wrong_type"),
        ({"close_of_business": "25:00"}, "close_of_business", "hour_form"),
        ({"close_of_business": "17:30+08:00"}, "close_of_business", "hour_form"),
        ({"office": 7}, "office", "wrong_type"),
        ({"pauze": []}, "question", "unknown_field"),
    ],
)
def test_a_senseless_question_names_field_and_rule(more: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        read_question({**ASKED, **more}).answer(CALENDAR)
    assert (caught.value.field, caught.value.code) == (field, rule)
    assert caught.value.detail


def test_an_extension_while_the_clock_stands_still_is_in_time() -> None:
    late = {"limit": "1wd", "granted_at": "2026-06-01T09:00+08:00"}
    question = read_question({**ASKED, "pauses": ["2026-03-03T09:00+08:00/"], "extensions": [late]})
    assert question.answer(CALENDAR).due_at is None


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"pauses": [{"start": AFTER, "reason": "siesta"}]}, "pause"),
        ({"extensions": [{"limit": "1wd", "reason": "siesta"}]}, "extension"),
    ],
)
def test_a_reason_must_be_known(more: dict[str, Any], field: str) -> None:
    question = read_question({**ASKED, **more})
    assert question.codes == {"siesta"}
    question.check_reasons({"siesta"})
    with pytest.raises(BadQuestion) as caught:
        question.check_reasons({"hearing"})
    assert (caught.value.field, caught.value.code) == (field, "unknown_reason")


def test_a_question_names_its_own_hour_or_takes_its_offices() -> None:
    seventeen = datetime.fromisoformat("2026-03-02T17:00").time()
    assert read_question(ASKED).closing_at(seventeen).rules.close_of_business == seventeen
    named = read_question({**ASKED, "close_of_business": "12:00", "roll": False})
    assert named.closing_at(seventeen) is named
    assert read_question(ASKED).closing_at(None).rules.close_of_business is None
    assert not read_question({**ASKED, "roll": False}).closing_at(seventeen).rules.roll_last_day


def test_the_error_says_field_rule_and_detail_and_not_what_was_asked() -> None:
    assert str(outside("start")) == "start: must lie in the years 2007 to 2099 (calendar_range)"
    with pytest.raises(BadQuestion) as caught:
        read_question({**ASKED, "pauses": ["Zhang San/2026"]})
    assert "Zhang San" not in str(caught.value)


@pytest.mark.parametrize("hours", [-14, 14])
def test_the_last_places_on_earth_may_ask(hours: int) -> None:
    start = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=hours)))
    assert due(start, Limit.parse("1h"), calendar=CALENDAR).due_at == start + timedelta(hours=1)


def test_the_first_and_the_last_day_of_the_calendar_may_be_asked_for() -> None:
    first = datetime(2006, 12, 31, 16, tzinfo=UTC)
    assert due(first, Limit.parse("1wd"), calendar=CALENDAR).due_at == datetime(2007, 1, 4, 15, 59, 59, 999999, UTC)
    last = datetime(2099, 12, 30, 12, tzinfo=SHANGHAI)
    assert due(last, Limit.parse("1d"), calendar=CALENDAR).due_at == datetime(2099, 12, 31, 15, 59, 59, 999999, UTC)
    assert due(last, Limit.parse("35h"), calendar=CALENDAR).due_at == last + timedelta(hours=35)
    with pytest.raises(BadQuestion):
        due(last, Limit.parse("2d"), calendar=CALENDAR)


def test_the_largest_limits_are_in_and_one_more_is_out() -> None:
    for text in ("87600h", "36500d", "10000wd", "1200mo", "100y"):
        number, unit = Limit.parse(text).number, Limit.parse(text).unit
        with pytest.raises(BadQuestion) as caught:
            Limit(number + 1, unit)
        assert (caught.value.code, caught.value.detail) == ("limit_range", f"must be from 1 to {number} {unit.value}")


def test_a_pause_of_no_length_is_none() -> None:
    at = datetime.fromisoformat(AFTER)
    assert Pause(start=at, end=at).end == at
