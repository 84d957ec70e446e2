"""What is said next of a clock, and what a change leaves of it."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from contracts.codes import ClockKind, ClockStatus
from services.notify.domain.timers import (
    Ahead,
    Alert,
    Watch,
    cancelled,
    is_owed,
    met,
    moments_of,
    told,
    waiting_for,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = timedelta(days=1)
DUE = (START + 5 * DAY).replace(hour=18)
WARNINGS = (("50%", START + 2 * DAY), ("80%", START + 4 * DAY))
LAST_DAY = DUE.replace(hour=0)


def ahead() -> tuple[Ahead, ...]:
    return moments_of(WARNINGS, started_at=START, due_at=DUE)


def a_watch(kind: ClockKind = ClockKind.HANDLING, coming: tuple[Ahead, ...] = (), due_at: datetime = DUE) -> Watch:
    status, alert, at = waiting_for(kind, due_at, coming)
    return Watch(
        clock_id=uuid4(),
        case_id=uuid4(),
        referral_id=None,
        kind=kind,
        office="education-130722000000",
        area="130722100000",
        version=1,
        started_at=START,
        due_soon_at=START + 4 * DAY,
        due_at=due_at,
        status=status,
        next_alert=alert,
        next_fire_at=at,
        ahead=coming,
    )


def test_the_levels_come_in_order_and_the_last_day_with_them() -> None:
    assert [one.level for one in ahead()] == ["50%", "80%", "last_day"]
    assert ahead()[-1].at == LAST_DAY


def test_a_clock_of_hours_has_no_last_day_of_its_own() -> None:
    end = START + timedelta(hours=2)
    found = moments_of([("50%", START + timedelta(hours=1))], started_at=START, due_at=end)
    assert [one.level for one in found] == ["50%"]


def test_the_watch_goes_from_level_to_level_with_one_moment() -> None:
    watch = a_watch(coming=ahead())
    seen = []
    while watch.next_alert is not Alert.BREACHED:
        seen.append((watch.next_alert, watch.next_fire_at, watch.status))
        watch = told(watch)
    assert seen == [
        (Alert.DUE_SOON, WARNINGS[0][1], ClockStatus.RUNNING),
        (Alert.DUE_SOON, WARNINGS[1][1], ClockStatus.RUNNING),
        (Alert.LAST_DAY, LAST_DAY, ClockStatus.DUE_SOON),
    ]
    assert (watch.next_fire_at, watch.ahead) == (DUE, ())


def test_the_end_of_a_right_is_said_at_its_end_and_only_then() -> None:
    window = a_watch(ClockKind.RETURN_WINDOW)
    assert (window.next_alert, window.next_fire_at) == (Alert.DUE, DUE)


def test_an_end_leaves_nothing_to_say_and_a_late_one_only_the_breach() -> None:
    watch = a_watch(coming=ahead())
    for end in (met(watch, DUE), cancelled(watch, DUE)):
        assert (end.next_alert, end.ahead) == (None, ())
    for end in (met(watch, DUE + DAY), cancelled(watch, DUE + DAY)):
        assert (end.next_alert, end.next_fire_at, end.ahead) == (Alert.BREACHED, DUE, ())


def test_a_breach_is_owed_whatever_is_waited_for_and_never_for_a_right() -> None:
    late = DUE + DAY
    for watch in (a_watch(coming=ahead()), a_watch(coming=ahead()[2:]), a_watch()):
        assert is_owed(watch, late)
        assert not is_owed(watch, DUE)
    assert not is_owed(a_watch(ClockKind.RETURN_WINDOW), late)
