"""What the window, referrals and silence make of a case."""

from dataclasses import replace
from uuid import UUID

import pytest

from contracts.codes import CaseState, ClockKind
from contracts.events.clocks import LimitBasis
from services.intake.domain import acts, following
from services.intake.domain.case import Awaited, Case
from services.intake.domain.change import Refused
from services.intake.translate import to_events
from services.intake.views import AnswerBy, to_view
from tests.unit.intake.builders import (
    DAY,
    LEAD,
    NOW,
    OFFICE,
    code,
    done,
    in_progress,
    needs_material,
    policy,
    registered,
    resolved,
    rules,
    said,
)


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


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.IN_PROGRESS])
def test_a_case_that_goes_on_cannot_be_accepted_again(state: CaseState) -> None:
    case = in_progress() if state is CaseState.IN_PROGRESS else resolved()
    assert code(acts.accept(case, NOW)) == "illegal_move"
