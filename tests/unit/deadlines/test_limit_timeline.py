"""Pauses in an explanation: each is listed with what it gave back, and hours run by the day, not by number."""

from datetime import datetime, time, timedelta, timezone

import pytest

from libraries.deadlines import (
    BY_ANALOGY,
    CountingRules,
    Explanation,
    Limit,
    Pause,
    as_html,
    as_json,
    as_text,
    statutory_calendar,
)
from libraries.deadlines import explain as explained
from libraries.deadlines.explanation import time_in_words
from tests.civil_time import CIVIL_TIME

CALENDAR = statutory_calendar(CIVIL_TIME)
NAMES = {"hearing": ("听证", "Hearing"), "petition-1307": ("市信访局", "Petition Bureau")}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def pause(span: str, reason: str = "hearing", by: str = "petition-1307") -> Pause:
    begin, end = span.split("/")
    return Pause(start=at(begin), end=at(end) if end else None, reason=reason, by=by)


def explain(start: str, limit: str, *spans: str, **more: object) -> Explanation:
    pauses = [pause(span) for span in spans]
    return explained(at(start), Limit.parse(limit), calendar=CALENDAR, names=NAMES, pauses=pauses, **more)


def told_of(told: Explanation, lang: str = "en") -> list[str]:
    """The lines of the text about pauses, without what they have in common."""
    start, by = {"en": ("Paused: ", ", Hearing, by Petition Bureau; "), "zh": ("暂停：", "，听证（市信访局）；")}[lang]
    lines = as_text(told, BY_ANALOGY, lang).splitlines()
    return [line.removeprefix(start).replace(by, " | ") for line in lines if line.startswith(start)]


def days(told: Explanation, lang: str = "en") -> list[str]:
    return [f"{day.date:%m-%d} {'+' if day.counts else '-'} {getattr(day, lang)}" for day in told.days]


WEEKEND = "2026-03-06T18:00/2026-03-08T18:00"


def test_hours_tell_how_much_ran_on_each_day_and_what_the_pause_gave_back() -> None:
    told = explain("2026-03-06T16:30", "24h", WEEKEND)
    assert days(told) == [
        "03-06 + 1 h 30 min run, paused for 6 h",
        "03-07 - clock paused: Hearing, by Petition Bureau",
        "03-08 + 6 h run, paused for 18 h",
        "03-09 + 16 h 30 min run",
    ]
    assert days(told, "zh")[::2] == [
        "03-06 + 按小时计：1 小时 30 分，暂停 6 小时",
        "03-08 + 按小时计：6 小时，暂停 18 小时",
    ]
    assert told_of(told) == ["2026-03-06 18:00 to 2026-03-08 18:00 | gave back 48 h"]
    assert told_of(told, "zh") == ["2026-03-06 18:00 至 2026-03-08 18:00 | 补回 48 小时"]
    assert "2026-03-08 Sun        6 h run, paused for 18 h" in as_text(told, BY_ANALOGY, "en")
    assert "2026-03-07 Sat     -  clock paused" in as_text(told, BY_ANALOGY, "en")
    assert "<td></td><td>6 h run, paused for 18 h</td>" in as_html(told, BY_ANALOGY, "en")
    paused = "<p>暂停：2026-03-06 18:00 至 2026-03-08 18:00，听证（市信访局）；补回 48 小时</p>"
    assert paused in as_html(told, BY_ANALOGY)
    values = as_json(told, BY_ANALOGY)
    assert [day["ran_seconds"] for day in values["days"]] == [5400, 0, 21600, 59400]
    assert [day["reason"] for day in values["days"]] == ["hours", "paused", "hours", "hours"]
    assert (values["pauses"][0]["gave_back_days"], values["pauses"][0]["gave_back_seconds"]) == (0, 172800)


def test_hours_that_stand_still_tell_what_ran_before() -> None:
    told = explain("2026-03-05T16:30", "48h", "2026-03-06T18:00/")
    assert days(told) == ["03-05 + 7 h 30 min run", "03-06 + 18 h run, then clock paused: Hearing, by Petition Bureau"]
    assert days(told, "zh")[1] == "03-06 + 按小时计：18 小时，其后暂停计时：听证（市信访局）"
    assert told_of(told) == ["since 2026-03-06 18:00 | not over yet"]
    assert told_of(told, "zh") == ["2026-03-06 18:00 起 | 尚未恢复"]
    assert as_json(told, BY_ANALOGY)["pauses"][0]["gave_nothing_back"] == "lasts"
    at_once = explain("2026-03-06T16:30", "24h", "2026-03-06T16:30/")
    assert days(at_once) == ["03-06 - clock paused: Hearing, by Petition Bureau"]


def test_hours_that_had_run_before_the_clock_stopped_on_their_last_day() -> None:
    both = {"extensions": [Limit.parse("2wd")]}
    same_day = explain("2026-03-02T10:00", "2h", "2026-03-02T18:00/", **both)
    assert days(same_day) == ["03-02 + 2 h run, then clock paused: Hearing, by Petition Bureau"]
    later = explain("2026-03-02T10:00", "2h", "2026-03-04T09:00/", **both)
    assert days(later) == [
        "03-02 + 2 h run",
        "03-03 + working day (extension)",
        "03-04 - clock paused: Hearing, by Petition Bureau",
    ]


def test_hours_may_end_at_midnight() -> None:
    told = explain("2026-03-06T16:00", "8h")
    assert days(told) == ["03-06 + 8 h run", "03-07 - the hours have run at 00:00"]
    assert days(told, "zh")[1] == "03-07 - 按小时计：0 时计满"
    assert told.days[-1].reason == "hours"
    assert told.days[-1].counts is False


def test_a_pause_of_hours_within_a_pause_gives_nothing_more_back() -> None:
    inner, outer = "2026-03-06T19:00/2026-03-06T20:00", "2026-03-06T18:00/2026-03-07T06:00"
    over = "2026-03-07T00:00/2026-03-07T09:00"
    told = explain("2026-03-06T16:00", "24h", over, inner, outer)
    assert told_of(told) == [
        "2026-03-06 18:00 to 2026-03-07 06:00 | gave back 12 h",
        "2026-03-06 19:00 to 2026-03-06 20:00 | nothing to give back in it",
        "2026-03-07 00:00 to 2026-03-07 09:00 | gave back 3 h",
    ]
    assert [given.time for given in told.pauses] == [timedelta(hours=3), timedelta(), timedelta(hours=12)]
    assert told_of(told, "zh")[1] == "2026-03-06 19:00 至 2026-03-06 20:00 | 其间无应补回的时间"


def test_the_same_pause_twice_gives_back_once() -> None:
    hours = explain("2026-03-06T16:30", "24h", WEEKEND, WEEKEND)
    assert [given.time for given in hours.pauses] == [timedelta(hours=48), timedelta()]
    told = explain("2026-03-02T10:00", "2wd", *["2026-03-03T09:00/2026-03-05T09:00"] * 2)
    assert [given.days for given in told.pauses] == [2, 0]


def test_a_pause_within_a_day_is_told_though_the_day_counts() -> None:
    told = explain("2026-03-02T10:00", "2wd", "2026-03-03T09:00/2026-03-03T17:00")
    assert days(told) == ["03-02 - start day, not counted", "03-03 + working day", "03-04 + working day"]
    assert told_of(told) == ["2026-03-03 09:00 to 2026-03-03 17:00 | over before 24:00 of its day, which counts"]
    assert told_of(told, "zh") == ["2026-03-03 09:00 至 2026-03-03 17:00 | 当日 24 时前恢复，该日照计"]
    assert "<p>Paused: 2026-03-03 09:00 to 2026-03-03 17:00, Hearing" in as_html(told, BY_ANALOGY, "en")
    assert as_json(told, BY_ANALOGY)["pauses"][0]["gave_nothing_back"] == "within_a_day"


@pytest.mark.parametrize(
    ("start", "spans", "expected"),
    [
        ("2026-03-02T10:00", ["2026-03-02T11:00/2026-03-02T17:00"], ["nothing to give back in it"]),
        ("2026-03-02T10:00", ["2026-03-02T11:00/2026-03-03T09:00"], ["nothing to give back in it"]),
        ("2026-03-05T10:00", ["2026-03-07T11:00/2026-03-07T17:00"], ["nothing to give back in it"]),
        ("2026-03-05T10:00", ["2026-03-07T11:00/2026-03-08T17:00"], ["nothing to give back in it"]),
        ("2026-03-05T10:00", ["2026-03-06T11:00/2026-03-09T17:00"], ["gave back 1 day"]),
        ("2026-03-05T10:00", ["2026-03-06T11:00/2026-03-10T17:00"], ["gave back 2 days"]),
        (
            "2026-03-02T10:00",
            ["2026-03-03T09:00/2026-03-03T10:00", "2026-03-03T09:30/2026-03-04T10:00"],
            ["nothing to give back in it", "gave back 1 day"],
        ),
        (
            "2026-03-02T10:00",
            ["2026-03-03T09:00/2026-03-05T10:00", "2026-03-04T09:30/2026-03-06T10:00"],
            ["gave back 2 days", "gave back 1 day"],
        ),
        (
            "2026-03-02T10:00",
            ["2026-03-06T10:00/2026-03-07T10:00"],
            ["began after the limit had ended, gives nothing back"],
        ),
        (
            "2026-03-02T10:00",
            ["2026-03-05T10:00/2026-03-05T12:00"],
            ["began after the limit had ended, gives nothing back"],
        ),
        ("2026-03-02T10:00", ["2026-03-05T10:00/"], ["began after the limit had ended, gives nothing back"]),
        ("2026-03-02T10:00", ["2026-03-03T10:00/"], ["not over yet"]),
        (
            "2026-03-02T10:00",
            ["2026-03-03T09:00/2026-03-05T09:00", "2026-03-05T10:00/"],
            ["gave back 2 days", "not over yet"],
        ),
        (
            "2026-03-02T10:00",
            ["2026-03-03T10:00/2026-03-03T12:00", "2026-03-04T10:00/"],
            ["over before 24:00 of its day, which counts", "not over yet"],
        ),
        (
            "2026-03-02T10:00",
            ["2026-03-03T10:00/", "2026-03-04T10:00/2026-03-05T12:00"],
            ["not over yet", "nothing to give back in it"],
        ),
        (
            "2026-03-02T10:00",
            ["2026-03-03T10:00/", "2026-03-04T10:00/2026-03-04T12:00"],
            ["not over yet", "nothing to give back in it"],
        ),
    ],
)
def test_what_a_pause_gave_back_to_two_working_days(start: str, spans: list[str], expected: list[str]) -> None:
    assert [line.split(" | ")[1] for line in told_of(explain(start, "2wd", *spans))] == expected


def test_a_pause_gives_time_back_to_hours_and_days_to_what_comes_after_them() -> None:
    spans = ("2026-03-03T08:00/2026-03-05T08:00", "2026-03-05T11:00/2026-03-07T09:00")
    told = explain("2026-03-02T10:00", "24h", *spans, extensions=[Limit.parse("2wd")])
    assert [(given.days, given.time) for given in told.pauses] == [(0, timedelta(hours=48)), (1, timedelta())]
    assert days(told)[3:] == [
        "03-05 + 2 h run, paused for 8 h",
        "03-06 - clock paused: Hearing, by Petition Bureau",
        "03-07 - weekend (extension)",
        "03-08 - weekend (extension)",
        "03-09 + working day (extension)",
        "03-10 + working day (extension)",
    ]


def test_a_day_to_which_the_last_one_would_give_way_is_given_back_too() -> None:
    told = explain("2026-03-06T10:00", "1d", "2026-03-09T09:00/2026-03-10T09:00")
    assert [day.reason for day in told.days] == ["start_day", "counted", "weekend", "paused", "rolled"]
    assert told_of(told) == ["2026-03-09 09:00 to 2026-03-10 09:00 | gave back 1 day"]


def test_a_clock_that_stops_before_it_would_give_way_names_no_day_to_which_it_did() -> None:
    told = explain("2026-03-06T10:00", "1d", "2026-03-09T09:00/")
    assert [day.reason for day in told.days] == ["start_day", "counted", "weekend", "paused"]
    assert not told.days[2].counts


def test_a_pause_that_begins_at_the_last_instant_is_not_late_and_gives_nothing_back() -> None:
    told = explain("2026-03-02T10:00", "24h", "2026-03-03T10:00/2026-03-03T12:00")
    assert told_of(told)[0].endswith("| nothing to give back in it")


def test_what_begins_after_the_close_of_the_last_day_is_told_as_late() -> None:
    rules = CountingRules(close_of_business=time(17, 30))
    told = explain("2026-03-02T10:00", "1wd", "2026-03-03T18:00/2026-03-05T09:00", rules=rules)
    assert told_of(told)[0].endswith("| began after the limit had ended, gives nothing back")
    assert told_of(told, "zh")[0].endswith("| 期限届满后开始，不补回")


def test_a_pause_without_a_word_is_listed_without_one() -> None:
    bare = [Pause(start=at("2026-03-03T09:00:05"), end=at("2026-03-04T09:00"))]
    told = explained(at("2026-03-02T10:00:30"), Limit.parse("1wd"), calendar=CALENDAR, pauses=bare)
    assert as_text(told, BY_ANALOGY).splitlines()[2] == "暂停：2026-03-03 09:00:05 至 2026-03-04 09:00；补回 1 日"
    english = as_text(told, BY_ANALOGY, "en").splitlines()
    assert english[0] == "1 working day from 2026-03-02 10:00:30"
    assert english[2] == "Paused: 2026-03-03 09:00:05 to 2026-03-04 09:00; gave back 1 day"
    other = [Pause(start=at("2026-03-03T09:00"), end=None, reason="other", by="x-1")]
    told = explained(at("2026-03-02T10:00"), Limit.parse("1wd"), calendar=CALENDAR, pauses=other)
    assert "暂停：2026-03-03 09:00 起，other（x-1）；尚未恢复" in as_text(told, BY_ANALOGY).splitlines()


def test_moments_of_other_zones_are_told_at_the_window_and_counted_exactly() -> None:
    berlin = timezone(timedelta(hours=1))
    start = at("2026-03-06T16:30").astimezone(berlin)
    held = [Pause(start=at("2026-03-06T18:00").astimezone(berlin), end=at("2026-03-08T18:00"))]
    told = explained(start, Limit.parse("24h"), calendar=CALENDAR, pauses=held)
    assert [day.ran for day in told.days] == [timedelta(hours=h) for h in (1.5, 0, 6, 16.5)]
    assert "暂停：2026-03-06 18:00 至 2026-03-08 18:00；补回 48 小时" in as_text(told, BY_ANALOGY)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, ("0 秒", "0 s")),
        (0.9, ("0 秒", "0 s")),
        (59.9, ("59 秒", "59 s")),
        (60, ("1 分", "1 min")),
        (3600, ("1 小时", "1 h")),
        (3661, ("1 小时 1 分 1 秒", "1 h 1 min 1 s")),
        (360_005, ("100 小时 5 秒", "100 h 5 s")),
    ],
)
def test_time_in_words(seconds: float, words: tuple[str, str]) -> None:
    assert time_in_words(timedelta(seconds=seconds)) == words


def test_a_part_of_a_second_is_kept_in_the_values() -> None:
    told = explain("2026-03-06T16:30:00.250000", "24h")
    assert [day["ran_seconds"] for day in as_json(told, BY_ANALOGY)["days"]] == [26999.75, 59400.25]
    assert [day.en for day in told.days] == ["7 h 29 min 59 s run", "16 h 30 min 1 s run"]
