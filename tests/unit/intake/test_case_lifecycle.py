"""Whatever people, referrals and time do, in any order: a case moves by the table, and its clocks add up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.clocks import ClockPaused, ClockResumed, ClockStarted, ClockStop
from contracts.codes import CaseState, ClockKind, ClockStatus
from contracts.events import CaseBound, cases
from contracts.events.clocks import clocks_in
from contracts.refusals import Refused
from libraries.policies.clock_rules import Trigger
from services.intake.domain import actions, referral_updates
from services.intake.domain.case import Case, ExpectedAnswer, expected
from services.intake.domain.change import Change
from services.intake.domain.states import TERMINAL, Move, after
from tests.examples import at_least
from tests.unit.intake.builders import LEAD, NOW, OFFICE, needs_material, policy, registered, window_view

MOVE_OF = {
    cases.CaseAccepted: Move.ACCEPT,
    cases.CaseSupplementRequested: Move.REQUEST_SUPPLEMENT,
    cases.CaseSupplemented: Move.SUPPLEMENT,
    cases.CaseNotAccepted: Move.DECLINE,
    cases.CaseWithdrawn: Move.WITHDRAW,
    cases.CaseSuspended: Move.SUSPEND,
    cases.CaseResumed: Move.RESUME,
    cases.CaseResolved: Move.RESOLVE,
    cases.CaseTerminated: Move.TERMINATE,
    cases.CaseClosed: Move.CLOSE,
    cases.CaseReopened: Move.REOPEN,
}
OTHER, OTHER_OFFICE = UUID(int=8), "housing-130722000000"
MATERIALS = needs_material()[1]
UNHAPPY = "not_satisfied"

Action = Callable[[Case, datetime], Change | Refused]
Event = Callable[[Case, datetime], Change]


def a_lead_awaited(case: Case, at: datetime) -> ExpectedAnswer:
    found = expected(Trigger.REFERRAL_DISPATCHED, OFFICE, at, case.category, policy())
    assert found is not None
    return found


ACTIONS: list[tuple[Move, Action]] = [
    (Move.ACCEPT, lambda case, at: actions.accept(case, at, policy())),
    (
        Move.DECLINE,
        lambda case, at: actions.decline(case, at, policy(), reason="out_of_scope", go_to="justice-130722000000"),
    ),
    (
        Move.REQUEST_SUPPLEMENT,
        lambda case, at: actions.request_supplement(case, at, policy(), missing=MATERIALS, override=False),
    ),
    (
        Move.REQUEST_SUPPLEMENT,
        lambda case, at: actions.request_supplement(case, at, policy(), missing=MATERIALS[:1], override=True),
    ),
    (Move.SUPPLEMENT, lambda case, at: actions.supplement(case, at, policy(), materials=MATERIALS[:1])),
    (Move.SUPPLEMENT, lambda case, at: actions.supplement(case, at, policy(), materials=MATERIALS)),
    (Move.WITHDRAW, lambda case, at: actions.withdraw(case, at, policy(), reason="applicant_request")),
    (Move.CLOSE, lambda case, at: actions.call_back(case, at, policy(), satisfied=True, reason="")),
    (Move.CLOSE, lambda case, at: actions.call_back(case, at, policy(), reached=False, satisfied=None)),
    (Move.REOPEN, lambda case, at: actions.call_back(case, at, policy(), satisfied=False, reason=UNHAPPY)),
    (Move.REOPEN, lambda case, at: actions.reopen(case, at, policy(), reason=UNHAPPY)),
]
EVENTS: list[Event] = [
    lambda case, at: referral_updates.held(case, at, LEAD, "appraisal"),
    lambda case, at: referral_updates.held(case, at, OTHER, "appraisal"),
    lambda case, at: referral_updates.resumed(case, at, LEAD),
    lambda case, at: referral_updates.completed(case, at, LEAD, policy()),
    lambda case, at: referral_updates.completed(case, at, OTHER, policy()),
    lambda case, at: referral_updates.failed(case, at, LEAD, "not_eligible", policy()),
    lambda case, at: referral_updates.silent(case, at, ClockKind.ACCEPTANCE, 1, policy()),
    lambda case, at: referral_updates.silent(case, at, ClockKind.SUPPLEMENT_NOTICE, 1, policy()),
    lambda case, at: referral_updates.silent(case, at, ClockKind.CALLBACK, 1, policy()),
    lambda case, at: referral_updates.timed(Change(case=case, at=at), a_lead_awaited(case, at)),
]
GUARDED = {"notice_already_given", "reopen_window_over"}


class Ledger:
    """Clocks as notify would know them from what intake says."""

    def __init__(self) -> None:
        self.open: dict[UUID, int] = {}
        self.ended: set[UUID] = set()

    def hears(self, event: CaseBound) -> None:
        for clock in clocks_in(event):
            match clock:
                case ClockStarted():
                    assert clock.clock_id not in self.open
                    assert clock.clock_id not in self.ended
                    assert clock.version == 1
                    self.open[clock.clock_id] = 1
                case ClockPaused() | ClockResumed():
                    self._advance(clock.clock_id, clock.version)
                    assert (clock.due_at is None) == isinstance(clock, ClockPaused)
                case ClockStop():
                    self._advance(clock.clock_id, clock.version)
                    del self.open[clock.clock_id]
                    self.ended.add(clock.clock_id)
                case _:
                    pass

    def _advance(self, clock_id: UUID, version: int) -> None:
        assert version == self.open[clock_id] + 1
        self.open[clock_id] = version


class AnyCourse(RuleBasedStateMachine):
    @initialize(category=st.sampled_from(["petition.request", "education.student_aid", needs_material()[0]]))
    def registers(self, category: str) -> None:
        self.at = NOW
        self.ledger = Ledger()
        self.reopened = self.told = 0
        first = registered(category)
        self.case = first.case
        self._hear(first)

    @rule(which=st.sampled_from(ACTIONS), hours=st.integers(0, 300))
    def somebody_acts(self, which: tuple[Move, Action], hours: int) -> None:
        move, act = which
        self.at += timedelta(hours=hours)
        outcome = act(self.case, self.at)
        if after(self.case.state, move) is None:
            assert isinstance(outcome, Refused)
            assert outcome.code == "illegal_move"
        elif isinstance(outcome, Refused):
            assert outcome.code in GUARDED
        else:
            self._follow(outcome, self.case.state)

    @rule(event=st.sampled_from(EVENTS), skew=st.integers(-100, 100))
    def somebody_says_something(self, event: Event, skew: int) -> None:
        """An event may tell of a moment before or after the window's last act."""
        self._follow(event(self.case, self.at + timedelta(hours=skew)), self.case.state)

    @rule(which=st.sampled_from([(LEAD, OFFICE), (OTHER, OTHER_OFFICE)]))
    def a_lead_gets_it(self, which: tuple[UUID, str]) -> None:
        first = after(self.case.state, Move.DISPATCH) is not None
        outcome = referral_updates.dispatched(self.case, self.at, *which, policy())
        assert (outcome.case.lead, outcome.case.lead_office) == which
        self._follow(outcome, after(self.case.state, Move.DISPATCH) or self.case.state)
        assert not first or ClockKind.DISPATCH not in {clock.kind for clock in self.case.clocks}

    def _follow(self, outcome: Change, state: CaseState) -> None:
        """The events lead by the table from one state to the other."""
        for event in outcome.events:
            move = MOVE_OF.get(type(event))
            if move is not None:
                following_state = after(state, move)
                assert following_state is not None, (state, move)
                state = following_state
        assert outcome.case.state is state
        self.case = outcome.case
        self._hear(outcome)

    def _hear(self, outcome: Change) -> None:
        self.reopened += sum(isinstance(event, cases.CaseReopened) for event in outcome.events)
        self.told += sum(isinstance(event, cases.CaseSupplementRequested) for event in outcome.events)
        for event in outcome.events:
            self.ledger.hears(event)

    @invariant()
    def others_know_the_clocks_that_run(self) -> None:
        assert self.ledger.open == {clock.id: clock.version for clock in self.case.clocks}

    @invariant()
    def each_clock_runs_while_its_state_lasts(self) -> None:
        state, kinds = self.case.state, [clock.kind for clock in self.case.clocks]
        assert len(kinds) == len(set(kinds))
        waits = state in (CaseState.REGISTERED, CaseState.AWAITING_SUPPLEMENT)
        assert (ClockKind.ACCEPTANCE in kinds) == waits
        assert (ClockKind.SUPPLEMENT in kinds) == (state is CaseState.AWAITING_SUPPLEMENT)
        over = state in TERMINAL | {CaseState.CLOSED}
        assert (ClockKind.RETENTION in kinds) == over
        assert ClockKind.DISPATCH in kinds or state is not CaseState.ACCEPTED
        assert ClockKind.DISPATCH not in kinds or state is CaseState.ACCEPTED or self.reopened
        rights = {ClockKind.REVIEW_REQUEST, ClockKind.RE_REVIEW_REQUEST} & set(kinds)
        assert not rights or state in (CaseState.RESOLVED, CaseState.CLOSED)
        assert not over or set(kinds) <= {ClockKind.RETENTION} | rights
        assert (ClockKind.CALLBACK in kinds) == (state is CaseState.RESOLVED)
        assert ClockKind.SUPPLEMENT_NOTICE not in kinds or (state is CaseState.REGISTERED and not self.told)
        paused = any(clock.status is ClockStatus.PAUSED for clock in self.case.clocks)
        assert paused == (state is CaseState.AWAITING_SUPPLEMENT)

    @invariant()
    def what_is_on_record_fits_the_state(self) -> None:
        case, state = self.case, self.case.state
        assert (case.resolved_at is not None) == (state in (CaseState.RESOLVED, CaseState.CLOSED))
        assert case.handling is None or state in referral_updates.AT_WORK
        assert case.accepted_at is not None or state in TERMINAL | {
            CaseState.REGISTERED,
            CaseState.AWAITING_SUPPLEMENT,
        }
        assert (case.round, case.notices) == (1 + self.reopened, self.told)
        assert (case.lead is None) == (case.lead_office is None)

    @invariant()
    def somebody_answers_next_unless_it_is_over(self) -> None:
        over = self.case.state in TERMINAL | {CaseState.CLOSED}
        answer = window_view(self.case, policy()).answer_by
        assert answer is None if over else answer is not None or self.case.state in referral_updates.AT_WORK


AnyCourse.TestCase.settings = at_least(200, steps=30)
test_any_course_of_events = AnyCourse.TestCase
