"""Who had the time: pieces that leave no gap, and sums that are exact."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from libraries.deadlines import Calendar, Override, statutory_calendar
from libraries.deadlines.accounting import Interval, Spent, pieces, total, totals, working_time
from libraries.deadlines.civil_time import DAY
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.naive import SHANGHAI

CALENDAR = statutory_calendar(CIVIL_TIME)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- zone apart
TURNS = st.lists(st.builds(Interval, at=MOMENTS, held=st.sampled_from("abcd")), min_size=1, max_size=12)


SNOW = date(2026, 3, 4)
LOCAL = CALENDAR.with_overrides({SNOW: Override(works=False, zh="雪", en="snow")})


def national(_: str) -> Calendar:
    return CALENDAR


def by_holder(held: str) -> Calendar:
    """ "a" and "b" have days of their own."""
    return LOCAL if held in "ab" else CALENDAR


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@given(TURNS, MOMENTS)
def test_pieces_partition_the_span_and_their_times_add_up(intervals: list[Interval[str]], until: datetime) -> None:
    start = min(turn.at for turn in intervals)
    found = pieces(intervals, until, national)
    if until <= start:
        assert found == ()
        return
    assert (found[0].start, found[-1].end) == (start, until)
    assert all(piece.start < piece.end for piece in found)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(one.held != other.held for one, other in pairwise(found))
    whole = Spent(calendar=until - start, working=working_time(start, until, CALENDAR))
    assert total(found) == whole
    assert sum(totals(found, lambda held: held).values(), Spent()) == whole


@given(TURNS, MOMENTS)
def test_each_piece_is_counted_by_the_days_of_who_held_it_and_all_add_up(
    intervals: list[Interval[str]], until: datetime
) -> None:
    found = pieces(intervals, until, by_holder)
    for piece in found:
        assert piece.spent.working == working_time(piece.start, piece.end, by_holder(piece.held))
    sums = totals(found, lambda held: held in "ab")
    assert sum(sums.values(), Spent()) == total(found)


def test_a_day_of_one_holder_is_no_working_time_of_that_holder_alone() -> None:
    tuesday_noon = at("2026-03-03T12:00")
    intervals = [Interval(at=tuesday_noon, held="a"), Interval(at=at("2026-03-04T12:00"), held="c")]
    found = pieces(intervals, at("2026-03-05T12:00"), by_holder)
    assert [piece.spent.working for piece in found] == [DAY / 2, DAY]


@given(TURNS, MOMENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_turns_are_told_changes_nothing(
    intervals: list[Interval[str]], until: datetime, random: Random
) -> None:
    once = list({turn.at: turn for turn in intervals}.values())
    shuffled = once[:]
    random.shuffle(shuffled)
    assert pieces(shuffled, until, national) == pieces(once, until, national)


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(days=400)))
def test_working_time_is_what_a_count_day_by_day_says(start: datetime, length: timedelta) -> None:
    end = start + length
    counted, day = timedelta(), start.astimezone(SHANGHAI).date()
    while day <= end.astimezone(SHANGHAI).date():
        begins = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        if CALENDAR.works(day.toordinal()):
            counted += max(min(end, begins + DAY) - max(start, begins), timedelta())
        day += DAY
    assert working_time(start, end, CALENDAR) == counted


def test_a_weekend_passes_without_working_time() -> None:
    friday_noon, monday_noon = at("2026-03-06T12:00"), at("2026-03-09T12:00")
    assert working_time(friday_noon, monday_noon, CALENDAR) == DAY
    assert not working_time(at("2026-03-07T00:00"), at("2026-03-09T00:00"), CALENDAR)


def test_a_make_up_saturday_works_and_a_holiday_does_not() -> None:
    saturday, spring_festival = date(2026, 2, 14), date(2026, 2, 17)
    for day, expected in ((saturday, DAY), (spring_festival, timedelta())):
        begins = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        assert working_time(begins, begins + DAY, CALENDAR) == expected


def test_of_turns_at_one_moment_the_last_holds() -> None:
    noon = at("2026-03-02T12:00")
    (piece,) = pieces([Interval(at=noon, held="a"), Interval(at=noon, held="b")], noon + DAY, national)
    assert (piece.held, piece.spent.calendar) == ("b", DAY)
