"""The escalation policy: reminded on the last day, urged, supervised and listed after the breach, in people's hours."""

import dataclasses
from datetime import date, datetime, timedelta

import msgspec
import pytest

from contracts.codes import ClockKind, ClockStatus, SupervisionLevel
from libraries.deadlines import Override
from libraries.policies.escalation import WINDOWS
from services.notify.domain.alerts import recipients_of_alert
from services.notify.domain.escalation import (
    Escalated,
    Escalation,
    Postponed,
    after_clock_change,
    escalate,
    may_be_escalated,
    start_escalation,
)
from services.notify.domain.timers import AlertKind, Timer, after_alert, planned_alerts
from tests.civil_time import CALENDAR, CIVIL_TIME
from tests.unit.notify.builders import (
    CITY,
    CITY_GOVERNMENT,
    COUNTY,
    COUNTY_GOVERNMENT,
    DAY,
    FRIDAY,
    OFFICE,
    a_timer,
    civil,
    end_of,
    late,
    the_policy,
)

L = SupervisionLevel
POLICY = the_policy()


def escalated(escalation: Escalation, at: datetime) -> Escalated:
    outcome = escalate(escalation, at, POLICY)
    assert isinstance(outcome, Escalated)
    return outcome


def all_levels(escalation: Escalation) -> list[tuple[SupervisionLevel, datetime, tuple[str, ...]]]:
    found = []
    while escalation.next_at is not None:
        one = escalated(escalation, escalation.next_at)
        assert one.late_seconds == 0
        found.append((one.rule.level, one.at, one.after.notified))
        escalation = one.after
    return found


def test_every_level_in_order_with_those_whom_it_is_for() -> None:
    assert all_levels(late()) == [
        (L.URGED, civil("09 09:00"), (OFFICE, COUNTY)),
        (L.SUPERVISED, civil("16 09:00"), (OFFICE, COUNTY, COUNTY_GOVERNMENT)),
        (L.LISTED, civil("23 09:00"), (OFFICE, COUNTY, CITY, CITY_GOVERNMENT)),
    ]


@pytest.mark.parametrize("kind", [ClockKind.SIGNING, ClockKind.ACCEPTANCE, ClockKind.HANDLING])
def test_the_last_day_is_for_the_office_whether_it_is_supervised_or_not(kind: ClockKind) -> None:
    assert recipients_of_alert(AlertKind.LAST_DAY, kind, OFFICE, a_timer().area, POLICY) == (OFFICE,)
    # Of what nobody holds the coordinator hears: nothing is said to nobody.
    assert recipients_of_alert(AlertKind.LAST_DAY, kind, "", a_timer().area, POLICY) == (COUNTY,)


def test_one_day_late_is_a_whole_day_and_not_the_night_of_the_breach() -> None:
    assert late(due_at=end_of("10")).next_at == civil("12 09:00")


@pytest.mark.parametrize("office", ["", "education-130799000000"])
def test_what_nobody_owns_goes_to_the_coordinator(office: str) -> None:
    for level, _, offices in all_levels(late(ClockKind.UNMATCHED, office=office)):
        assert office not in offices
        assert COUNTY in offices, level


def test_the_coordinator_who_is_late_hears_of_it_once() -> None:
    assert all_levels(late(ClockKind.RETURN_DECISION, office=COUNTY))[0][2] == (COUNTY,)


def test_the_last_day_is_reminded_in_the_morning_and_the_policy_rests_until_the_breach() -> None:
    escalation = start_escalation(None, a_timer(), AlertKind.LAST_DAY, POLICY)
    assert escalation is not None
    assert (escalation.next_level, escalation.next_at) == (L.REMINDED, civil("06 09:00"))
    reminded = escalated(escalation, civil("06 09:00")).after
    assert (reminded.level, reminded.notified, reminded.next_at) == (L.REMINDED, (OFFICE,), None)
    broken = start_escalation(reminded, a_timer(clock_id=reminded.clock_id), AlertKind.BREACHED, POLICY)
    assert broken is not None
    assert (broken.level, broken.next_level) == (L.REMINDED, L.URGED)


def test_nobody_is_reminded_of_a_day_that_has_passed() -> None:
    escalation = start_escalation(None, a_timer(), AlertKind.LAST_DAY, POLICY)
    assert escalation is not None
    outcome = escalate(escalation, civil("09 10:00"), POLICY)
    assert isinstance(outcome, Postponed)
    assert outcome.after.next_at is None


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("09 20:00", "10 09:00"),
        ("10 08:59", "10 09:00"),
        ("14 11:00", "16 09:00"),
        ("13 17:00", "16 09:00"),
    ],
)
def test_people_are_told_in_the_hours_of_a_working_day(now: str, then: str) -> None:
    outcome = escalate(late(), civil(now), POLICY)
    assert isinstance(outcome, Postponed)
    assert outcome.after.next_at == civil(then)
    told = escalated(outcome.after, civil(then))
    assert told.scheduled_at == civil("09 09:00"), "and it says how late it is"


def test_a_make_up_saturday_is_a_working_day() -> None:
    thursday = datetime(2026, 2, 26, 23, 59, 59, 999999, tzinfo=CIVIL_TIME)
    assert late(due_at=thursday).next_at == datetime(2026, 2, 28, 9, 0, tzinfo=CIVIL_TIME)


def test_a_level_that_the_holder_alone_hears_goes_by_its_own_days() -> None:
    """Its limit ends on a Saturday that only this office works; a level for several goes by the days of all."""
    saturday = POLICY.calendar.with_overrides({date(2026, 3, 7): Override(works=True, zh="上班", en="worked")})
    own = dataclasses.replace(POLICY, calendars={OFFICE: saturday})
    timer = a_timer(due_at=end_of("07"))
    reminder, urging = (
        start_escalation(None, timer, AlertKind.LAST_DAY, own),
        start_escalation(None, timer, AlertKind.BREACHED, own),
    )
    assert reminder is not None
    assert reminder.next_at == civil("07 09:00")
    assert isinstance(escalate(reminder, civil("07 09:00"), own), Escalated)
    assert urging is not None
    assert urging.next_at == late(due_at=end_of("07")).next_at == civil("09 09:00")


def test_machines_are_told_at_once_where_a_level_has_no_hours() -> None:
    rules = tuple(dataclasses.replace(rule, opens=None, closes=None) for rule in POLICY.escalation_rules)
    at_once = dataclasses.replace(POLICY, escalation_rules=rules)
    escalation = start_escalation(None, a_timer(), AlertKind.BREACHED, at_once)
    assert escalation is not None
    assert escalation.next_at == civil("08 00:00"), "a Sunday at midnight"


@pytest.mark.parametrize("kind", sorted(WINDOWS))
def test_the_end_of_a_right_is_not_supervised(kind: ClockKind) -> None:
    assert start_escalation(None, a_timer(kind), AlertKind.DUE, POLICY) is None
    assert start_escalation(None, a_timer(kind), AlertKind.BREACHED, POLICY) is None


def test_silence_that_means_acceptance_is_not_supervised() -> None:
    assert start_escalation(None, a_timer(ClockKind.SIGNING), AlertKind.BREACHED, POLICY) is None


def test_a_clock_that_ended_late_is_not_supervised_when_its_breach_is_said() -> None:
    assert start_escalation(None, a_timer(ended_at=FRIDAY + DAY), AlertKind.BREACHED, POLICY) is None


def test_an_answer_an_extension_or_a_new_date_stops_the_policy() -> None:
    broken = a_timer(status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None)
    for after in (msgspec.structs.replace(broken, ended_at=civil("09 08:00")), a_timer(due_at=end_of("20"), version=2)):
        escalation = after_clock_change(late(), after, paused=False, at=civil("09 08:00"), policy=POLICY)
        assert (escalation.next_at, escalation.ended_at) == (None, civil("09 08:00"))


def test_a_pause_stands_the_policy_still_and_no_level_is_reached_twice_after_it() -> None:
    broken = a_timer(status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None)
    urged = escalated(late(), civil("09 09:00")).after
    paused = after_clock_change(urged, broken, paused=True, at=civil("10 09:00"), policy=POLICY)
    assert (paused.next_at, paused.ended_at, paused.level) == (None, None, L.URGED)
    again = after_clock_change(paused, broken, paused=False, at=civil("17 09:00"), policy=POLICY)
    assert (again.next_level, again.next_at) == (L.SUPERVISED, civil("23 09:00")), "seven days later than before"


def test_a_change_that_gives_no_time_leaves_the_policy_alone() -> None:
    broken = a_timer(status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None, version=5)
    urged = escalated(late(), civil("09 09:00")).after
    assert after_clock_change(urged, broken, paused=False, at=civil("10 09:00"), policy=POLICY) == urged


def last_day_said(due_at: datetime = FRIDAY, **more: object) -> Timer:
    said = planned_alerts((), started_at=civil("02 09:00"), due_at=due_at, calendar=CALENDAR)
    return a_timer(due_at=due_at, sent=said, **{"status": ClockStatus.DUE_SOON, **more})


def test_a_reminder_that_has_not_come_yet_comes_for_the_version_that_counts() -> None:
    """Before nine on the last day the clock changes, stands still, or moves away and back: the day stays the last."""
    timer = last_day_said()
    escalation = start_escalation(None, timer, AlertKind.LAST_DAY, POLICY)
    assert escalation is not None
    sooner = FRIDAY - timedelta(hours=2)
    after = after_clock_change(
        escalation, last_day_said(sooner, version=2), paused=False, at=civil("06 08:00"), policy=POLICY
    )
    assert (after.version, after.due_at, after.next_level) == (2, sooner, L.REMINDED)
    assert after.next_at == civil("06 09:00")
    paused = last_day_said(version=2, status=ClockStatus.PAUSED, next_alert=None, next_fire_at=None)
    still = after_clock_change(
        escalation, msgspec.structs.replace(paused, due_at=None), paused=True, at=civil("06 08:00"), policy=POLICY
    )
    assert (still.next_at, still.ended_at) == (None, civil("06 08:00"))
    again = after_clock_change(still, last_day_said(version=3), paused=False, at=civil("06 08:30"), policy=POLICY)
    assert (again.version, again.next_at, again.ended_at) == (3, civil("06 09:00"), None)


def test_whom_the_last_day_has_reminded_is_not_reminded_again_by_a_change() -> None:
    escalation = start_escalation(None, last_day_said(), AlertKind.LAST_DAY, POLICY)
    assert escalation is not None
    reminded = escalated(escalation, civil("06 09:00")).after
    after = after_clock_change(reminded, last_day_said(version=2), paused=False, at=civil("06 10:00"), policy=POLICY)
    assert (after.level, after.version, after.next_at, after.ended_at) == (L.REMINDED, 2, None, None)
    broken = start_escalation(after, last_day_said(version=2), AlertKind.BREACHED, POLICY)
    assert broken is not None
    assert (broken.level, broken.next_level) == (L.REMINDED, L.URGED)


def test_another_last_day_or_an_answer_ends_the_reminder() -> None:
    escalation = start_escalation(None, last_day_said(), AlertKind.LAST_DAY, POLICY)
    assert escalation is not None
    for after in (a_timer(due_at=end_of("09"), version=2), last_day_said(ended_at=civil("06 08:00"))):
        assert (
            after_clock_change(escalation, after, paused=False, at=civil("06 08:00"), policy=POLICY).ended_at
            is not None
        )


def test_a_warning_that_comes_later_than_the_last_day_does_not_hide_its_supervision() -> None:
    two_hours = planned_alerts(
        (("2h", civil("06 22:00")),), started_at=civil("02 09:00"), due_at=FRIDAY, calendar=CALENDAR
    )
    timer = after_alert(a_timer(coming=two_hours))
    assert timer.next_alert is AlertKind.DUE_SOON
    assert may_be_escalated(timer)


def test_a_new_version_begins_at_the_foot() -> None:
    listed = msgspec.structs.replace(late(), level=L.LISTED, reached_at=FRIDAY, ended_at=FRIDAY)
    again = start_escalation(listed, a_timer(clock_id=listed.clock_id, version=2), AlertKind.BREACHED, POLICY)
    assert again is not None
    assert (again.level, again.version, again.next_level, again.ended_at) == (L.NONE, 2, L.URGED, None)


def test_after_an_outage_each_level_is_reached_late_and_says_how_late() -> None:
    escalation, seen = late(), []
    now = civil("31 10:00")
    while escalation.next_at is not None:
        one = escalated(escalation, now)
        seen.append((one.rule.level, one.late_seconds))
        escalation = one.after
    assert [level for level, _ in seen] == [L.URGED, L.SUPERVISED, L.LISTED]
    assert [seconds for _, seconds in seen] == [int(timedelta(days=d, hours=1).total_seconds()) for d in (22, 15, 8)]


def test_a_level_that_the_policy_has_no_more_is_passed_over() -> None:
    without = dataclasses.replace(
        POLICY, escalation_rules=tuple(rule for rule in POLICY.escalation_rules if rule.level is not L.URGED)
    )
    outcome = escalate(late(), civil("09 09:00"), without)
    assert outcome.after.next_level is L.SUPERVISED
