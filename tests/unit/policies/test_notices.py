"""Notices of 2018, 2019 and 2020 as they came: whose word a day is, and what publishing one leaves of the others."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.clocks.recounting import recalculated, recount, written
from libraries.deadlines import Calendar, Limit, Notice, Override, as_json, as_text, explain, statutory_calendar
from libraries.deadlines.rendering import BY_ANALOGY
from libraries.policies import PolicyRefused, load_policy
from libraries.policies.publishing import publish
from tests.civil_time import CIVIL_TIME
from tests.notices import ALL, FIRST_2018, FIRST_2019, FIRST_2020, MAY_2019, SPRING_2020, days_of, file_of
from tests.unit.policies.test_calendars import pack, refusals, writes
from tests.unit.policies.test_recounting import CASE, a_clock, policy

__all__ = ["pack"]
SHIPPED = statutory_calendar(CIVIL_TIME)
EVE = (date(2018, 12, 29), date(2018, 12, 31))
TODAY = date(2026, 3, 2)


def works(calendar: Calendar, *days: date) -> list[bool]:
    return [calendar.works(day.toordinal()) for day in days]


def by(calendar: Calendar, day: date) -> Notice | None:
    return calendar.day(day.toordinal()).notice


def publishing(pack: Path, *notices: Notice) -> Calendar:
    for notice in notices:
        file = pack.parent / "given.yaml"
        file.write_text(file_of(notice), "utf-8")
        publish(file, pack, TODAY)
    return load_policy(pack).calendar


@pytest.mark.parametrize("notice", ALL, ids=lambda notice: f"{notice.year}-{notice.order}")
def test_what_is_shipped_of_a_year_is_what_its_notices_say(notice: Notice) -> None:
    assert SHIPPED.notice(notice.year, notice.order) == notice
    published = SHIPPED.with_year(notice, days_of(notice))
    assert published.differing_days(SHIPPED) == []
    assert published.version == SHIPPED.version


def test_publishing_2018_leaves_the_days_that_the_notice_of_2019_took_from_it(pack: Path) -> None:
    calendar = publishing(pack, FIRST_2018)
    assert works(calendar, *EVE) == works(SHIPPED, *EVE) == [True, False]
    assert [by(calendar, day) for day in EVE] == [FIRST_2019, FIRST_2019]
    assert by(calendar, date(2018, 10, 1)) == FIRST_2018
    assert calendar.version == SHIPPED.version


def in_turn(notices: tuple[Notice, ...]) -> str:
    return " ".join(f"{notice.year}-{notice.order}" for notice in notices)


@pytest.mark.parametrize("order", list(permutations((FIRST_2018, FIRST_2019, MAY_2019))), ids=in_turn)
def test_published_in_whatever_order_the_days_are_the_same(pack: Path, order: tuple[Notice, ...]) -> None:
    calendar = publishing(pack, *order)
    assert calendar.version == SHIPPED.version
    assert by(calendar, date(2019, 5, 1)) == by(calendar, date(2019, 4, 28)) == MAY_2019
    assert by(calendar, date(2019, 6, 7)) == FIRST_2019


def test_a_notice_that_is_published_again_says_no_more_what_it_leaves_out(pack: Path) -> None:
    without = file_of(FIRST_2019, without=(*EVE, date(2018, 12, 30)))
    calendar = load_policy(writes(pack, without, "calendar-2019.yaml")).calendar
    assert works(calendar, *EVE) == [False, True]
    assert [by(calendar, day) for day in EVE] == [None, None]


YEARS = range(2016, 2031)
KEYS = [(year, order) for year in YEARS for order in (1, 2)]


@st.composite
def words(draw: st.DrawFn) -> list[tuple[Notice, dict[date, Override]]]:
    """What notices say, each of its year and of the December before."""
    found = []
    for year, order in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=6)):
        days = draw(st.lists(st.dates(date(year - 1, 12, 1), date(year, 12, 31)), unique=True, max_size=12))
        said = {day: Override(works=draw(st.booleans()), zh="x", en="x") for day in days}
        found.append((Notice(year=year, order=order, source=f"{year}-{order}"), said))
    return found


@given(words(), st.randoms(use_true_random=False))
def test_notices_make_the_same_calendar_in_any_order(
    said: list[tuple[Notice, dict[date, Override]]], chance: Random
) -> None:
    def made(given: list[tuple[Notice, dict[date, Override]]]) -> Calendar:
        calendar = SHIPPED
        for notice, days in given:
            calendar = calendar.with_year(notice, days)
        return calendar

    one, mixed = made(said), list(said)
    chance.shuffle(mixed)
    other = made([*mixed, *mixed[:2]])
    span = range(date(2015, 1, 1).toordinal(), date(2031, 1, 1).toordinal())
    assert [one.day(day) for day in span] == [other.day(day) for day in span]
    assert (one.version, one.notices, one.settled_through) == (other.version, other.notices, other.settled_through)
    for notice, days in said:
        for day in days:
            speaker = by(one, day)
            assert speaker is not None
            assert speaker.place >= notice.place, "only a later notice stands over one"


def test_a_day_that_only_a_missing_notice_could_tell_is_provisional() -> None:
    last = SHIPPED.published_through
    start = datetime(last.year, 12, 25, 2, tzinfo=UTC)
    assert explain(start, Limit.parse("4wd"), calendar=SHIPPED).provisional
    told = SHIPPED.with_year(Notice(year=last.year + 1, source="x"), {})
    assert not explain(start, Limit.parse("4wd"), calendar=told).provisional


def test_an_explanation_names_the_notice_of_each_day_that_it_counts_by() -> None:
    told = explain(datetime(2018, 12, 27, 2, tzinfo=UTC), Limit.parse("3wd"), calendar=SHIPPED)
    days = {day["date"]: day["notice"] for day in as_json(told, BY_ANALOGY)["days"]}
    assert days["2018-12-29"] == days["2018-12-31"] == FIRST_2019.source
    assert days["2018-12-28"] is None
    assert f"2019：{FIRST_2019.source}，2018-12-04 公布" in as_text(told, BY_ANALOGY)
    late = explain(datetime(2020, 1, 21, 2, tzinfo=UTC), Limit.parse("5wd"), calendar=SHIPPED)
    assert [notice.place for notice in late.notices] == [(2020, 1), (2020, 2)]
    assert f"2020：{SPRING_2020.source}，2020-01-26 公布" in as_text(late, BY_ANALOGY).splitlines()


BEFORE = {
    MAY_2019: Calendar(
        SHIPPED._guesses, [one for one in SHIPPED._said.values() if one[0].place < (2019, 2)], CIVIL_TIME
    ),
    SPRING_2020: Calendar(
        SHIPPED._guesses, [one for one in SHIPPED._said.values() if one[0].place < (2020, 2)], CIVIL_TIME
    ),
}
"""As it ran when the second notice came."""


@pytest.mark.parametrize(
    ("notice", "start", "limit", "was", "now"),
    [
        (SPRING_2020, datetime(2020, 1, 21, 2, tzinfo=UTC), "5wd", "2020-02-03", "2020-02-05"),
        (MAY_2019, datetime(2019, 4, 26, 2, tzinfo=UTC), "3wd", "2019-05-02", "2019-04-30"),
        (MAY_2019, datetime(2019, 4, 26, 2, tzinfo=UTC), "4wd", "2019-05-03", "2019-05-05"),
    ],
    ids=["Spring Festival extended", "worked before May Day", "May Day extended"],
)
@pytest.mark.parametrize("rewritten", [False, True], ids=["beside the first", "over the first"])
def test_a_second_notice_moves_dates_and_is_named(
    notice: Notice, start: datetime, limit: str, was: str, now: str, rewritten: bool
) -> None:
    """Either it has a file of its own, or somebody writes the whole year again under its name."""
    before = replace(policy(), calendar=BEFORE[notice])
    if rewritten:
        first = before.calendar.notice(notice.year)
        assert first is not None
        merged = {**days_of(first), **days_of(notice)}
        calendar = before.calendar.with_year(replace(notice, order=1), merged)
    else:
        calendar = before.calendar.with_year(notice, days_of(notice))
    after = replace(before, calendar=calendar)
    clock = written(replace(a_clock(limit), started_at=start, announced_dates=None), before)
    said = recalculated(CASE, [(clock, recount(clock, after))], after, start)
    assert [str(due.date()) for due in said.previous_due_at if due] == [was]
    assert [str(one.due_at.date()) for one in said.clocks if one.due_at] == [now]
    assert [(one.source, one.published_on) for one in said.notices] == [(notice.source, notice.published_on)]
    assert (said.reason, said.calendar) == ("calendar_changed", calendar.version)


def test_a_second_notice_that_speaks_of_no_day_of_a_clock_is_no_reason_for_it() -> None:
    """What moved the date is the year that was published with it."""
    before = replace(policy(), calendar=BEFORE[MAY_2019])
    calendar = before.calendar.with_year(MAY_2019, days_of(MAY_2019)).with_year(FIRST_2020, days_of(FIRST_2020))
    after = replace(before, calendar=calendar)
    clock = written(
        replace(a_clock("3wd"), started_at=datetime(2019, 12, 30, 2, tzinfo=UTC), announced_dates=None), before
    )
    said = recalculated(CASE, [(clock, recount(clock, after))], after, clock.started_at)
    assert [one.source for one in said.notices] == [FIRST_2020.source]


def test_a_second_notice_has_a_file_of_its_own(pack: Path) -> None:
    assert publishing(pack, SPRING_2020).version == SHIPPED.version
    assert (pack / "calendar-2020-2.yaml").read_text("utf-8") == file_of(SPRING_2020)
    assert not (pack / "calendar-2020.yaml").exists()


YEAR = SHIPPED.published_through.year
SECOND = f"year: {YEAR}\nnotice: 2\nsource: 国办发明电\npublished_on: {YEAR}-01-20\ndays:\n"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (f"{YEAR}-2", SECOND.replace("notice: 2", "notice: 3"), "2: notice must be 2, as the name of the file has it"),
        (f"{YEAR}-2", SECOND.replace("notice: 2\n", ""), "1: notice must be 2, as the name of the file has it"),
        (f"{YEAR}-3", SECOND.replace("notice: 2", "notice: 3"), f"1: notice 2 of {YEAR} is not published"),
        (
            f"{YEAR + 1}-2",
            SECOND.replace(f"year: {YEAR}", f"year: {YEAR + 1}"),
            f"1: notice 1 of {YEAR + 1} is not published, and none is left out",
        ),
        (f"{YEAR}-2", SECOND.replace(f"{YEAR}-01-20", f"{YEAR - 1}-01-20"), "4: published_on lies before"),
        (
            f"{YEAR}-2",
            f"{SECOND}  - {{date: {YEAR}-10-01, works: true, zh: x, en: x}}\n",
            f"6: {YEAR}-10-01 is a holiday by law",
        ),
        (
            f"{YEAR}-2",
            f"{SECOND}  - {{date: {YEAR}-03-11, works: true, zh: x, en: x}}\n",
            f"6: {YEAR}-03-11 is no weekend",
        ),
        (
            f"{YEAR}-2",
            SECOND + "".join(f"  - {{date: {YEAR}-03-{n}, works: false, zh: x, en: x}}\n" for n in (9, 10, 11, 12)),
            "1: gives 4 days off more than the law",
        ),
    ],
)
def test_a_wrong_second_notice_is_refused_on_its_line(pack: Path, name: str, text: str, reason: str) -> None:
    told = refusals(writes(pack, text, f"calendar-{name}.yaml"))
    assert any(fault.startswith(f"city/calendar-{name}.yaml:{reason}") for fault in told), told


def test_a_second_notice_may_take_back_a_day_off_and_give_a_worked_weekend_back(pack: Path) -> None:
    rows = (
        "  - {date: 2026-01-02, works: true, zh: 恢复上班, en: worked again}\n"
        "  - {date: 2026-01-04, works: false, zh: 周日, en: Sunday}\n"
    )
    calendar = load_policy(writes(pack, SECOND.replace(str(YEAR), "2026") + rows, "calendar-2026-2.yaml")).calendar
    assert works(SHIPPED, date(2026, 1, 2), date(2026, 1, 4)) == [False, True]
    assert works(calendar, date(2026, 1, 2), date(2026, 1, 4)) == [True, False]


def test_the_number_of_a_notice_that_is_none_is_refused(pack: Path) -> None:
    file = pack.parent / "given.yaml"
    row = "  - {date: 2026-01-04, works: false, zh: x, en: x}\n"
    file.write_text(SECOND.replace("notice: 2", "notice: second") + row, "utf-8")
    with pytest.raises(PolicyRefused, match="notice must be a number from 1 to 9"):
        publish(file, pack, TODAY)
