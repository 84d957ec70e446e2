"""The legal moves: the same in the code and in the drawing, and kept by any course of events."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.clocks import ClockStarted, ClockStop
from contracts.codes import LEAD_WORK, ClockKind, ClockStatus, ReferralRole
from contracts.codes import FeedbackAction as A
from libraries.policies import Policy
from services.routing.domain.dispatching import rework, withdraw
from services.routing.domain.referral import Referral
from services.routing.domain.states import ENDED, MOVES
from services.routing.domain.supervision import arbitrate, decide_return, deem_accepted, go_on, reassign
from tests.calendars import with_days
from tests.events import changes
from tests.examples import at_least
from tests.unit.routing.builders import CIVIL_AFFAIRS, Scenario, policy

DRAWING = Path(__file__).parents[3] / "docs" / "reference" / "referral-states.md"
REASONS = st.sampled_from(["", "not_competent", "appraisal", "workload", "complex", "not_eligible"])
OFFICES = st.sampled_from(["health-130722000000", "justice-130722000000", "nobody-130722000000"])


def test_the_drawing_lists_the_same_moves() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", DRAWING.read_text(), re.MULTILINE))
    assert drawn == {(before.name, after.name, move.value) for (before, move), after in MOVES.items()}
    ends = set(re.findall(r"^\| (\w+) \| .* \| yes \|$", DRAWING.read_text(), re.MULTILINE))
    assert ends == {state.name for state in ENDED}


CO_HANDLERS_ON_HOLIDAY = replace(
    policy(),
    calendars={
        office: with_days(policy(), free=tuple(date(2026, 3, day) for day in range(9, 20))).calendar
        for office in (CIVIL_AFFAIRS, "health-130722000000")
    },
)


class AnyCourse(RuleBasedStateMachine):
    """Whatever offices, coordinators and time do, in any order, the rules of a referral hold."""

    @initialize(
        category=st.sampled_from(["education.student_aid", "petition.request", "petition.review", "nobody.knows"]),
        context=st.sampled_from([None, CO_HANDLERS_ON_HOLIDAY]),
    )
    def accepted(self, category: str, context: Policy | None) -> None:
        self.scenario = Scenario(category, own=context)
        self.hours = 0
        self.withdrawn = False

    def pick(self, data: st.DataObject) -> Referral:
        return data.draw(st.sampled_from(sorted(self.scenario.routing.referrals, key=lambda r: r.id)))

    @property
    def now(self) -> timedelta:
        return timedelta(hours=self.hours)

    @rule(hours=st.integers(1, 400))
    def time_passes(self, hours: int) -> None:
        self.hours += hours
        for referral in self.scenario.routing.referrals:
            self.scenario.act(deem_accepted(self.scenario.change(self.now), referral.id, self.scenario.context))

    @rule(data=st.data(), action=st.sampled_from(A), reason=REASONS)
    def an_office_answers(self, data: st.DataObject, action: A, reason: str) -> None:
        office = self.pick(data).office
        self.scenario.answers(action, office=office, after=self.now, reason=reason, by="5wd")

    @rule(data=st.data(), approve=st.booleans(), to=st.none() | OFFICES)
    def a_return_is_decided(self, data: st.DataObject, approve: bool, to: str | None) -> None:
        change, scenario = self.scenario.change(self.now), self.scenario
        scenario.act(decide_return(change, self.pick(data).id, scenario.context, approve=approve, reason="", to=to))

    @rule(data=st.data(), to=OFFICES)
    def a_lead_is_reassigned(self, data: st.DataObject, to: str) -> None:
        change, scenario = self.scenario.change(self.now), self.scenario
        scenario.act(reassign(change, self.pick(data).id, scenario.context, to=to, reason="coordinator_decision"))

    @rule(data=st.data(), to=OFFICES)
    def a_quarrel_is_settled(self, data: st.DataObject, to: str) -> None:
        change, scenario = self.scenario.change(self.now), self.scenario
        scenario.act(arbitrate(change, self.pick(data).id, scenario.context, to=to, reason=""))

    @rule(data=st.data())
    def a_coordinator_ends_a_hold(self, data: st.DataObject) -> None:
        change, scenario = self.scenario.change(self.now), self.scenario
        scenario.act(go_on(change, self.pick(data).id, scenario.context, reason=""))

    @rule()
    def the_applicant_is_not_satisfied(self) -> None:
        last = self.scenario.routing.last_lead
        assert last is not None
        self.scenario.act(
            rework(self.scenario.change(self.now), last.round + 1, "not_satisfied", self.scenario.context)
        )

    @precondition(lambda self: not self.withdrawn)
    @rule()
    def the_case_is_withdrawn(self) -> None:
        self.withdrawn = True
        self.scenario.act(withdraw(self.scenario.change(self.now), self.scenario.context, "case_withdrawn"))

    @invariant()
    def there_is_at_most_one_live_lead(self) -> None:
        leads = [r for r in self.scenario.routing.referrals if r.role is ReferralRole.LEAD]
        assert sum(1 for lead in leads if lead.live) <= 1

    @invariant()
    def a_case_is_not_without_an_owner(self) -> None:
        last = self.scenario.routing.last_lead
        assert last is not None
        assert last.live or last.state.value in ("completed", "failed") or self.withdrawn

    @invariant()
    def what_has_ended_has_no_running_clock(self) -> None:
        for referral in self.scenario.routing.referrals:
            if not referral.live:
                assert not referral.open_clocks(), referral

    @invariant()
    def only_who_waits_has_a_paused_clock(self) -> None:
        for referral in self.scenario.routing.referrals:
            for clock in referral.open_clocks():
                if clock.status is ClockStatus.PAUSED:
                    assert referral.state.value == "on_hold"
                else:
                    assert clock.due(policy().calendar).due_at is not None

    @invariant()
    def whoever_waits_has_a_clock_of_the_wait(self) -> None:
        if self.scenario.routing.request.category not in policy().categories:
            return
        for referral in self.scenario.routing.referrals:
            waits = {clock.kind for clock in referral.open_clocks({ClockKind.HOLD_REVIEW, ClockKind.RETURN_DECISION})}
            assert (ClockKind.HOLD_REVIEW in waits) == (referral.state.value == "on_hold")
            assert (ClockKind.RETURN_DECISION in waits) == (referral.state.value == "return_requested")

    @invariant()
    def no_co_handler_has_longer_than_the_lead(self) -> None:
        lead, own = self.scenario.routing.lead, self.scenario.context.policy
        work = lead.open_clocks(LEAD_WORK) if lead is not None else ()
        ends = [one.announced(own.calendar_of(one.office)).due_at for one in work]
        for referral in self.scenario.routing.open_co_handlers:
            for clock in referral.open_clocks({ClockKind.CO_HANDLING}):
                end = clock.announced(own.calendar_of(clock.office)).due_at
                assert all(end is None or of_lead is None or end <= of_lead for of_lead in ends)

    @invariant()
    def every_lead_works_against_a_clock(self) -> None:
        lead = self.scenario.routing.lead
        if lead is not None and self.scenario.routing.request.category in policy().categories:
            kinds = {clock.kind for clock in lead.open_clocks()}
            assert kinds & LEAD_WORK

    @invariant()
    def events_tell_of_each_clock_once(self) -> None:
        events = self.scenario.last.events
        ended = [clock.clock_id for clock in changes(events, ClockStop)]
        started = [clock.clock_id for clock in changes(events, ClockStarted)]
        assert len(ended) == len(set(ended))
        assert len(started) == len(set(started))


AnyCourse.TestCase.settings = at_least(150, steps=30)
test_any_course_of_events = AnyCourse.TestCase
