"""A review of a result (复查、复核): who may ask until when, what it changes of the case, and where it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.codes import CaseState, ClockKind
from contracts.events.cases import CaseResolved, CaseReviewRequested
from contracts.refusals import Refused
from contracts.reviews import ReviewResult
from libraries.clocks.wording import describe
from libraries.policies.reviews import AskedBy
from services.intake.domain import actions, referral_updates
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.possible import possible_now, with_possible
from services.intake.domain.reviewing import request_review, review_until
from tests.unit.intake.builders import DAY, LEAD, NOW, code, done, policy, registered, resolved, said, window_view

COUNTY, CITY = "petition-130722000000", "petition-130700000000"
GOVERNMENT = "government_office-130700000000"
RESOLVED_AT = NOW + DAY
UNTIL = datetime(2026, 4, 2, 15, 59, 59, 999999, tzinfo=UTC)
"""30 days after Tuesday, 3 March 2026; the day on which it was resolved does not count."""


def petition(lead: str = COUNTY) -> Case:
    """Resolved by its lead."""
    case = done(actions.accept(registered("petition.request").case, NOW, policy())).case
    case = referral_updates.dispatched(case, NOW, LEAD, lead, policy()).case
    return referral_updates.completed(case, RESOLVED_AT, LEAD, policy()).case


def asks(case: Case, at: datetime = RESOLVED_AT + DAY, by: AskedBy = AskedBy.WINDOW) -> Change | Refused:
    return request_review(case, at, policy(), asked_by=by)


def judged(case: Case, by: str, at: datetime, result: ReviewResult = ReviewResult.UPHELD) -> Case:
    case = referral_updates.dispatched(case, at, LEAD, by, policy()).case
    return referral_updates.completed(case, at + DAY, LEAD, policy(), result).case


def test_the_case_goes_into_another_round_that_is_a_matter_of_its_own() -> None:
    change = done(asks(petition()))
    case = change.case
    assert (case.state, case.round, case.category) == (CaseState.ACCEPTED, 2, "petition.review")
    assert (case.resolved_at, case.result) == (None, None)
    assert said(change) == ["case.review_requested", "clock.met", "clock.started"]
    assert {clock.kind for clock in case.clocks} == {ClockKind.DISPATCH}, "somebody must get it"
    (event,) = change.events
    assert isinstance(event, CaseReviewRequested)
    assert (event.judged, event.category_before, event.round) == ((COUNTY,), "petition.request", 2)
    assert describe(event, policy()) is not None
    view = window_view(case, policy())
    assert view.answer_by is not None
    assert (view.answer_by.office, view.answer_by.clock) == (CITY, ClockKind.REVIEW)
    assert (view.answer_by.limit, view.answer_by.basis.source, view.answer_by.basis.article) == (
        "30d",
        "信访工作条例",
        "35",
    )
    assert [(one.round, one.office, one.category) for one in view.rounds] == [(1, COUNTY, "petition.request")]


@pytest.mark.parametrize("closed", [False, True])
def test_it_may_be_asked_for_until_the_last_moment_and_not_after(closed: bool) -> None:
    case = petition()
    if closed:
        case = done(actions.call_back(case, RESOLVED_AT + DAY, policy(), satisfied=True)).case
    assert review_until(case, policy()) == UNTIL
    assert done(asks(case, UNTIL)).case.round == 2
    late = asks(case, UNTIL + timedelta(microseconds=1))
    assert isinstance(late, Refused)
    assert (late.code, late.facts["until"]) == ("review_window_over", UNTIL.astimezone(policy().calendar.zone))


def test_who_has_the_result_of_a_review_asks_for_one_more_and_then_it_is_over() -> None:
    again = judged(done(asks(petition())).case, CITY, RESOLVED_AT + 2 * DAY, ReviewResult.CHANGED)
    assert (again.state, again.result) == (CaseState.RESOLVED, ReviewResult.CHANGED)
    assert ClockKind.RE_REVIEW_REQUEST in {clock.kind for clock in again.clocks}
    third = done(asks(again, RESOLVED_AT + 10 * DAY))
    assert (third.case.round, third.case.category, third.case.judges) == (3, "petition.re_review", (COUNTY, CITY))
    assert third.case.judged[-1].result is ReviewResult.CHANGED
    assert third.case.handling is not None
    assert (third.case.handling.office, third.case.handling.basis.article) == (GOVERNMENT, "36")
    last = judged(third.case, GOVERNMENT, RESOLVED_AT + 12 * DAY)
    assert code(asks(last, RESOLVED_AT + 14 * DAY)) == "review_exhausted"
    assert review_until(last, policy()) is None
    assert "review" not in {one.act for one in possible_now(last, policy(), RESOLVED_AT + 14 * DAY)}


def test_what_was_reviewed_is_not_done_again_by_who_judged_it() -> None:
    again = judged(done(asks(petition())).case, CITY, RESOLVED_AT + 2 * DAY)
    assert window_view(again, policy()).reopen_until is None
    assert code(actions.reopen(again, RESOLVED_AT + 4 * DAY, policy(), reason="not_satisfied")) == "review_stands"
    closed = done(actions.call_back(again, RESOLVED_AT + 4 * DAY, policy(), satisfied=False, reason="not_satisfied"))
    assert (closed.case.state, closed.case.round) == (CaseState.CLOSED, 2)
    assert done(asks(closed.case, RESOLVED_AT + 5 * DAY)).case.category == "petition.re_review"


def test_a_rework_before_it_counts_as_judged() -> None:
    again = done(actions.reopen(petition(), RESOLVED_AT + DAY, policy(), reason="not_satisfied")).case
    assert ClockKind.REVIEW_REQUEST not in {clock.kind for clock in again.clocks}
    assert code(asks(again, RESOLVED_AT + 2 * DAY)) == "illegal_move"
    done_again = referral_updates.completed(again, RESOLVED_AT + 5 * DAY, LEAD, policy()).case
    change = done(asks(done_again, RESOLVED_AT + 6 * DAY))
    assert (change.case.round, change.case.judges) == (3, (COUNTY, COUNTY))


@pytest.mark.parametrize(
    ("case", "refused"),
    [
        (resolved(), "no_review"),
        (petition(GOVERNMENT), "no_reviewer"),
        (replace(petition(), fingerprint=b""), "erased"),
        (registered("petition.request").case, "illegal_move"),
    ],
    ids=["another field", "nobody above", "erased", "no result yet"],
)
def test_what_has_no_review_says_why(case: Case, refused: str) -> None:
    assert code(asks(case)) == refused


def test_a_refusal_says_what_is_possible_and_until_when() -> None:
    case = petition()
    refused = with_possible(Refused(code="illegal_move"), case, policy(), RESOLVED_AT + DAY)
    assert ("review", UNTIL) in {(one.act, one.until) for one in refused.possible}
    unable = petition(GOVERNMENT)
    assert "review" not in {one.act for one in possible_now(unable, policy(), RESOLVED_AT + DAY)}
    assert window_view(unable, policy()).review_until is None


def test_who_may_ask_is_the_policys_to_say() -> None:
    rule = replace(policy().reviews["petition.request"], asked_by=(AskedBy.WINDOW,))
    own = replace(policy(), reviews={**policy().reviews, "petition.request": rule})
    at = RESOLVED_AT + DAY
    assert code(request_review(petition(), at, own, asked_by=AskedBy.APPLICANT)) == "review_asked_elsewhere"
    done(request_review(petition(), at, own, asked_by=AskedBy.WINDOW))
    done(asks(petition(), by=AskedBy.APPLICANT))


def test_the_result_is_told_in_words() -> None:
    case = done(asks(petition())).case
    case = referral_updates.dispatched(case, RESOLVED_AT + 2 * DAY, LEAD, CITY, policy()).case
    change = referral_updates.completed(case, RESOLVED_AT + 3 * DAY, LEAD, policy(), ReviewResult.UPHELD)
    event = next(event for event in change.events if isinstance(event, CaseResolved))
    words = describe(event, policy())
    assert words is not None
    assert words[0].startswith("作出结论：维持原处理意见")
