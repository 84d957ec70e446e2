"""When a record came is nobody's claim: bounds that hold for whatever number its sender has written on it."""

from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from libraries.runtime.clock import FIRST, LAST, Clock
from libraries.runtime.kafka.timestamps import OLDEST, ReadEnds, as_written, moment_of_receipt

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
READ = NOW - timedelta(seconds=2)
PART = TopicPartition("departments.education-130722000000.feedback.v1", 0)
STAMPS = st.one_of(st.integers(min_value=-(2**63), max_value=2**63 - 1), st.sampled_from([-1, 0, 1, 2**62]))


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("stamp", "received"),
    [
        (ms(NOW - timedelta(seconds=1)), NOW - timedelta(seconds=1)),
        (ms(READ), READ),
        (ms(READ - timedelta(milliseconds=1)), READ),
        (ms(NOW - timedelta(days=3)), READ),
        (ms(NOW - OLDEST - timedelta(days=1)), READ),
        (1, READ),
        (0, READ),
        (-1, READ),
        (-(2**62), READ),
        (ms(NOW), NOW),
        (ms(NOW) + 1, NOW),
        (ms(NOW + timedelta(days=1)), NOW),
        (253_402_300_799_999, NOW),
        (2**62, NOW),
    ],
)
def test_a_stamp_counts_between_the_last_look_and_now(stamp: int, received: datetime) -> None:
    assert moment_of_receipt(stamp, NOW, READ) == received


@pytest.mark.parametrize("stamp", [-1, 0, 1, ms(NOW - 2 * OLDEST)])
def test_where_nothing_was_read_before_a_stamp_that_cannot_be_counts_as_now(stamp: int) -> None:
    assert moment_of_receipt(stamp, NOW, None) == NOW


def test_where_nothing_was_read_before_an_honest_stamp_counts() -> None:
    assert moment_of_receipt(ms(NOW - timedelta(days=3)), NOW, None) == NOW - timedelta(days=3)


@given(stamp=STAMPS, ago=st.none() | st.timedeltas(timedelta(0), timedelta(days=90)))
def test_no_stamp_leads_out_of_its_bounds(stamp: int, ago: timedelta | None) -> None:
    earliest = NOW - ago if ago is not None else None
    lowest = earliest or NOW - OLDEST - timedelta(milliseconds=1)
    assert lowest <= moment_of_receipt(stamp, NOW, earliest) <= NOW
    assert as_written(stamp) == as_written(stamp)
    assert as_written(stamp).year < 2101


def test_what_lies_behind_an_end_that_was_read_came_later_and_what_lies_before_it_may_not_have() -> None:
    ends = ReadEnds()
    ends.read_to(PART, 10, READ)
    old = ms(NOW - timedelta(hours=1))
    assert ends.judge(PART, 10, old, NOW) == READ
    assert ReadEnds().judge(PART, 10, old, NOW) == NOW - timedelta(hours=1)
    again = ReadEnds()
    again.read_to(PART, 10, READ)
    assert again.judge(PART, 9, old, NOW) == NOW - timedelta(hours=1), "it came before, and comes a second time"


def test_within_a_partition_nothing_came_before_what_lies_in_front_of_it() -> None:
    ends = ReadEnds()
    first = ends.judge(PART, 0, ms(NOW - timedelta(minutes=1)), NOW)
    assert ends.judge(PART, 1, ms(NOW - timedelta(minutes=5)), NOW) == first
    other = TopicPartition(PART.topic, 1)
    assert ends.judge(other, 1, ms(NOW - timedelta(minutes=5)), NOW) == NOW - timedelta(minutes=5)


def test_what_all_processes_have_read_counts_for_a_partition_that_is_new_here() -> None:
    ends = ReadEnds()
    ends.known = READ
    assert ends.judge(PART, 0, 1, NOW) == READ


def test_a_partition_that_rests_is_not_judged_by_what_was_read_of_the_others_meanwhile() -> None:
    ends, stamp = ReadEnds(), NOW - timedelta(minutes=1)
    ends.known = NOW - timedelta(minutes=5)
    ends.leave([PART])
    ends.known = READ
    ends.leave([PART])
    assert ends.judge(PART, 7, ms(stamp), NOW) == stamp
    assert ends.judge(PART._replace(partition=1), 7, ms(stamp), NOW) == READ
    ends.read_to(PART, 8, READ)
    assert ends.judge(PART, 8, ms(stamp), NOW) == READ


@pytest.mark.parametrize("speed", [1.0, 1e-9, 60_000.0, 1e12])
@pytest.mark.parametrize("stamp", [-(2**63), -1, 0, 1, 2**62])
def test_simulated_time_knows_bounds_too(speed: float, stamp: int) -> None:
    clock = Clock(speed=speed, origin=NOW, anchor=datetime(2026, 11, 26, tzinfo=UTC))
    assert FIRST <= clock.at(as_written(stamp)) <= LAST
    assert FIRST <= clock.at(moment_of_receipt(stamp, datetime(2026, 11, 27, tzinfo=UTC), None)) <= LAST


def test_a_real_moment_and_its_business_time_lead_to_each_other() -> None:
    clock = Clock(speed=3600, origin=NOW, anchor=datetime(2026, 11, 26, tzinfo=UTC))
    real = datetime(2026, 11, 26, 0, 0, 10, tzinfo=UTC)
    assert clock.real(clock.at(real)) == real
    assert clock.span(2) == timedelta(hours=2)
    assert Clock().real(NOW) == NOW
