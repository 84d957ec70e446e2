"""What a change of a clock lets be said: nothing that its office has heard, and where it stands if nobody said so."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.codes import ClockStatus
from services.notify.domain.timers import AlertKind, Timer, after_alert, initial_state, planned_alerts, updated
from tests.civil_time import CALENDAR
from tests.unit.notify.builders import DAY, a_timer, civil, end_of

START = civil("02 09:00")
DUE = end_of("10")
HALF, MOST, BEFORE, LAST = civil("05 00:00"), civil("08 00:00"), civil("09 00:00"), civil("10 00:00")
LEVELS = (("50%", HALF), ("80%", MOST), ("1wd", BEFORE))
MINUTE = timedelta(minutes=1)


def owner_says(
    before: Timer | None, at: datetime, due_at: datetime | None = DUE, levels: Any = LEVELS, **more: Any
) -> Timer:
    """The timer after the next version of the clock."""
    coming = planned_alerts(levels, started_at=START, due_at=due_at, calendar=CALENDAR) if due_at is not None else ()
    status, alert, moment = initial_state(a_timer().kind, due_at, coming)
    now = replace(
        before or a_timer(),
        version=before.version + 1 if before is not None else 1,
        started_at=START,
        due_soon_at=levels[1][1],
        due_at=due_at,
        status=status,
        next_alert=alert,
        next_fire_at=moment,
        pending=coming,
        sent=(),
        breached_at=None,
        **more,
    )
    return updated(before, now, at)


def said_until(timer: Timer, until: datetime) -> tuple[Timer, list[str]]:
    """What an alert scheduler who looks in time says of it."""
    said = []
    while timer.next_alert is not AlertKind.BREACHED and timer.next_fire_at is not None and timer.next_fire_at <= until:
        said.append(timer.pending[0].level)
        timer = after_alert(timer)
    return timer, said


def heard_until(until: datetime, **more: Any) -> Timer:
    return said_until(owner_says(None, START, **more), until)[0]


def levels(timer: Timer) -> list[str]:
    return [one.level for one in timer.pending]


@pytest.mark.parametrize(
    ("received_at", "left"),
    [
        (START, ["50%", "80%", "1wd", "last_day"]),
        (HALF, ["50%", "80%", "1wd", "last_day"]),
        (MOST + MINUTE, ["80%", "1wd", "last_day"]),
        (LAST, ["last_day"]),
        (DUE + DAY, ["last_day"]),
    ],
)
def test_who_takes_over_a_clock_that_runs_hears_where_it_stands_and_not_what_others_heard(
    received_at: datetime, left: list[str]
) -> None:
    assert levels(owner_says(None, received_at)) == left
    other = heard_until(received_at, office="housing-130722000000")
    assert levels(owner_says(other, received_at, office=a_timer().office)) == left


@pytest.mark.parametrize("at", [HALF, HALF + MINUTE, MOST + MINUTE, LAST + MINUTE])
def test_a_count_that_moves_nothing_says_nothing_again(at: datetime) -> None:
    timer = heard_until(at)
    again = owner_says(timer, at + MINUTE, provisional=True)
    assert again == replace(timer, version=2, provisional=True)
    assert owner_says(again, at + 2 * MINUTE, provisional=False) == replace(timer, version=3)


def test_a_level_that_was_sent_and_moves_to_another_passed_moment_is_not_sent_again() -> None:
    timer = heard_until(HALF)
    later = (("50%", HALF + DAY), *LEVELS[1:])
    assert levels(owner_says(timer, HALF + 2 * DAY, levels=later)) == ["80%", "1wd", "last_day"]


def test_a_level_that_moves_into_the_past_unsaid_is_said() -> None:
    timer = heard_until(HALF)
    at = HALF + 2 * DAY
    again = owner_says(timer, at, levels=(LEVELS[0], ("80%", HALF + DAY), LEVELS[2]))
    assert (levels(again)[0], again.next_fire_at) == ("80%", HALF + DAY)


def test_of_several_that_moved_into_the_past_the_last_is_said_and_the_others_never() -> None:
    at = HALF + 2 * DAY
    earlier = (LEVELS[0], ("80%", HALF + DAY), ("1wd", HALF + 1.5 * DAY))
    again = owner_says(heard_until(HALF), at, levels=earlier)
    assert levels(again) == ["1wd", "last_day"]
    assert levels(owner_says(said_until(again, at)[0], at + MINUTE, levels=earlier)) == ["last_day"]


def test_what_is_late_is_still_said_after_a_count_that_moves_nothing() -> None:
    """Nobody looked since half of the time had passed."""
    assert levels(owner_says(heard_until(START), HALF + MINUTE))[0] == "50%"
    assert levels(owner_says(heard_until(HALF), MOST + MINUTE))[0] == "80%"


def test_a_level_that_moves_ahead_is_said_when_it_comes() -> None:
    timer = heard_until(MOST)
    again = owner_says(timer, MOST + MINUTE, DUE + DAY, levels=(LEVELS[0], ("80%", MOST + DAY), ("1wd", BEFORE + DAY)))
    assert (levels(again), again.status) == (["80%", "1wd", "last_day"], ClockStatus.RUNNING)


def test_what_was_said_after_the_owner_changed_the_clock_and_before_that_was_read_is_not_said_twice() -> None:
    timer = heard_until(MOST)
    assert levels(owner_says(timer, MOST - MINUTE)) == ["1wd", "last_day"]


def test_a_calendar_that_is_taken_back_repeats_nothing() -> None:
    timer = heard_until(MOST)
    moved = owner_says(timer, MOST + MINUTE, DUE + DAY, levels=(LEVELS[0], ("80%", MOST + DAY), ("1wd", BEFORE + DAY)))
    back = owner_says(moved, MOST + 2 * MINUTE)
    assert (levels(back), back.status) == (["1wd", "last_day"], ClockStatus.DUE_SOON)


def test_a_pause_forgets_nothing_and_another_last_day_is_another_piece_of_news() -> None:
    timer = heard_until(LAST)
    paused = owner_says(timer, LAST + MINUTE, None)
    assert (paused.next_alert, paused.pending) == (None, ())
    the_same_day = owner_says(paused, LAST + 2 * MINUTE, DUE - MINUTE)
    assert (levels(the_same_day), the_same_day.status) == ([], ClockStatus.DUE_SOON)
    monday = civil("16 10:00")
    later = owner_says(paused, monday, end_of("16"), levels=(*LEVELS[:2], ("1wd", civil("13 00:00"))))
    assert levels(later) == ["last_day"]


def test_more_time_after_a_breach_repeats_nothing_of_what_came_before_it() -> None:
    broken = replace(
        heard_until(LAST), status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None, breached_at=DUE + DAY
    )
    granted = owner_says(broken, DUE + DAY, DUE + 9 * DAY)
    assert levels(granted) == ["last_day"]
    assert granted.next_fire_at == LAST + 9 * DAY
