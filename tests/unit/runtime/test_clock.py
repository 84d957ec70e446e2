"""Business time is the machine's, or runs faster from a chosen moment, the same for everybody."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from libraries.runtime.clock import Clock

ANCHOR = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ORIGIN = datetime(2026, 3, 2, 8, 0, tzinfo=timezone(timedelta(hours=8)))


def test_without_settings_it_is_the_machines_time() -> None:
    before = datetime.now(UTC)
    assert before <= Clock().now() <= datetime.now(UTC)
    assert Clock().at(ORIGIN) == ORIGIN


def test_simulated_time_starts_at_the_origin_and_runs_at_its_speed() -> None:
    clock = Clock(speed=3600, origin=ORIGIN, anchor=ANCHOR)

    assert clock.at(ANCHOR) == ORIGIN
    assert clock.at(ANCHOR + timedelta(seconds=10)) == ORIGIN + timedelta(hours=10)
    assert clock.at(ANCHOR - timedelta(seconds=1)) == ORIGIN - timedelta(hours=1)
    assert clock.real_seconds(timedelta(days=1)) == 24


def test_speed_alone_starts_now() -> None:
    assert Clock(speed=2, anchor=ANCHOR).at(ANCHOR + timedelta(minutes=1)) == ANCHOR + timedelta(minutes=2)


def test_all_times_are_utc() -> None:
    assert Clock(origin=ORIGIN, anchor=ANCHOR).at(ANCHOR).tzinfo is UTC
    assert Clock().at(ORIGIN).tzinfo is UTC


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": 0},
        {"speed": -1, "anchor": ANCHOR},
        {"speed": 2},
        {"origin": ORIGIN},
        {"origin": datetime(2026, 1, 1), "anchor": ANCHOR},  # noqa: DTZ001 -- what is refused
    ],
)
def test_a_time_that_processes_could_not_agree_on_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"time|offset"):
        Clock(**wrong)
