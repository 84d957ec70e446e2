"""What the window, referrals and silence make of a case."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.codes import CaseState, ClockKind, ClockStatus
from contracts.events.clocks import LimitBasis
from contracts.submissions import Submission
from services.deadlines import Limit
from services.intake.domain import acts, following
from services.intake.domain.case import Awaited, Case
from services.intake.domain.change import Change, ClocksMoved, Refused
from services.intake.domain.registering import register
from services.intake.domain.states import TERMINAL
from services.intake.domain.submission import fingerprint, parse
from services.intake.translate import to_events
from services.intake.views import AnswerBy, to_view
from services.policies import Policy, load_policy

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LEAD = UUID(int=7)
OFFICE = "education-130722000000"
DAY = timedelta(days=1)


@cache
def policy() -> Policy:
    return load_policy(PACK)


def rules() -> acts.Rules:
    return acts.Rules(policy=policy(), reopen_limit=Limit.parse("15d"))


def registered(category: str = "education.student_aid", *materials: str) -> Change:
    body = {
        "submission_id": "2026-000017",
        "source": "zhangbei-one-window",
        "category": category,
        "area": "130722100",
        "applicant": {"name": "张示例"},
        "materials": materials,
    }
    found = parse(json.dumps(body).encode(), policy(), NOW)
    assert isinstance(found, Submission)
    return register(
        found,
        case_id=UUID(int=1),
        number="130722-20260302-00001-1",
        content=fingerprint(found),
        office=None,
        officer="window-1",
        policy=policy(),
        now=NOW,
    )


def said(change: Change) -> list[str]:
    return [event.TYPE for event in to_events(change, policy())]


def done(outcome: Change | Refused) -> Change:
    assert isinstance(outcome, Change), outcome
    return outcome


def code(outcome: Change | Refused) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def needs_material() -> tuple[str, tuple[str, ...]]:
    category = next(one for one in policy().categories.values() if len(one.materials) > 1 and not one.by_clerk)
    return category.code, tuple(material.code for material in category.materials)


def in_progress() -> Case:
    return following.dispatched(registered().case, NOW, LEAD, OFFICE).case


def resolved() -> Case:
    return following.completed(in_progress(), NOW + DAY, LEAD, policy()).case


def test_a_whole_submission_is_accepted_at_once() -> None:
    change = registered()
    assert said(change) == ["case.registered", "clock.started", "case.accepted", "clock.met"]
    view = to_view(change.case, policy())
    assert view.answer_by is not None
    assert (view.answer_by.office, view.answer_by.clock) == ("education-130722000000", ClockKind.HANDLING)


def test_what_a_clerk_decides_waits_for_the_clerk() -> None:
    change = registered("petition.request")
    assert change.case.state is CaseState.REGISTERED
    view = to_view(change.case, policy())
    assert view.answer_by is not None
    assert (view.answer_by.office, view.answer_by.clock) == ("township-130722100000", ClockKind.ACCEPTANCE)
    assert said(done(acts.accept(change.case, NOW))) == ["case.accepted", "clock.met"]


def test_missing_material_is_told_once_and_stops_the_clock() -> None:
    category, materials = needs_material()
    case = registered(category).case
    assert {clock.kind for clock in case.clocks} == {ClockKind.ACCEPTANCE, ClockKind.SUPPLEMENT_NOTICE}
    change = done(acts.request_supplement(case, NOW + DAY, rules(), missing=materials, override=False))
    assert said(change) == ["case.supplement_requested", "clock.met", "clock.paused"]
    back = done(acts.supplement(change.case, NOW + 3 * DAY, rules(), materials=materials))
    assert said(back) == ["case.supplemented", "clock.resumed", "case.accepted", "clock.met"]


def test_a_second_notice_needs_an_override() -> None:
    category, materials = needs_material()
    case = registered(category).case
    change = done(acts.request_supplement(case, NOW, rules(), missing=materials, override=False))
    partly = done(acts.supplement(change.case, NOW + DAY, rules(), materials=materials[:1]))
    assert partly.case.state is CaseState.REGISTERED
    again = acts.request_supplement(partly.case, NOW + DAY, rules(), missing=materials, override=False)
    assert code(again) == "notice_already_given"
    done(acts.request_supplement(partly.case, NOW + DAY, rules(), missing=materials, override=True))


def test_nobody_is_sent_away_without_a_reason_and_a_place_to_go() -> None:
    case = registered("petition.request").case
    refused = acts.decline(case, NOW, rules(), reason="because", go_to="the moon")
    assert isinstance(refused, Refused)
    assert [field for field, _ in refused.faults] == ["reason", "go_to"]
    change = done(acts.decline(case, NOW, rules(), reason="out_of_scope", go_to="justice-130722000000"))
    assert change.case.state is CaseState.NOT_ACCEPTED
    assert said(change) == ["case.not_accepted", "clock.met"]


def test_silence_at_the_window_is_acceptance() -> None:
    case = registered("petition.request").case
    (clock,) = case.clocks
    change = following.silent(case, NOW + 20 * DAY, ClockKind.ACCEPTANCE, clock.version)
    assert said(change) == ["case.accepted", "clock.met"]
    assert following.silent(case, NOW, ClockKind.ACCEPTANCE, clock.version - 1).facts == ()
    assert following.silent(change.case, NOW, ClockKind.ACCEPTANCE, clock.version).facts == ()


def test_a_case_follows_its_lead_to_the_end() -> None:
    case = in_progress()
    assert case.state is CaseState.IN_PROGRESS
    held = following.held(case, NOW, LEAD, "appraisal")
    assert said(held) == ["case.suspended"]
    assert said(following.resumed(held.case, NOW, LEAD)) == ["case.resumed"]
    done_ = following.completed(case, NOW + DAY, LEAD, policy())
    assert said(done_) == ["case.resolved", "clock.started"]
    closed = done(acts.call_back(done_.case, NOW + 2 * DAY, rules(), satisfied=True, reason=""))
    assert said(closed) == ["case.closed", "clock.met"]


def test_only_the_lead_moves_the_case() -> None:
    other = UUID(int=8)
    case = in_progress()
    for change in (
        following.held(case, NOW, other, "appraisal"),
        following.resumed(case, NOW, other),
        following.completed(case, NOW, other, policy()),
        following.failed(case, NOW, other, "not_eligible"),
    ):
        assert change.facts == ()
        assert change.case is case


def awaited(case: Case) -> AnswerBy | None:
    return to_view(case, policy()).answer_by


HANDLING = Awaited(
    office=OFFICE,
    kind=ClockKind.HANDLING,
    limit="15wd",
    due_at=NOW + 20 * DAY,
    provisional=False,
    basis=LimitBasis(policy_version="v", row="r", source="s"),
)


def test_what_routing_announced_is_what_the_window_tells() -> None:
    accepted = registered().case
    before, after = awaited(accepted), awaited(following.timed(in_progress(), NOW, HANDLING).case)
    assert before is not None
    assert after is not None
    assert (before.announced, after.announced) == (False, True)
    assert after.due_at == NOW + 20 * DAY


def test_another_lead_does_not_wait_for_what_the_first_one_waited_for() -> None:
    held = following.held(in_progress(), NOW, LEAD, "appraisal").case
    change = following.dispatched(held, NOW, UUID(int=8), "housing-130722000000")
    assert said(change) == ["case.resumed"]
    assert (change.case.lead, change.case.lead_office) == (UUID(int=8), "housing-130722000000")


def test_nobody_is_awaited_where_a_case_is_over() -> None:
    case = following.timed(in_progress(), NOW, HANDLING).case
    withdrawn = done(acts.withdraw(case, NOW, rules(), reason="applicant_request")).case
    assert awaited(withdrawn) is None
    assert awaited(following.timed(withdrawn, NOW, HANDLING).case) is None
    assert awaited(following.failed(case, NOW, LEAD, "not_eligible").case) is None


def test_a_reopened_case_waits_for_the_lead_that_solved_it() -> None:
    case = done(acts.reopen(resolved(), NOW + 2 * DAY, rules(), reason="not_satisfied")).case
    answer = awaited(case)
    assert answer is not None
    assert (answer.office, answer.clock, answer.announced) == (OFFICE, ClockKind.REWORK, False)


def test_a_case_outlives_its_category() -> None:
    newer = replace(policy(), categories={})
    case = registered("petition.request").case
    change = done(acts.accept(case, NOW))
    assert [event.TYPE for event in to_events(change, newer)] == ["case.accepted", "clock.met"]
    assert to_view(change.case, newer).answer_by is None


def test_a_failed_lead_ends_the_case() -> None:
    assert said(following.failed(in_progress(), NOW, LEAD, "not_eligible")) == ["case.terminated"]


def test_dissatisfaction_opens_another_round() -> None:
    change = done(acts.call_back(resolved(), NOW + 2 * DAY, rules(), satisfied=False, reason="not_satisfied"))
    assert said(change) == ["clock.met", "case.reopened"]
    assert (change.case.state, change.case.round) == (CaseState.IN_PROGRESS, 2)
    again = following.completed(change.case, NOW + 5 * DAY, LEAD, policy())
    first = {clock.id for clock in resolved().clocks}
    assert {clock.id for clock in again.case.clocks}.isdisjoint(first)


def test_the_window_to_reopen_counts_from_the_solution() -> None:
    case = done(acts.call_back(resolved(), NOW + 2 * DAY, rules(), satisfied=True, reason="")).case
    assert done(acts.reopen(case, NOW + 16 * DAY, rules(), reason="not_satisfied")).case.round == 2
    assert code(acts.reopen(case, NOW + 40 * DAY, rules(), reason="not_satisfied")) == "reopen_window_over"


Do = Callable[[Case, datetime], Change | Refused]
MATERIALS = needs_material()[1]
DOINGS: list[Do] = [
    acts.accept,
    lambda case, at: acts.decline(case, at, rules(), reason="out_of_scope", go_to="justice-130722000000"),
    lambda case, at: acts.request_supplement(case, at, rules(), missing=MATERIALS, override=False),
    lambda case, at: acts.supplement(case, at, rules(), materials=MATERIALS[:1]),
    lambda case, at: acts.supplement(case, at, rules(), materials=MATERIALS),
    lambda case, at: acts.withdraw(case, at, rules(), reason="applicant_request"),
    lambda case, at: acts.call_back(case, at, rules(), satisfied=True, reason=""),
    lambda case, at: acts.call_back(case, at, rules(), satisfied=False, reason="not_satisfied"),
    lambda case, at: acts.reopen(case, at, rules(), reason="not_satisfied"),
    lambda case, at: following.dispatched(case, at, LEAD, OFFICE),
    lambda case, at: following.dispatched(case, at, UUID(int=8), "housing-130722000000"),
    lambda case, at: following.held(case, at, LEAD, "appraisal"),
    lambda case, at: following.resumed(case, at, LEAD),
    lambda case, at: following.completed(case, at, LEAD, policy()),
    lambda case, at: following.failed(case, at, LEAD, "not_eligible"),
    lambda case, at: following.silent(case, at, ClockKind.ACCEPTANCE, 1),
]


class AnyCourse(RuleBasedStateMachine):
    """Whatever people, referrals and time do, in any order, the rules of a case hold."""

    @initialize(category=st.sampled_from(["petition.request", "education.student_aid", needs_material()[0]]))
    def registers(self, category: str) -> None:
        self.at = NOW
        self.change = registered(category)
        self.before = CaseState.REGISTERED

    @rule(do=st.sampled_from(DOINGS), hours=st.integers(0, 300))
    def something_happens(self, do: Do, hours: int) -> None:
        self.at += timedelta(hours=hours)
        case = self.change.case
        self.before = case.state
        outcome = do(case, self.at)
        if isinstance(outcome, Change):
            self.change = outcome
            list(to_events(outcome, policy()))

    @invariant()
    def an_end_is_an_end(self) -> None:
        assert self.before not in TERMINAL or self.change.case.state is self.before

    @invariant()
    def an_ended_case_has_no_open_clock(self) -> None:
        if self.change.case.state in TERMINAL | {CaseState.CLOSED}:
            assert self.change.case.clocks == ()

    @invariant()
    def only_a_case_that_waits_for_material_has_a_standing_clock(self) -> None:
        paused = [clock for clock in self.change.case.clocks if clock.status is ClockStatus.PAUSED]
        assert not paused or self.change.case.state is CaseState.AWAITING_SUPPLEMENT

    @invariant()
    def there_is_one_clock_of_a_kind(self) -> None:
        kinds = [clock.kind for clock in self.change.case.clocks]
        assert len(kinds) == len(set(kinds))

    @invariant()
    def stopped_clocks_are_not_kept(self) -> None:
        assert all(clock.open for clock in self.change.case.clocks)
        for fact in self.change.facts:
            if isinstance(fact, ClocksMoved) and fact.how in ("met", "cancelled"):
                assert all(not clock.open for clock in fact.clocks)


AnyCourse.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
test_any_course_of_events = AnyCourse.TestCase


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.IN_PROGRESS])
def test_a_case_that_goes_on_cannot_be_accepted_again(state: CaseState) -> None:
    case = in_progress() if state is CaseState.IN_PROGRESS else resolved()
    assert code(acts.accept(case, NOW)) == "illegal_move"
