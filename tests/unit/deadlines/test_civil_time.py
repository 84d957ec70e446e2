"""Days of 23 and 25 hours, hours that do not exist or exist twice, against a walk through every minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libraries.deadlines import CountingRules, Limit, Pause, due, explain, moment_at_share, statutory_calendar
from libraries.deadlines.accounting import working_time
from libraries.deadlines.civil_time import INSTANT, civil_day, closing, last_instant, midnight, opening
from libraries.deadlines.limits import FIRST_DAY, LAST_DAY

DUBLIN, SANTIAGO, HAVANA = ZoneInfo("Europe/Dublin"), ZoneInfo("America/Santiago"), ZoneInfo("America/Havana")
ZONES = (
    DUBLIN,
    SANTIAGO,  # goes from 24:00 to 01:00, and back from 24:00 to 23:00
    HAVANA,  # has 00:00 twice on one day
    ZoneInfo("America/St_Johns"),  # went back from 00:01 to 23:01 of the day before
    ZoneInfo("Pacific/Apia"),  # has no 30 December 2011
    ZoneInfo("Asia/Shanghai"),
    UTC,
)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
zones = st.sampled_from(ZONES)
days = st.integers(FIRST_DAY + 2, LAST_DAY - 400)
odd = st.sampled_from([SPRING, AUTUMN, date(2026, 4, 5), date(2026, 9, 6), date(2011, 12, 30), date(2010, 11, 7)])
any_day = days | odd.flatmap(lambda day: st.integers(day.toordinal() - 2, day.toordinal() + 2))


def at(zone: ZoneInfo, day: date, hour: int, minute: int = 0, *, again: bool = False) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=again).astimezone(UTC)


@given(zones, any_day)
@example(ZONES[3], date(2010, 11, 7).toordinal())
@example(ZONES[4], date(2011, 12, 30).toordinal())
def test_days_lie_one_behind_the_other(zone: ZoneInfo, day: int) -> None:
    begins, ends = midnight(day, zone), midnight(day + 1, zone)
    assert begins <= ends <= begins + 25 * HOUR
    assert last_instant(day, zone) + INSTANT == ends
    if begins < ends:
        assert civil_day(begins, zone) == civil_day(ends - INSTANT, zone) == day


@given(zones, any_day, st.integers(0, 48 * 60))
def test_every_minute_belongs_to_the_day_that_it_lies_in(zone: ZoneInfo, day: int, minutes: int) -> None:
    moment = midnight(day, zone) + minutes * MINUTE
    found = civil_day(moment, zone)
    assert midnight(found, zone) <= moment < midnight(found + 1, zone)


@given(zones, any_day, st.times(), st.times())
@example(ZoneInfo("America/Santiago"), date(2026, 9, 6).toordinal(), time(0, 0, fold=1), time(0, 0))
def test_hours_of_a_day_lie_in_it_and_in_order(zone: ZoneInfo, day: int, one: time, other: time) -> None:
    first, last = sorted((one, other))
    if midnight(day, zone) == midnight(day + 1, zone):
        return
    assert midnight(day, zone) <= opening(day, first, zone) <= closing(day, first, zone) <= last_instant(day, zone)
    assert closing(day, first, zone) <= closing(day, last, zone)


def test_an_hour_that_is_left_out_is_taken_by_the_time_before() -> None:
    assert opening(SPRING.toordinal(), time(1, 30), DUBLIN) == at(DUBLIN, SPRING, 2, 30)
    assert closing(SPRING.toordinal(), time(1, 30), DUBLIN) == at(DUBLIN, SPRING, 2, 30)


def test_of_an_hour_that_comes_twice_desks_open_at_the_first_and_limits_end_at_the_second() -> None:
    assert opening(AUTUMN.toordinal(), time(1, 30), DUBLIN) == at(DUBLIN, AUTUMN, 1, 30)
    assert closing(AUTUMN.toordinal(), time(1, 30), DUBLIN) == at(DUBLIN, AUTUMN, 1, 30, again=True)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_day_ends_with_its_own_midnight(day: date, hours: int) -> None:
    calendar = statutory_calendar(DUBLIN)
    start = at(DUBLIN, day - timedelta(days=1), 12)
    answer = due(start, Limit.parse("1d"), calendar=calendar, rules=CountingRules(roll_last_day=False)).due_at
    assert answer == midnight(day.toordinal(), DUBLIN) + hours * HOUR - INSTANT


@given(zones, any_day, st.integers(0, 1439), st.integers(1, 200))
def test_an_hour_lasts_an_hour_whatever_clocks_do(zone: ZoneInfo, day: int, minute: int, hours: int) -> None:
    start = midnight(day, zone) + minute * MINUTE
    for told in (start, start.astimezone(zone)):
        answer = due(told, Limit.parse(f"{hours}h"), calendar=statutory_calendar(zone)).due_at
        assert answer == start + hours * HOUR


@given(zones, any_day, st.integers(0, 1439), st.integers(1, 20), st.sampled_from(["d", "wd"]), st.booleans())
def test_a_limit_in_days_ends_when_a_walk_through_the_minutes_says(
    zone: ZoneInfo, day: int, minute: int, number: int, unit: str, roll: bool
) -> None:
    calendar = statutory_calendar(zone)
    start = midnight(day, zone) + minute * MINUTE
    answer = due(start, Limit.parse(f"{number}{unit}"), calendar=calendar, rules=CountingRules(roll_last_day=roll))
    last = date.fromordinal(civil_day(start, zone))
    while number:
        last += timedelta(days=1)
        number -= unit == "d" or calendar.works(last.toordinal())
    while roll and not calendar.works(last.toordinal()):
        last += timedelta(days=1)
    moment = datetime(last.year, last.month, last.day, tzinfo=UTC) - 15 * HOUR
    while moment.astimezone(zone).date() <= last:
        moment += MINUTE
    assert answer.due_at is not None
    assert moment - MINUTE <= answer.due_at < moment + HOUR


@given(zones, any_day, st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_working_time_is_what_passes_on_working_days(zone: ZoneInfo, day: int, a: int, b: int, c: int) -> None:
    calendar = statutory_calendar(zone)
    first, second, third = (midnight(day, zone) + n * MINUTE for n in sorted((a, b, c)))
    whole = working_time(first, third, calendar)
    assert working_time(first, second, calendar) + working_time(second, third, calendar) == whole
    walked = sum(
        (
            min(third, midnight(each + 1, zone)) - max(first, midnight(each, zone))
            for each in range(civil_day(first, zone), civil_day(third, zone) + 1)
            if calendar.works(each)
        ),
        timedelta(),
    )
    assert whole == walked


@given(zones, any_day, st.integers(0, 1439), st.integers(1, 90), st.integers(0, 4000), st.integers(0, 4000))
def test_what_is_explained_adds_up(zone: ZoneInfo, day: int, minute: int, hours: int, wait: int, long: int) -> None:
    calendar = statutory_calendar(zone)
    start = midnight(day, zone) + minute * MINUTE
    begins = start + wait * MINUTE
    pause = Pause(start=begins.astimezone(zone), end=(begins + long * MINUTE).astimezone(zone))
    told = explain(start, Limit.parse(f"{hours}h"), calendar=calendar, pauses=[pause])
    assert sum((each.ran for each in told.days), timedelta()) == hours * HOUR
    stands = long * MINUTE if wait * MINUTE < hours * HOUR else timedelta()
    assert told.due_at == start + hours * HOUR + stands


@given(zones, any_day, st.integers(0, 1439), st.integers(2, 20))
def test_a_warning_comes_before_the_end(zone: ZoneInfo, day: int, minute: int, number: int) -> None:
    calendar, limit = statutory_calendar(zone), Limit.parse(f"{number}d")
    start = midnight(day, zone) + minute * MINUTE
    warned, end = moment_at_share(start, limit, 0.5, calendar=calendar), due(start, limit, calendar=calendar).due_at
    assert warned is not None
    assert end is not None
    assert start <= warned <= end
