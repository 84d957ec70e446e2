"""Until when the applicant may have a case opened again: the later of two ends, which no later contact moves."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.codes import CaseState, ClockKind
from contracts.refusals import Refused
from libraries.deadlines import Limit, due
from libraries.policies import Policy
from libraries.policies.spans import Reopening
from services.intake.domain import actions, referral_updates
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.reopening import right_until
from tests.examples import at_least
from tests.unit.intake.builders import DAY, LEAD, NOW, code, done, policy, resolved, said, window_view

UNHAPPY = "not_satisfied"
RESOLVED_AT = NOW + DAY
WINDOW_END = "2026-03-24T15:59:59.999999+00:00"
"""15 working days after Tuesday, 3 March 2026."""
SPAN = st.integers(0, 120 * 24).map(lambda hours: timedelta(hours=hours))
LIMITS = st.sampled_from(["1d", "5wd", "15d", "15wd", "1mo"])


def own(within: str, after_callback: str) -> Policy:
    again = Reopening(within=Limit.parse(within), after_callback=Limit.parse(after_callback))
    return dataclasses.replace(policy(), reopening=again)


def ends(moment: datetime, limit: Limit) -> datetime:
    end = due(moment, limit, calendar=policy().calendar).due_at
    assert end is not None
    return end


def called(case: Case, at: datetime, *, satisfied: bool | None = True, reached: bool = True) -> Change | Refused:
    reason = UNHAPPY if satisfied is False else ""
    return actions.call_back(case, at, policy(), reached=reached, satisfied=satisfied, reason=reason)


def until(refused: Change | Refused) -> str:
    assert isinstance(refused, Refused)
    assert refused.code == "reopen_window_over"
    moment = refused.facts["until"]
    assert isinstance(moment, datetime)
    return moment.astimezone(UTC).isoformat()


@given(within=LIMITS, after_callback=LIMITS, contact=st.none() | SPAN)
def test_the_right_ends_at_the_later_of_two_ends(within: str, after_callback: str, contact: timedelta | None) -> None:
    of, case = own(within, after_callback), resolved()
    reached = RESOLVED_AT + contact if contact is not None else None
    first = ends(RESOLVED_AT, of.reopening.within)
    second = ends(reached, of.reopening.after_callback) if reached is not None else first
    found = right_until(case, of, called_back_at=reached)
    assert found == max(first, second)
    assert reached is None or found >= reached, "whoever is reached has a right at that moment"


@given(earlier=SPAN, later=SPAN)
def test_a_later_first_contact_never_shortens_the_right(earlier: timedelta, later: timedelta) -> None:
    one, other = (
        right_until(resolved(), policy(), called_back_at=RESOLVED_AT + contact) for contact in sorted((earlier, later))
    )
    assert one is not None
    assert other is not None
    assert one <= other


def test_a_contact_of_an_earlier_round_counts_for_nothing() -> None:
    before = right_until(resolved(), policy(), called_back_at=RESOLVED_AT - DAY)
    assert before == right_until(resolved(), policy(), called_back_at=None)
    assert right_until(dataclasses.replace(resolved(), resolved_at=None), policy(), called_back_at=NOW) is None


def test_a_window_that_calls_back_too_late_takes_no_right_away() -> None:
    """The 15 working days were over before anybody asked the applicant."""
    late = done(called(resolved(), NOW + 40 * DAY, satisfied=False))
    assert (late.case.state, late.case.round) == (CaseState.IN_PROGRESS, 2)
    closed = done(called(resolved(), NOW + 40 * DAY)).case
    assert done(actions.reopen(closed, NOW + 42 * DAY, policy(), reason=UNHAPPY)).case.round == 2
    assert done(called(closed, NOW + 42 * DAY, satisfied=False)).case.round == 2


def test_after_it_what_is_refused_is_said_with_the_date() -> None:
    closed = done(called(resolved(), NOW + 2 * DAY)).case
    assert until(actions.reopen(closed, NOW + 30 * DAY, policy(), reason=UNHAPPY)) == WINDOW_END
    assert until(called(closed, NOW + 30 * DAY, satisfied=False)) == WINDOW_END
    late = done(called(resolved(), NOW + 40 * DAY)).case
    three_days_later = ends(NOW + 40 * DAY, Limit.parse("3wd")).isoformat()
    assert until(called(late, NOW + 60 * DAY, satisfied=False)) == three_days_later
    assert until(actions.reopen(late, NOW + 60 * DAY, policy(), reason=UNHAPPY)) == three_days_later
    assert until(actions.reopen(resolved(), NOW + 30 * DAY, policy(), reason=UNHAPPY)) == WINDOW_END


def test_a_call_that_reaches_nobody_neither_closes_nor_starts_anything() -> None:
    case = resolved()
    for attempt in range(1, 4):
        missed = done(called(case, NOW + attempt * 20 * DAY, satisfied=None, reached=False))
        assert said(missed) == ["case.applicant_not_reached"]
        assert missed.case == case, "no state, no clock and no date changed"
        case = missed.case
    assert ClockKind.CALLBACK in {clock.kind for clock in case.clocks}
    assert done(called(case, NOW + 80 * DAY, satisfied=False)).case.round == 2


@pytest.mark.parametrize("satisfied", [True, False])
def test_nobody_who_was_not_reached_said_how_satisfied_they_are(*, satisfied: bool) -> None:
    refused = called(resolved(), NOW + 2 * DAY, satisfied=satisfied, reached=False)
    assert isinstance(refused, Refused)
    assert ("satisfied", "not_reached") in {(fault.field, fault.code) for fault in refused.faults}
    silent = called(resolved(), NOW + 2 * DAY, satisfied=None)
    assert isinstance(silent, Refused)
    assert [(fault.field, fault.code) for fault in silent.faults] == [("satisfied", "missing")]


def test_a_closed_case_is_not_closed_again() -> None:
    closed = done(called(resolved(), NOW + 2 * DAY)).case
    assert code(called(closed, NOW + 3 * DAY)) == "illegal_move"
    assert code(called(closed, NOW + 3 * DAY, satisfied=None, reached=False)) == "illegal_move"


def test_the_case_says_until_when() -> None:
    assert window_view(resolved(), policy()).reopen_until == ends(RESOLVED_AT, policy().reopening.within)
    late = done(called(resolved(), NOW + 40 * DAY)).case
    assert window_view(late, policy()).reopen_until == ends(NOW + 40 * DAY, policy().reopening.after_callback)
    again = done(actions.reopen(late, NOW + 41 * DAY, policy(), reason=UNHAPPY)).case
    assert (window_view(again, policy()).reopen_until, again.called_back_at) == (None, None)


class AnyContacts(RuleBasedStateMachine):
    """Calls in any order; beside the case stands what a clerk would write down on paper."""

    @initialize()
    def is_resolved(self) -> None:
        self.at, self.case, self.first = NOW + DAY, resolved(), None
        self.solved_at = self.at

    @rule(hours=st.integers(1, 400), satisfied=st.booleans(), reached=st.booleans(), door=st.sampled_from("cr"))
    def calls(self, hours: int, *, satisfied: bool, reached: bool, door: str) -> None:
        self.at += timedelta(hours=hours)
        if self.case.state is CaseState.IN_PROGRESS:
            self._solve()
        elif door == "r":
            self._asks(actions.reopen(self.case, self.at, policy(), reason=UNHAPPY), self.first)
        elif not reached:
            missed = called(self.case, self.at, satisfied=None, reached=False)
            assert isinstance(missed, Refused) or missed.case == self.case
        elif not satisfied:
            self._asks(called(self.case, self.at, satisfied=False), self.first or self.at)
        elif self.case.state is CaseState.RESOLVED:
            self.case, self.first = done(called(self.case, self.at)).case, self.at

    def _solve(self) -> None:
        self.case = referral_updates.completed(self.case, self.at, LEAD, policy()).case
        self.solved_at, self.first = self.at, None

    def _asks(self, outcome: Change | Refused, contact: datetime | None) -> None:
        end = ends(self.solved_at, policy().reopening.within)
        if contact is not None:
            end = max(end, ends(contact, policy().reopening.after_callback))
        assert isinstance(outcome, Change) == (self.at <= end)
        if isinstance(outcome, Refused):
            assert until(outcome) == end.isoformat()
        else:
            self.case, self.first = outcome.case, None

    @invariant()
    def the_first_contact_alone_is_kept(self) -> None:
        assert self.case.called_back_at == self.first
        assert (self.case.state is CaseState.CLOSED) == (self.first is not None)


AnyContacts.TestCase.settings = at_least(200, steps=20)
test_any_contacts = AnyContacts.TestCase
