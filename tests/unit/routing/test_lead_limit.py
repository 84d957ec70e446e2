"""A co-handler's time lies inside the lead's: by whatever calendar, after whatever pause, and as the lead's moves."""

from dataclasses import replace
from datetime import date, timedelta

from contracts.codes import ClockKind
from contracts.codes import FeedbackAction as A
from contracts.events.clocks import ClockRecalculated
from libraries.clocks.clock import LegalClock
from libraries.clocks.explaining import explained
from libraries.clocks.packing import pack, unpack
from libraries.policies import Policy
from tests.calendars import with_days
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, Scenario, policy

DAY = timedelta(days=1)
LEAD_ENDS = "2026-03-23"


def closed(office: str) -> Policy:
    """The office has a week of its own off, from 9 March."""
    own = with_days(policy(), free=tuple(date(2026, 3, day) for day in (9, 10, 11, 12, 13))).calendar
    return replace(policy(), calendars={office: own})


def co_handling(scenario: Scenario) -> LegalClock:
    return next(clock for clock in scenario.of(CIVIL_AFFAIRS).clocks if clock.kind is ClockKind.CO_HANDLING)


def ends(scenario: Scenario, clock: LegalClock | None = None) -> str:
    clock = clock or co_handling(scenario)
    due_at = clock.due(scenario.context.policy.calendar_of(clock.office)).due_at
    return due_at.date().isoformat() if due_at is not None else "stands still"


def at_work(own: Policy | None = None) -> Scenario:
    scenario = Scenario(own=own)
    for office in (EDUCATION, CIVIL_AFFAIRS):
        assert scenario.answers(A.ACCEPT, office=office) is None
    return scenario


def test_an_office_on_holiday_of_its_own_ends_with_the_lead() -> None:
    scenario = Scenario(own=closed(CIVIL_AFFAIRS))
    clock, calendar = co_handling(scenario), scenario.context.policy.calendar_of(CIVIL_AFFAIRS)
    assert (ends(scenario), clock.version) == (LEAD_ENDS, 1), "bounded from the start, and said once"
    assert clock.own_due(calendar).due_at is not None
    facts = clock.facts(calendar)
    assert facts.due_at is not None
    assert all(warning.at < facts.due_at for warning in facts.warnings)
    assert facts.due_soon_at is not None
    assert facts.started_at < facts.due_soon_at < facts.due_at
    assert unpack(pack(clock)) == clock
    told = explained(clock, scenario.context.policy)
    assert told["due_at"] == "2026-03-23T23:59:59.999999+08:00"
    assert told["within_the_lead"]["own_due_at"] == "2026-03-30T23:59:59.999999+08:00"
    lead = next(one for one in scenario.of(EDUCATION).clocks if one.kind is ClockKind.HANDLING)
    assert "within_the_lead" not in explained(lead, scenario.context.policy)


def test_a_lead_on_holiday_leaves_the_others_their_own_time() -> None:
    scenario = Scenario(own=closed(EDUCATION))
    assert (ends(scenario), co_handling(scenario).latest) == (LEAD_ENDS, None)


def test_a_pause_of_its_own_gives_no_time_beyond_the_leads() -> None:
    scenario = at_work()
    assert scenario.answers(A.HOLD, office=CIVIL_AFFAIRS, reason="appraisal", after=DAY) is None
    assert scenario.answers(A.RESUME, office=CIVIL_AFFAIRS, after=8 * DAY) is None
    assert ends(scenario) == LEAD_ENDS
    said = [event for event in scenario.last.events if isinstance(event, ClockRecalculated)]
    assert [(event.reason, event.clocks[0].office) for event in said] == [("lead_time", CIVIL_AFFAIRS)]
    assert said[0].previous_due_at[0] is not None
    assert said[0].previous_due_at[0].date() == date(2026, 3, 30)
    assert said[0].clocks[0].version == co_handling(scenario).version


def test_more_time_of_the_lead_gives_back_what_it_had_cut() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, office=CIVIL_AFFAIRS, reason="appraisal", after=DAY)
    scenario.answers(A.RESUME, office=CIVIL_AFFAIRS, after=8 * DAY)
    assert scenario.is_longer("2wd", after=9 * DAY) is None
    assert ends(scenario) == "2026-03-25", "the lead's new end, before its own"
    scenario.answers(A.HOLD, reason="appraisal", after=10 * DAY)
    assert ends(scenario) == "2026-03-30", "nobody knows when the lead ends, so its own time stands"
    scenario.answers(A.RESUME, after=17 * DAY)
    assert (ends(scenario), co_handling(scenario).latest) == ("2026-03-30", None)


def test_what_the_lead_does_within_the_same_time_is_no_news_for_the_others() -> None:
    scenario = at_work()
    before = co_handling(scenario)
    assert scenario.is_longer("10wd", after=DAY) is None
    assert co_handling(scenario) == before
    assert not [event for event in scenario.last.events if isinstance(event, ClockRecalculated)]
