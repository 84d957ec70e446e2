"""What goes wrong elsewhere with clocks and escalation, one test each: the name says the defect that is not here."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from contracts.clocks import ClockStarted
from contracts.codes import ClockKind, ClockStatus
from contracts.codes import FeedbackAction as A
from contracts.refusals import Refused
from libraries.clocks.clock import LegalClock
from libraries.clocks.explaining import explanation_of
from libraries.clocks.recounting import recount, written
from libraries.deadlines import Limit
from services.routing.domain.supervision import decide_return, reassign
from tests.calendars import with_days
from tests.events import changes
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, Scenario, policy

DAY = timedelta(days=1)
OTHER = "health-130722000000"
AT_WORK = "2026-03-23"
"""The end of 15 working days after Monday 2 March 2026."""


def handling(scenario: Scenario, office: str = EDUCATION) -> LegalClock:
    return [clock for clock in scenario.of(office).clocks if clock.kind is ClockKind.HANDLING][-1]


def due_day(scenario: Scenario, office: str = EDUCATION) -> str:
    due_at = handling(scenario, office).due(scenario.context.policy.calendar_of(office)).due_at
    return due_at.date().isoformat() if due_at is not None else "stands still"


def at_work() -> Scenario:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT) is None
    assert due_day(scenario) == AT_WORK
    return scenario


def paused_for_two_days() -> Scenario:
    scenario = at_work()
    assert scenario.answers(A.HOLD, reason="appraisal", after=DAY) is None
    assert scenario.answers(A.RESUME, after=3 * DAY) is None
    assert due_day(scenario) == "2026-03-25"
    return scenario


def sent_on(scenario: Scenario, *, after: timedelta) -> None:
    change = scenario.change(after)
    scenario.act(reassign(change, scenario.of(EDUCATION).id, scenario.context, to=OTHER, reason="coordinator_decision"))


@pytest.mark.parametrize("action", [A.PROGRESS, A.HOLD, A.RESUME])
def test_no_comment_and_no_edit_starts_the_time_again(action: A) -> None:
    scenario = at_work()
    for number in range(1, 8):
        scenario.answers(action, after=number * DAY, reason="workload")
    assert due_day(scenario) == AT_WORK
    assert handling(scenario).version == 1


def test_what_no_rule_gives_to_anybody_has_an_owner_and_a_clock_of_its_own() -> None:
    scenario = Scenario("nobody.knows")
    lead = scenario.routing.lead
    assert lead is not None
    assert lead.office == CIVIL_AFFAIRS
    assert ClockKind.UNMATCHED in {clock.kind for clock in lead.open_clocks()}
    assert all(clock.due(policy().calendar).due_at is not None for clock in lead.open_clocks())


def test_what_nobody_has_signed_runs_against_a_clock_from_the_dispatch() -> None:
    scenario = Scenario()
    assert {clock.started_at for clock in scenario.of(EDUCATION).open_clocks()} == {NOON}
    assert due_day(scenario) == AT_WORK


def test_neither_holidays_nor_a_pause_use_the_limit_up() -> None:
    scenario = at_work()
    week = tuple(date(2026, 3, day) for day in (9, 10, 11, 12, 13))
    scenario.context = replace(scenario.context, policy=with_days(policy(), free=week))
    assert due_day(scenario) == "2026-03-30"
    scenario.answers(A.HOLD, reason="appraisal", after=15 * DAY)
    scenario.answers(A.RESUME, after=16 * DAY)
    assert due_day(scenario) == "2026-03-31"


def test_a_saturday_can_be_a_working_day() -> None:
    scenario = at_work()
    scenario.context = replace(scenario.context, policy=with_days(policy(), works=(date(2026, 3, 14),)))
    assert due_day(scenario) == "2026-03-20"


def test_no_pause_is_lost_by_sending_the_case_to_another_office() -> None:
    scenario = paused_for_two_days()
    sent_on(scenario, after=4 * DAY)
    assert due_day(scenario, OTHER) == "2026-03-25"
    assert len(handling(scenario, OTHER).pauses) == 1


def test_no_pause_is_lost_by_sending_the_case_on_while_it_lasts() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    sent_on(scenario, after=3 * DAY)
    assert handling(scenario, OTHER).status is ClockStatus.RUNNING
    assert due_day(scenario, OTHER) == "2026-03-25"


def test_a_return_gives_no_time_and_takes_none() -> None:
    scenario = Scenario("petition.request")
    lead = scenario.routing.lead
    assert lead is not None
    before = next(clock for clock in lead.clocks if clock.kind is ClockKind.HANDLING).due(policy().calendar)
    scenario.answers(A.RETURN, office=lead.office, reason="not_competent")
    scenario.act(decide_return(scenario.change(DAY), lead.id, scenario.context, approve=True, reason="", to=OTHER))
    assert handling(scenario, OTHER).due(policy().calendar) == before


def test_no_pause_is_lost_and_no_time_taken_when_the_policy_gives_another_limit() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    shorter = tuple(replace(row, limit=Limit.parse("1wd")) for row in policy().limits)
    scenario.context = replace(scenario.context, policy=replace(policy(), version="another", limits=shorter))
    scenario.answers(A.RESUME, after=3 * DAY)
    assert due_day(scenario) == "2026-03-25"
    assert handling(scenario).terms.basis.policy_version == policy().version


def test_no_pause_is_lost_when_the_matter_is_filed_under_another_category() -> None:
    scenario = paused_for_two_days()
    matter = replace(scenario.routing.request, category="social_security.pension_claim")
    scenario.routing = replace(scenario.routing, request=matter)
    assert scenario.answers(A.PROGRESS, after=4 * DAY) is None
    sent_on(scenario, after=5 * DAY)
    assert due_day(scenario, OTHER) == "2026-03-25"


def test_no_pause_is_lost_when_another_calendar_is_published() -> None:
    clock = written(handling(paused_for_two_days()), policy())
    moved = recount(clock, with_days(policy(), works=(date(2026, 3, 14),)))
    assert moved.pauses == clock.pauses
    assert moved.announced_dates is not None
    assert moved.announced_dates.due_at == datetime(2026, 3, 24, 15, 59, 59, 999999, UTC)


def test_a_limit_that_was_broken_is_not_healed_by_a_pause_afterwards() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=25 * DAY)
    scenario.answers(A.RESUME, after=35 * DAY)
    assert due_day(scenario) == AT_WORK


def test_the_clock_does_not_run_while_somebody_else_has_the_word() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="supplement", after=DAY)
    assert due_day(scenario) == "stands still"
    scenario.answers(A.RESUME, after=DAY + timedelta(days=28))
    # Twenty days of work stood outside.
    assert due_day(scenario) == "2026-04-21"


def test_a_lawful_extension_is_not_overdue() -> None:
    scenario = at_work()
    assert scenario.is_longer("10wd", after=20 * DAY) is None
    end = handling(scenario).due(policy().calendar).due_at
    assert end is not None
    assert end > NOON + 22 * DAY
    refused = scenario.is_longer("1wd", after=20 * DAY)
    assert refused == Refused(code="already_extended")


def test_no_extension_comes_after_the_limit_has_passed() -> None:
    scenario = at_work()
    refused = scenario.is_longer("10wd", after=23 * DAY)
    assert refused is not None
    assert refused.code == "extension_too_late"
    assert due_day(scenario) == AT_WORK


def test_a_limit_may_be_longer_than_ninety_nine_hours() -> None:
    clock = replace(handling(at_work()), terms=replace(handling(at_work()).terms, limit=Limit.parse("240h")))
    assert clock.due(policy().calendar).due_at == NOON + timedelta(hours=240)


def test_the_next_office_is_not_blamed_for_time_that_another_had_to_answer() -> None:
    scenario = at_work()
    sent_on(scenario, after=10 * DAY)
    own = {clock.kind: clock for clock in scenario.of(OTHER).open_clocks()}
    assert own[ClockKind.SIGNING].started_at == NOON + 10 * DAY
    assert own[ClockKind.RETURN_WINDOW].started_at == NOON + 10 * DAY
    # The applicant's date does not move because offices changed.
    assert due_day(scenario, OTHER) == AT_WORK
    assert {fact.office for fact in changes(scenario.last.events, ClockStarted)} == {OTHER}


def test_every_date_is_explained_day_by_day() -> None:
    clock = handling(paused_for_two_days())
    told = explanation_of(clock, policy())
    assert told.due_at == clock.due(policy().calendar).due_at
    assert next(day.date for day in told.days) == date(2026, 3, 2)
    assert sum(day.counts for day in told.days) == 15
    assert sum(day.reason == "paused" for day in told.days) == 2


def test_an_office_with_days_of_its_own_is_counted_by_them() -> None:
    scenario = at_work()
    closed = tuple(date(2026, 3, day) for day in (9, 10, 11, 12, 13))
    schools = replace(policy(), calendars={EDUCATION: with_days(policy(), free=closed).calendar})
    scenario.context = replace(scenario.context, policy=schools)
    assert due_day(scenario) == "2026-03-30"
    co = next(clock for clock in scenario.of(CIVIL_AFFAIRS).clocks if clock.kind is ClockKind.CO_HANDLING)
    assert co.facts(schools.calendar_of(co.office)).due_at == datetime(2026, 3, 23, 15, 59, 59, 999999, UTC)


def test_an_office_that_takes_over_closes_at_its_own_hour() -> None:
    scenario = at_work()
    early = replace(policy().offices[OTHER], close_of_business=time(17))
    scenario.context = replace(scenario.context, policy=replace(policy(), offices={**policy().offices, OTHER: early}))
    sent_on(scenario, after=10 * DAY)
    assert handling(scenario, OTHER).due(policy().calendar).due_at == datetime(2026, 3, 23, 9, tzinfo=UTC)
    # And back to one that works until midnight.
    back = reassign(
        scenario.change(11 * DAY), scenario.of(OTHER).id, scenario.context, to=EDUCATION, reason="coordinator_decision"
    )
    assert scenario.act(back) is None
    assert due_day(scenario) == AT_WORK
    assert handling(scenario).terms.rules.close_of_business is None
