"""What is said next of a clock, and what a change leaves of it."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from contracts.codes import ClockKind, ClockStatus
from services.notify.domain.timers import (
    AlertKind,
    PlannedAlert,
    Timer,
    after_alert,
    cancelled,
    initial_state,
    is_breach_missed,
    met,
    planned_alerts,
)
from tests.civil_time import CALENDAR

START = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = timedelta(days=1)
DUE = (START + 5 * DAY).replace(hour=18)
WARNINGS = (("50%", START + 2 * DAY), ("80%", START + 4 * DAY))
LAST_DAY = DUE.replace(hour=0)


def pending() -> tuple[PlannedAlert, ...]:
    return planned_alerts(WARNINGS, started_at=START, due_at=DUE, calendar=CALENDAR)


def a_timer(
    kind: ClockKind = ClockKind.HANDLING, coming: tuple[PlannedAlert, ...] = (), due_at: datetime = DUE
) -> Timer:
    status, alert, at = initial_state(kind, due_at, coming)
    return Timer(
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
        pending=coming,
    )


def test_the_levels_come_in_order_and_the_last_day_with_them() -> None:
    assert [one.level for one in pending()] == ["50%", "80%", "last_day"]
    assert pending()[-1].at == LAST_DAY


def test_a_clock_of_hours_has_no_last_day_of_its_own() -> None:
    end = START + timedelta(hours=2)
    found = planned_alerts([("50%", START + timedelta(hours=1))], started_at=START, due_at=end, calendar=CALENDAR)
    assert [one.level for one in found] == ["50%"]


def test_the_watch_goes_from_level_to_level_with_one_moment() -> None:
    timer = a_timer(coming=pending())
    seen = []
    while timer.next_alert is not AlertKind.BREACHED:
        seen.append((timer.next_alert, timer.next_fire_at, timer.status))
        timer = after_alert(timer)
    assert seen == [
        (AlertKind.DUE_SOON, WARNINGS[0][1], ClockStatus.RUNNING),
        (AlertKind.DUE_SOON, WARNINGS[1][1], ClockStatus.RUNNING),
        (AlertKind.LAST_DAY, LAST_DAY, ClockStatus.DUE_SOON),
    ]
    assert (timer.next_fire_at, timer.pending) == (DUE, ())


def test_the_end_of_a_right_is_said_at_its_end_and_only_then() -> None:
    window = a_timer(ClockKind.RETURN_WINDOW)
    assert (window.next_alert, window.next_fire_at) == (AlertKind.DUE, DUE)


def test_an_end_leaves_nothing_to_say_and_a_late_one_only_the_breach() -> None:
    timer = a_timer(coming=pending())
    for end in (met(timer, DUE), cancelled(timer, DUE)):
        assert (end.next_alert, end.pending) == (None, ())
    for end in (met(timer, DUE + DAY), cancelled(timer, DUE + DAY)):
        assert (end.next_alert, end.next_fire_at, end.pending) == (AlertKind.BREACHED, DUE, ())


def test_a_breach_is_owed_whatever_is_waited_for_and_never_for_a_right() -> None:
    late = DUE + DAY
    for timer in (a_timer(coming=pending()), a_timer(coming=pending()[2:]), a_timer()):
        assert is_breach_missed(timer, late)
        assert not is_breach_missed(timer, DUE)
    assert not is_breach_missed(a_timer(ClockKind.RETURN_WINDOW), late)
