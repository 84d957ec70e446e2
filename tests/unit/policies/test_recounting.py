"""Which clocks another calendar moves, and what is written of those that it does not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import ClockKind, ClockStatus
from contracts.events.clocks import CalendarNotice, ClockRecalculated
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.packing import pack, unpack
from libraries.clocks.recounting import calendar_version, current_dates, recalculated, recount, version_of, written
from libraries.deadlines import Limit, Notice, Override
from libraries.policies import Policy, load_policy
from tests.calendars import with_days

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
MONDAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CASE = UUID(int=7)
OFFICE = "education-130722000000"
SATURDAY = date(2026, 3, 7)
WEDNESDAY = date(2026, 3, 4)


@cache
def policy() -> Policy:
    return load_policy(PACK)


def a_clock(limit: str = "10wd", office: str = OFFICE) -> LegalClock:
    terms = terms_of(policy().limit(ClockKind.HANDLING, "education.student_aid"), policy(), office)
    clock = LegalClock(
        id=UUID(int=1),
        kind=ClockKind.HANDLING,
        office=office,
        area="130722100000",
        terms=replace(terms, limit=Limit.parse(limit)),
        started_at=MONDAY,
    )
    return written(clock, policy())


def test_a_clock_that_is_moved_gets_its_next_version() -> None:
    after = recount(a_clock(), with_days(policy(), works=(SATURDAY,)))
    assert (after.version, after.status) == (2, ClockStatus.RUNNING)
    assert after.announced_dates is not None
    assert (after.announced_dates.version, after.announced_dates.due_at) == (
        2,
        datetime(2026, 3, 13, 15, 59, 59, 999999, UTC),
    )


def test_days_that_cancel_each_other_out_before_the_warning_move_nothing() -> None:
    clock = a_clock()
    assert recount(clock, with_days(policy(), works=(SATURDAY,), free=(WEDNESDAY,))) is clock


def test_a_warning_that_moves_is_told_even_if_the_end_stays() -> None:
    # Eight of ten working days end on Thursday 12 March; the Saturday takes one of them, a free Friday gives it back.
    after = recount(a_clock(), with_days(policy(), works=(SATURDAY,), free=(date(2026, 3, 13),)))
    assert after.version == 2


LEVELS = with_days(policy(), works=(SATURDAY,), free=(date(2026, 3, 10),))
"""Half of ten working days ends on Saturday 7 March instead of Monday; 80 per cent and the end stay where they were."""


def test_a_level_of_warning_that_moves_alone_is_told() -> None:
    before, after = a_clock(), recount(a_clock(), LEVELS)
    assert before.announced_dates is not None
    assert after.announced_dates is not None
    assert (after.version, after.announced_dates.due_at, after.announced_dates.due_soon_at) == (
        2,
        before.announced_dates.due_at,
        before.announced_dates.due_soon_at,
    )
    half, moved = before.announced_dates.warnings, after.announced_dates.warnings
    assert half is not None
    assert moved == (datetime(2026, 3, 7, 16, tzinfo=UTC), *half[1:])
    facts = after.facts(LEVELS.calendar)
    assert tuple(warning.at for warning in facts.warnings) == moved


def test_a_clock_of_which_no_levels_were_kept_is_not_moved_for_them() -> None:
    before = a_clock()
    assert before.announced_dates is not None
    older = replace(before, announced_dates=replace(before.announced_dates, warnings=None))
    assert unpack(pack(older)).announced_dates == older.announced_dates
    assert recount(older, LEVELS) is older
    again = recount(older, with_days(policy(), works=(SATURDAY,)))
    assert again.announced_dates is not None
    assert (again.version, again.announced_dates.warnings is None) == (2, False)


def test_hours_and_plain_days_do_not_move_but_a_rolled_last_day_does() -> None:
    other = with_days(policy(), works=(SATURDAY,))
    for limit in ("24h", "3d"):
        clock = a_clock(limit)
        assert recount(clock, other) is clock
    # Five days end on the Saturday: it rolled to Monday, and does not any more.
    assert recount(a_clock("5d"), other).version == 2


def moved(before: LegalClock, other: Policy) -> ClockRecalculated:
    return recalculated(CASE, [(before, recount(before, other))], other, MONDAY)


def test_what_is_said_names_the_calendar_and_no_notice_for_a_day_of_a_known_year() -> None:
    other = with_days(policy(), works=(SATURDAY,))
    before = a_clock()
    assert before.announced_dates is not None
    said = moved(before, other)
    assert (said.calendar, said.notices, said.previous_due_at) == (
        other.calendar.version,
        (),
        (before.announced_dates.due_at,),
    )


def published(year: int) -> Policy:
    notice = Notice(year=year, source="国办发明电〔2026〕9号", published_on=date(2026, 11, 4))
    days = {date(year, 1, day): Override(works=False, zh="元旦", en="New Year's Day") for day in (1, 4)}
    return replace(policy(), calendar=policy().calendar.with_year(notice, days))


def test_a_year_that_was_published_is_named_where_the_date_lies_in_it_or_in_the_december_before() -> None:
    other = published(2027)
    late = written(
        replace(a_clock("10wd"), announced_dates=None, started_at=datetime(2026, 12, 25, 4, tzinfo=UTC)), policy()
    )
    said = moved(late, other)
    assert said.notices == (CalendarNotice(year=2027, source="国办发明电〔2026〕9号", published_on=date(2026, 11, 4)),)
    assert [clock.provisional for clock in said.clocks] == [False]
    both = with_days(other, works=(SATURDAY,))
    assert moved(a_clock(), both).notices == ()


def test_of_what_another_program_wrote_no_notice_is_known_to_be_new() -> None:
    before = a_clock()
    assert before.announced_dates is not None
    foreign = replace(before, announced_dates=replace(before.announced_dates, calendar="someone's"))
    assert moved(foreign, with_days(published(2027), works=(SATURDAY,))).notices == ()


def test_what_stands_still_or_has_ended_is_not_moved() -> None:
    other = with_days(policy(), works=(SATURDAY,))
    paused = written(a_clock().pause(MONDAY, "appraisal"), policy())
    assert recount(paused, other) is paused
    met = written(a_clock().stop(MONDAY, ClockStatus.MET), policy())
    assert recount(met, other).version == met.version


def test_an_office_whose_own_days_stay_is_not_even_counted() -> None:
    clock = a_clock()
    own = replace(policy(), calendar=with_days(policy(), works=(SATURDAY,)).calendar)
    schools = replace(own, calendars={OFFICE: policy().calendar})
    assert recount(clock, schools) is clock
    assert recount(a_clock(office="health-130722000000"), schools).version == 2


def test_the_version_of_all_calendars_changes_with_that_of_one_office() -> None:
    schools = replace(policy(), calendars={OFFICE: with_days(policy(), works=(SATURDAY,)).calendar})
    assert calendar_version(policy()) == policy().calendar.version
    assert calendar_version(schools) != calendar_version(policy())
    assert calendar_version(replace(schools)) == calendar_version(schools)


def test_what_was_told_stays_written_until_it_is_counted_again() -> None:
    other = with_days(policy(), works=(SATURDAY,))
    clock = a_clock()
    # Another act on the same row writes it once more, under a calendar that it was not counted by.
    assert written(clock, other).announced_dates == clock.announced_dates
    assert version_of(clock, policy()) == calendar_version(policy())
    assert version_of(clock, other) == ""
    assert version_of(clock.stop(MONDAY, ClockStatus.MET), other) is None


def test_what_is_told_is_written_and_read_again() -> None:
    clock = a_clock()
    again = unpack(pack(clock))
    assert (again, again.announced_dates) == (clock, clock.announced_dates)


@given(
    start=st.integers(0, 240 * 24).map(lambda hours: datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=hours)),
    limit=st.sampled_from(["1wd", "2wd", "5wd", "15wd", "30wd", "15d", "60d", "24h", "1mo"]),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 1)),
)
def test_a_clock_is_moved_exactly_if_something_that_was_told_changes(start: datetime, limit: str, day: date) -> None:
    works = policy().calendar.works(day.toordinal())
    other = with_days(policy(), works=() if works else (day,), free=(day,) if works else ())
    clock = written(replace(a_clock(limit), started_at=start, announced_dates=None), policy())
    before, after = current_dates(clock, policy()), current_dates(clock, other)
    same = before.dates == after.dates
    assert (recount(clock, other) is clock) is same
    if before.due_at is not None and not start.date() <= day <= before.due_at.date():
        assert same, "a day outside moved it"
