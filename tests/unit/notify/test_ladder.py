"""The ladder: reminded on the last day, urged, supervised and listed after the breach, in people's hours."""

import dataclasses
from datetime import date, datetime, timedelta

import msgspec
import pytest

from contracts.codes import ClockKind, ClockStatus, SupervisionLevel
from libraries.deadlines import CIVIL_TIME, Override
from libraries.policies.escalation import WINDOWS
from services.notify.domain.alerts import told_of
from services.notify.domain.escalation import Climbed, Supervision, Waits, begun, climb, follow, may_be_supervised
from services.notify.domain.timers import Alert, Watch, moments_of, told
from tests.unit.notify.builders import (
    CITY,
    CITY_GOVERNMENT,
    COUNTY,
    COUNTY_GOVERNMENT,
    DAY,
    FRIDAY,
    OFFICE,
    a_watch,
    civil,
    end_of,
    late,
    the_policy,
)

L = SupervisionLevel
POLICY = the_policy()


def climbed(standing: Supervision, at: datetime) -> Climbed:
    outcome = climb(standing, at, POLICY)
    assert isinstance(outcome, Climbed)
    return outcome


def all_rungs(standing: Supervision) -> list[tuple[SupervisionLevel, datetime, tuple[str, ...]]]:
    found = []
    while standing.next_at is not None:
        one = climbed(standing, standing.next_at)
        assert one.late_seconds == 0
        found.append((one.rung.level, one.at, one.after.told))
        standing = one.after
    return found


def test_every_rung_in_order_with_those_whom_it_is_for() -> None:
    assert all_rungs(late()) == [
        (L.URGED, civil("09 09:00"), (OFFICE, COUNTY)),
        (L.SUPERVISED, civil("16 09:00"), (OFFICE, COUNTY, COUNTY_GOVERNMENT)),
        (L.LISTED, civil("23 09:00"), (OFFICE, COUNTY, CITY, CITY_GOVERNMENT)),
    ]


@pytest.mark.parametrize("kind", [ClockKind.SIGNING, ClockKind.ACCEPTANCE, ClockKind.HANDLING])
def test_the_last_day_is_for_the_office_whether_it_is_supervised_or_not(kind: ClockKind) -> None:
    assert told_of(Alert.LAST_DAY, kind, OFFICE, a_watch().area, POLICY) == (OFFICE,)
    # Of what nobody holds the coordinator hears: nothing is said to nobody.
    assert told_of(Alert.LAST_DAY, kind, "", a_watch().area, POLICY) == (COUNTY,)


def test_one_day_late_is_a_whole_day_and_not_the_night_of_the_breach() -> None:
    assert late(due_at=end_of("10")).next_at == civil("12 09:00")


@pytest.mark.parametrize("office", ["", "education-130799000000"])
def test_what_nobody_owns_goes_to_the_coordinator(office: str) -> None:
    for level, _, offices in all_rungs(late(ClockKind.UNMATCHED, office=office)):
        assert office not in offices
        assert COUNTY in offices, level


def test_the_coordinator_who_is_late_hears_of_it_once() -> None:
    assert all_rungs(late(ClockKind.RETURN_DECISION, office=COUNTY))[0][2] == (COUNTY,)


def test_the_last_day_is_reminded_in_the_morning_and_the_ladder_rests_until_the_breach() -> None:
    standing = begun(None, a_watch(), Alert.LAST_DAY, POLICY)
    assert standing is not None
    assert (standing.next_level, standing.next_at) == (L.REMINDED, civil("06 09:00"))
    reminded = climbed(standing, civil("06 09:00")).after
    assert (reminded.level, reminded.told, reminded.next_at) == (L.REMINDED, (OFFICE,), None)
    broken = begun(reminded, a_watch(clock_id=reminded.clock_id), Alert.BREACHED, POLICY)
    assert broken is not None
    assert (broken.level, broken.next_level) == (L.REMINDED, L.URGED)


def test_nobody_is_reminded_of_a_day_that_has_passed() -> None:
    standing = begun(None, a_watch(), Alert.LAST_DAY, POLICY)
    assert standing is not None
    outcome = climb(standing, civil("09 10:00"), POLICY)
    assert isinstance(outcome, Waits)
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
    outcome = climb(late(), civil(now), POLICY)
    assert isinstance(outcome, Waits)
    assert outcome.after.next_at == civil(then)
    told = climbed(outcome.after, civil(then))
    assert told.moment == civil("09 09:00"), "and it says how late it is"


def test_a_make_up_saturday_is_a_working_day() -> None:
    thursday = datetime(2026, 2, 26, 23, 59, 59, 999999, tzinfo=CIVIL_TIME)
    assert late(due_at=thursday).next_at == datetime(2026, 2, 28, 9, 0, tzinfo=CIVIL_TIME)


def test_a_rung_that_the_holder_alone_hears_goes_by_its_own_days() -> None:
    """Its limit ends on a Saturday that only this office works; a rung for several goes by the days of all."""
    saturday = POLICY.calendar.with_overrides({date(2026, 3, 7): Override(works=True, zh="上班", en="worked")})
    own = dataclasses.replace(POLICY, calendars={OFFICE: saturday})
    watch = a_watch(due_at=end_of("07"))
    reminder, urging = begun(None, watch, Alert.LAST_DAY, own), begun(None, watch, Alert.BREACHED, own)
    assert reminder is not None
    assert reminder.next_at == civil("07 09:00")
    assert isinstance(climb(reminder, civil("07 09:00"), own), Climbed)
    assert urging is not None
    assert urging.next_at == late(due_at=end_of("07")).next_at == civil("09 09:00")


def test_machines_are_told_at_once_where_a_rung_has_no_hours() -> None:
    ladder = tuple(dataclasses.replace(rung, opens=None, closes=None) for rung in POLICY.ladder)
    at_once = dataclasses.replace(POLICY, ladder=ladder)
    standing = begun(None, a_watch(), Alert.BREACHED, at_once)
    assert standing is not None
    assert standing.next_at == civil("08 00:00"), "a Sunday at midnight"


@pytest.mark.parametrize("kind", sorted(WINDOWS))
def test_the_end_of_a_right_is_not_supervised(kind: ClockKind) -> None:
    assert begun(None, a_watch(kind), Alert.DUE, POLICY) is None
    assert begun(None, a_watch(kind), Alert.BREACHED, POLICY) is None


def test_silence_that_means_acceptance_is_not_supervised() -> None:
    assert begun(None, a_watch(ClockKind.SIGNING), Alert.BREACHED, POLICY) is None


def test_a_clock_that_ended_late_is_not_supervised_when_its_breach_is_said() -> None:
    assert begun(None, a_watch(ended_at=FRIDAY + DAY), Alert.BREACHED, POLICY) is None


def test_an_answer_an_extension_or_a_new_date_stops_the_ladder() -> None:
    broken = a_watch(status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None)
    for after in (msgspec.structs.replace(broken, ended_at=civil("09 08:00")), a_watch(due_at=end_of("20"), version=2)):
        standing = follow(late(), after, paused=False, at=civil("09 08:00"), policy=POLICY)
        assert (standing.next_at, standing.ended_at) == (None, civil("09 08:00"))


def test_a_pause_stands_the_ladder_still_and_no_rung_is_climbed_twice_after_it() -> None:
    broken = a_watch(status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None)
    urged = climbed(late(), civil("09 09:00")).after
    paused = follow(urged, broken, paused=True, at=civil("10 09:00"), policy=POLICY)
    assert (paused.next_at, paused.ended_at, paused.level) == (None, None, L.URGED)
    again = follow(paused, broken, paused=False, at=civil("17 09:00"), policy=POLICY)
    assert (again.next_level, again.next_at) == (L.SUPERVISED, civil("23 09:00")), "seven days later than before"


def test_a_change_that_gives_no_time_leaves_the_ladder_alone() -> None:
    broken = a_watch(status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None, version=5)
    urged = climbed(late(), civil("09 09:00")).after
    assert follow(urged, broken, paused=False, at=civil("10 09:00"), policy=POLICY) == urged


def last_day_said(due_at: datetime = FRIDAY, **more: object) -> Watch:
    said = moments_of((), started_at=civil("02 09:00"), due_at=due_at)
    return a_watch(due_at=due_at, heard=said, **{"status": ClockStatus.DUE_SOON, **more})


def test_a_reminder_that_has_not_come_yet_comes_for_the_version_that_counts() -> None:
    """Before nine on the last day the clock changes, stands still, or moves away and back: the day stays the last."""
    watch = last_day_said()
    standing = begun(None, watch, Alert.LAST_DAY, POLICY)
    assert standing is not None
    sooner = FRIDAY - timedelta(hours=2)
    after = follow(standing, last_day_said(sooner, version=2), paused=False, at=civil("06 08:00"), policy=POLICY)
    assert (after.version, after.due_at, after.next_level) == (2, sooner, L.REMINDED)
    assert after.next_at == civil("06 09:00")
    paused = last_day_said(version=2, status=ClockStatus.PAUSED, next_alert=None, next_fire_at=None)
    still = follow(
        standing, msgspec.structs.replace(paused, due_at=None), paused=True, at=civil("06 08:00"), policy=POLICY
    )
    assert (still.next_at, still.ended_at) == (None, civil("06 08:00"))
    again = follow(still, last_day_said(version=3), paused=False, at=civil("06 08:30"), policy=POLICY)
    assert (again.version, again.next_at, again.ended_at) == (3, civil("06 09:00"), None)


def test_whom_the_last_day_has_reminded_is_not_reminded_again_by_a_change() -> None:
    standing = begun(None, last_day_said(), Alert.LAST_DAY, POLICY)
    assert standing is not None
    reminded = climbed(standing, civil("06 09:00")).after
    after = follow(reminded, last_day_said(version=2), paused=False, at=civil("06 10:00"), policy=POLICY)
    assert (after.level, after.version, after.next_at, after.ended_at) == (L.REMINDED, 2, None, None)
    broken = begun(after, last_day_said(version=2), Alert.BREACHED, POLICY)
    assert broken is not None
    assert (broken.level, broken.next_level) == (L.REMINDED, L.URGED)


def test_another_last_day_or_an_answer_ends_the_reminder() -> None:
    standing = begun(None, last_day_said(), Alert.LAST_DAY, POLICY)
    assert standing is not None
    for after in (a_watch(due_at=end_of("09"), version=2), last_day_said(ended_at=civil("06 08:00"))):
        assert follow(standing, after, paused=False, at=civil("06 08:00"), policy=POLICY).ended_at is not None


def test_a_warning_that_comes_later_than_the_last_day_does_not_hide_its_supervision() -> None:
    two_hours = moments_of((("2h", civil("06 22:00")),), started_at=civil("02 09:00"), due_at=FRIDAY)
    watch = told(a_watch(coming=two_hours))
    assert watch.next_alert is Alert.DUE_SOON
    assert may_be_supervised(watch)


def test_a_new_version_begins_at_the_foot() -> None:
    listed = msgspec.structs.replace(late(), level=L.LISTED, reached_at=FRIDAY, ended_at=FRIDAY)
    again = begun(listed, a_watch(clock_id=listed.clock_id, version=2), Alert.BREACHED, POLICY)
    assert again is not None
    assert (again.level, again.version, again.next_level, again.ended_at) == (L.NONE, 2, L.URGED, None)


def test_after_an_outage_each_rung_is_climbed_late_and_says_how_late() -> None:
    standing, seen = late(), []
    now = civil("31 10:00")
    while standing.next_at is not None:
        one = climbed(standing, now)
        seen.append((one.rung.level, one.late_seconds))
        standing = one.after
    assert [level for level, _ in seen] == [L.URGED, L.SUPERVISED, L.LISTED]
    assert [seconds for _, seconds in seen] == [int(timedelta(days=d, hours=1).total_seconds()) for d in (22, 15, 8)]


def test_a_rung_that_the_policy_has_no_more_is_passed_over() -> None:
    without = dataclasses.replace(POLICY, ladder=tuple(rung for rung in POLICY.ladder if rung.level is not L.URGED))
    outcome = climb(late(), civil("09 09:00"), without)
    assert outcome.after.next_level is L.SUPERVISED
