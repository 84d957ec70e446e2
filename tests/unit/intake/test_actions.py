"""What the window, referrals and silence make of a case."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.clocks import LimitBasis
from contracts.codes import CaseState, ClockKind, Field
from contracts.refusals import Refused
from libraries.policies.clock_rules import Trigger
from services.intake.domain import actions, referral_updates
from services.intake.domain.case import Case, ExpectedAnswer
from services.intake.domain.change import Change
from services.intake.views import AnswerBy
from tests.events import told
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
    said,
    window_view,
)


def test_a_whole_submission_is_accepted_at_once() -> None:
    change = registered()
    assert said(change) == ["case.registered", "clock.started", "case.accepted", "clock.met", "clock.started"]
    assert [clock.kind for clock in change.case.clocks] == [ClockKind.DISPATCH], "somebody must get it"
    view = window_view(change.case, policy())
    assert view.answer_by is not None
    assert (view.answer_by.office, view.answer_by.clock) == ("education-130722000000", ClockKind.HANDLING)


def test_what_a_clerk_decides_waits_for_the_clerk() -> None:
    change = registered("petition.request")
    assert change.case.state is CaseState.REGISTERED
    view = window_view(change.case, policy())
    assert view.answer_by is not None
    assert (view.answer_by.office, view.answer_by.clock) == ("township-130722100000", ClockKind.ACCEPTANCE)
    assert said(done(actions.accept(change.case, NOW, policy()))) == ["case.accepted", "clock.met", "clock.started"]


def test_missing_material_is_told_once_and_stops_the_clock() -> None:
    category, materials = needs_material()
    case = registered(category).case
    assert {clock.kind for clock in case.clocks} == {ClockKind.ACCEPTANCE, ClockKind.SUPPLEMENT_NOTICE}
    change = done(actions.request_supplement(case, NOW + DAY, policy(), missing=materials, override=False))
    assert said(change) == ["case.supplement_requested", "clock.met", "clock.started", "clock.paused"]
    back = done(actions.supplement(change.case, NOW + 3 * DAY, policy(), materials=materials))
    assert said(back) == [
        "case.supplemented",
        "clock.met",
        "clock.resumed",
        "case.accepted",
        "clock.met",
        "clock.started",
    ]


def test_a_second_notice_needs_an_override() -> None:
    category, materials = needs_material()
    case = registered(category).case
    change = done(actions.request_supplement(case, NOW, policy(), missing=materials, override=False))
    partly = done(actions.supplement(change.case, NOW + DAY, policy(), materials=materials[:1]))
    assert partly.case.state is CaseState.REGISTERED
    again = actions.request_supplement(partly.case, NOW + DAY, policy(), missing=materials, override=False)
    assert code(again) == "notice_already_given"
    done(actions.request_supplement(partly.case, NOW + DAY, policy(), missing=materials, override=True))


def test_nobody_is_sent_away_without_a_reason_and_a_place_to_go() -> None:
    case = registered("petition.request").case
    refused = actions.decline(case, NOW, policy(), reason="because", go_to="the moon")
    assert isinstance(refused, Refused)
    assert [fault.field for fault in refused.faults] == ["reason", "go_to"]
    change = done(actions.decline(case, NOW, policy(), reason="out_of_scope", go_to="justice-130722000000"))
    assert change.case.state is CaseState.NOT_ACCEPTED
    assert said(change) == ["case.not_accepted", "clock.met", "clock.started"]
    assert [clock.kind for clock in change.case.clocks] == [ClockKind.RETENTION]


def test_silence_at_the_window_is_acceptance() -> None:
    case = registered("petition.request").case
    (clock,) = case.clocks
    change = referral_updates.silent(case, NOW + 20 * DAY, ClockKind.ACCEPTANCE, clock.version, policy())
    assert said(change) == ["case.accepted", "clock.met", "clock.started"]
    assert referral_updates.silent(case, NOW, ClockKind.ACCEPTANCE, clock.version - 1, policy()).events == ()
    assert referral_updates.silent(change.case, NOW, ClockKind.ACCEPTANCE, clock.version, policy()).events == ()


def test_a_case_follows_its_lead_to_the_end() -> None:
    case = in_progress()
    assert case.state is CaseState.IN_PROGRESS
    held = referral_updates.held(case, NOW, LEAD, "appraisal")
    assert said(held) == ["case.suspended", "case.applicant_to_be_told"]
    assert said(referral_updates.resumed(held.case, NOW, LEAD)) == ["case.resumed"]
    done_ = referral_updates.completed(case, NOW + DAY, LEAD, policy())
    assert said(done_) == ["case.resolved", "clock.started"]
    closed = done(actions.call_back(done_.case, NOW + 2 * DAY, policy(), satisfied=True, reason=""))
    assert said(closed) == ["case.closed", "clock.met", "clock.started"]
    (kept,) = closed.case.clocks
    assert (kept.kind, str(kept.terms.limit)) == (ClockKind.RETENTION, "10y")
    ends = kept.due(policy().calendar)
    assert (ends.due_at, ends.provisional) == (datetime(2036, 3, 4, 15, 59, 59, 999999, tzinfo=UTC), False)


def test_the_dispatch_is_awaited_until_a_lead_has_the_case() -> None:
    accepted = registered().case
    (clock,) = accepted.clocks
    assert (clock.kind, clock.office) == (ClockKind.DISPATCH, "civil_affairs-130722000000"), "the window cannot send it"
    change = referral_updates.dispatched(accepted, NOW + DAY, LEAD, OFFICE, policy())
    assert said(change) == ["case.progressed", "clock.met"]
    assert change.case.clocks == ()
    withdrawn = done(actions.withdraw(accepted, NOW + DAY, policy(), reason="applicant_request"))
    assert said(withdrawn) == ["case.withdrawn", "clock.cancelled", "clock.started"]


def test_a_reopened_case_is_awaited_at_the_lead_and_is_kept_no_longer() -> None:
    closed = done(actions.call_back(resolved(), NOW + 2 * DAY, policy(), satisfied=True, reason="")).case
    again = done(actions.reopen(closed, NOW + 3 * DAY, policy(), reason="not_satisfied"))
    assert said(again) == ["case.reopened", "clock.cancelled", "clock.started"]
    assert [clock.kind for clock in again.case.clocks] == [ClockKind.DISPATCH]
    asked = referral_updates.apply_update(again, LEAD, Trigger.REFERRAL_REWORK_REQUESTED, policy())
    assert asked.case.clocks == ()
    assert referral_updates.apply_update(again, UUID(int=9), Trigger.REFERRAL_REWORK_REQUESTED, policy()) is again


def test_a_petitioner_has_thirty_days_to_ask_for_a_review() -> None:
    """信访工作条例 35, 36: counted from the answer to the petition; after the review from its answer."""
    for category, kind in (
        ("petition.request", ClockKind.REVIEW_REQUEST),
        ("petition.simple", ClockKind.REVIEW_REQUEST),
        ("petition.review", ClockKind.RE_REVIEW_REQUEST),
    ):
        case = replace(in_progress(), category=category, field=Field.PETITION)
        change = referral_updates.completed(case, NOW, LEAD, policy())
        right = next(clock for clock in change.case.clocks if clock.kind is kind)
        assert (str(right.terms.limit), right.terms.basis.statutory) == ("30d", True)
        done_ = done(actions.call_back(change.case, NOW + DAY, policy(), satisfied=True, reason="")).case
        assert kind in {clock.kind for clock in done_.clocks}, "closing the case does not end the right"
    last = referral_updates.completed(replace(in_progress(), category="petition.re_review"), NOW, LEAD, policy()).case
    assert {clock.kind for clock in last.clocks} == {ClockKind.CALLBACK}, "after the re-review there is none"


def test_only_the_lead_moves_the_case() -> None:
    other = UUID(int=8)
    case = in_progress()
    for change in (
        referral_updates.held(case, NOW, other, "appraisal"),
        referral_updates.resumed(case, NOW, other),
        referral_updates.completed(case, NOW, other, policy()),
        referral_updates.failed(case, NOW, other, "not_eligible", policy()),
    ):
        assert change.events == ()
        assert change.case is case


def awaited(case: Case) -> AnswerBy | None:
    return window_view(case, policy()).answer_by


HANDLING = ExpectedAnswer(
    office=OFFICE,
    kind=ClockKind.HANDLING,
    limit="15wd",
    due_at=NOW + 20 * DAY,
    provisional=False,
    basis=LimitBasis(policy_version="v", row="r", source="s"),
)


def test_what_routing_announced_is_what_the_window_tells() -> None:
    accepted = registered().case
    before, after = (
        awaited(accepted),
        awaited(referral_updates.timed(Change(case=in_progress(), at=NOW), HANDLING).case),
    )
    assert before is not None
    assert after is not None
    assert (before.announced, after.announced) == (False, True)
    assert after.due_at == NOW + 20 * DAY


def test_another_lead_does_not_wait_for_what_the_first_one_waited_for() -> None:
    held = referral_updates.held(in_progress(), NOW, LEAD, "appraisal").case
    change = referral_updates.dispatched(held, NOW, UUID(int=8), "housing-130722000000", policy())
    assert said(change) == ["case.resumed"]
    assert (change.case.lead, change.case.lead_office) == (UUID(int=8), "housing-130722000000")


def test_nobody_is_awaited_where_a_case_is_over() -> None:
    case = referral_updates.timed(Change(case=in_progress(), at=NOW), HANDLING).case
    withdrawn = done(actions.withdraw(case, NOW, policy(), reason="applicant_request")).case
    assert awaited(withdrawn) is None
    assert awaited(referral_updates.timed(Change(case=withdrawn, at=NOW), HANDLING).case) is None
    assert awaited(referral_updates.failed(case, NOW, LEAD, "not_eligible", policy()).case) is None


def test_a_reopened_case_waits_for_the_lead_that_solved_it() -> None:
    case = done(actions.reopen(resolved(), NOW + 2 * DAY, policy(), reason="not_satisfied")).case
    answer = awaited(case)
    assert answer is not None
    assert (answer.office, answer.clock, answer.announced) == (OFFICE, ClockKind.REWORK, False)


def test_a_case_outlives_its_category() -> None:
    kept = tuple(rule for rule in policy().rules if "petition.request" not in rule.when.categories)
    newer = replace(policy(), categories={}, rules=kept)
    case = registered("petition.request").case
    change = done(actions.accept(case, NOW, policy()))
    assert told(change.events) == ["case.accepted", "clock.met", "clock.started"]
    answer = window_view(change.case, newer).answer_by
    # As routing: what no rule knows goes to the county's civil affairs, with the limit of all matters.
    assert answer is not None
    assert (answer.office, answer.announced) == ("civil_affairs-130722000000", False)


def test_a_failed_lead_ends_the_case() -> None:
    assert said(referral_updates.failed(in_progress(), NOW, LEAD, "not_eligible", policy())) == [
        "case.terminated",
        "clock.started",
    ]


def test_dissatisfaction_opens_another_round() -> None:
    change = done(actions.call_back(resolved(), NOW + 2 * DAY, policy(), satisfied=False, reason="not_satisfied"))
    assert said(change) == ["case.reopened", "clock.met", "clock.started"]
    assert (change.case.state, change.case.round) == (CaseState.IN_PROGRESS, 2)
    again = referral_updates.completed(change.case, NOW + 5 * DAY, LEAD, policy())
    first = {clock.id for clock in resolved().clocks}
    assert {clock.id for clock in again.case.clocks}.isdisjoint(first)


def test_the_window_to_reopen_counts_from_the_solution() -> None:
    case = done(actions.call_back(resolved(), NOW + 2 * DAY, policy(), satisfied=True, reason="")).case
    assert done(actions.reopen(case, NOW + 16 * DAY, policy(), reason="not_satisfied")).case.round == 2
    assert code(actions.reopen(case, NOW + 40 * DAY, policy(), reason="not_satisfied")) == "reopen_window_over"


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.IN_PROGRESS])
def test_a_case_that_goes_on_cannot_be_accepted_again(state: CaseState) -> None:
    case = in_progress() if state is CaseState.IN_PROGRESS else resolved()
    assert code(actions.accept(case, NOW, policy())) == "illegal_move"
