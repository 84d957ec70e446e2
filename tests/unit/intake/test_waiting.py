"""No case waits without a date: for material at the window, for the review of a hold at its office."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.codes import CaseState, ClockKind, ClockStatus
from contracts.events.cases import CaseApplicantToBeTold
from libraries.clocks.clock import basis_of
from libraries.clocks.wording import describe
from services.intake.domain import actions, referral_updates
from services.intake.domain.case import Case, ExpectedAnswer
from services.intake.domain.change import Change
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
    said,
    window_view,
)

CATEGORY, MATERIALS = needs_material()
WINDOW = "township-130722100000"
TIME_TO_HAND_IN = datetime(2026, 3, 16, 15, 59, 59, 999999, tzinfo=UTC)
"""Ten working days after Monday, 2 March."""


def awaiting() -> Case:
    return done(actions.request_supplement(registered(CATEGORY).case, NOW, policy(), missing=(), override=False)).case


def test_the_window_has_a_clock_until_the_material_comes() -> None:
    case = awaiting()
    clock = next(clock for clock in case.clocks if clock.kind is ClockKind.SUPPLEMENT)
    assert (clock.office, clock.status) == (WINDOW, ClockStatus.RUNNING)
    assert clock.due(policy().calendar).due_at == TIME_TO_HAND_IN
    view = window_view(case, policy()).answer_by
    assert view is not None
    assert (view.office, view.clock, view.due_at) == (WINDOW, ClockKind.SUPPLEMENT, TIME_TO_HAND_IN)
    partly = done(actions.supplement(case, NOW + DAY, policy(), materials=MATERIALS[:1])).case
    assert ClockKind.SUPPLEMENT not in {clock.kind for clock in partly.clocks}
    again = actions.request_supplement(partly, NOW + 2 * DAY, policy(), missing=(), override=True)
    (second,) = [clock for clock in done(again).case.clocks if clock.kind is ClockKind.SUPPLEMENT]
    assert second.id != clock.id


def test_silence_of_the_applicant_accepts_nothing() -> None:
    case = awaiting()
    for clock in case.clocks:
        late = referral_updates.silent(case, NOW + 60 * DAY, clock.kind, clock.version, policy())
        assert late.events == ()


@pytest.mark.parametrize("act", ["accept", "withdraw"])
def test_whatever_ends_the_wait_ends_its_clock(act: str) -> None:
    case, at = awaiting(), NOW + DAY
    if act == "accept":
        change = done(actions.accept(case, at, policy()))
        assert said(change)[:2] == ["case.accepted", "clock.met"]
    else:
        change = done(actions.withdraw(case, at, policy(), reason="applicant_request"))
        assert said(change)[:2] == ["case.withdrawn", "clock.cancelled"]
    assert ClockKind.SUPPLEMENT not in {clock.kind for clock in change.case.clocks}


def test_what_did_not_come_in_time_counts_as_withdrawn_by_an_act_and_no_sooner() -> None:
    case = awaiting()
    early = actions.withdraw(case, TIME_TO_HAND_IN, policy(), reason="not_supplemented")
    assert code(early) == "supplement_time_runs"
    change = done(actions.withdraw(case, TIME_TO_HAND_IN + timedelta(seconds=1), policy(), reason="not_supplemented"))
    assert change.case.state is CaseState.WITHDRAWN
    told = describe(change.events[0], policy())
    assert told == ("撤回：逾期未补正，视为撤回申请", "withdrawn: Material did not come in time")
    elsewhere = actions.withdraw(in_progress(), NOW + 60 * DAY, policy(), reason="not_supplemented")
    assert code(elsewhere) == "nothing_to_hand_in"


def review(due_at: datetime | None = NOW + 21 * DAY) -> ExpectedAnswer:
    return awaited(ClockKind.HOLD_REVIEW, due_at)


def awaited(kind: ClockKind, due_at: datetime | None) -> ExpectedAnswer:
    basis = basis_of(policy().limit(kind, "education.student_aid"), policy())
    return ExpectedAnswer(office=OFFICE, kind=kind, limit="15wd", due_at=due_at, provisional=False, basis=basis)


def suspended() -> Case:
    """As routing tells it: the hold, the pause of the work, the clock of the review."""
    case = referral_updates.timed(Change(case=in_progress(), at=NOW), awaited(ClockKind.HANDLING, NOW + 20 * DAY)).case
    case = referral_updates.held(case, NOW, LEAD, "appraisal").case
    case = referral_updates.timed(Change(case=case, at=NOW), awaited(ClockKind.HANDLING, None)).case
    return referral_updates.timed(Change(case=case, at=NOW), review()).case


def answer_by(case: Case) -> tuple[ClockKind, datetime | None] | None:
    view = window_view(case, policy()).answer_by
    return (view.clock, view.due_at) if view is not None else None


def test_of_a_suspended_case_the_review_is_awaited() -> None:
    case = suspended()
    assert answer_by(case) == (ClockKind.HOLD_REVIEW, NOW + 21 * DAY)
    corrected = referral_updates.timed(Change(case=case, at=NOW + DAY), awaited(ClockKind.HANDLING, None)).case
    assert answer_by(corrected) == (ClockKind.HOLD_REVIEW, NOW + 21 * DAY), "a paused clock has no date"
    moved = referral_updates.timed(Change(case=case, at=NOW + DAY), review(NOW + 22 * DAY)).case
    assert answer_by(moved) == (ClockKind.HOLD_REVIEW, NOW + 22 * DAY)


def test_a_case_that_goes_on_awaits_the_work_again() -> None:
    case = referral_updates.resumed(suspended(), NOW + 3 * DAY, LEAD).case
    assert answer_by(case) is None, "until routing says when"
    case = referral_updates.timed(Change(case=case, at=NOW + 3 * DAY), awaited(ClockKind.HANDLING, NOW + 25 * DAY)).case
    assert answer_by(case) == (ClockKind.HANDLING, NOW + 25 * DAY)


def test_a_hold_that_suspends_nothing_leaves_the_work_awaited() -> None:
    case = referral_updates.timed(Change(case=in_progress(), at=NOW), awaited(ClockKind.HANDLING, NOW + 20 * DAY)).case
    assert answer_by(referral_updates.timed(Change(case=case, at=NOW), review()).case) == (
        ClockKind.HANDLING,
        NOW + 20 * DAY,
    )


def test_the_applicant_is_to_be_told_of_each_suspension() -> None:
    """行政许可法 45."""
    change = referral_updates.held(in_progress(), NOW, LEAD, "appraisal")
    (owed,) = [event for event in change.events if isinstance(event, CaseApplicantToBeTold)]
    assert (owed.about, describe(owed, policy())) == (
        "suspension",
        ("中止须告知申请人", "applicant to be told of the suspension"),
    )
    told = done(actions.applicant_told(change.case, NOW + DAY, about="suspension")).case
    assert told.pending_notices == ()
    again = referral_updates.held(
        referral_updates.resumed(told, NOW + 2 * DAY, LEAD).case, NOW + 3 * DAY, LEAD, "hearing"
    ).case
    assert again.pending_notices == ("suspension",)
