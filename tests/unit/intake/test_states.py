"""Every state of a case with everything that people, referrals and time can do: the outcomes, written out by hand."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import pytest

from contracts.clocks import LimitBasis
from contracts.codes import CaseState as S
from contracts.codes import ClockKind, Confidence, ReferralRole
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralCompleted,
    ReferralDispatched,
    ReferralEvent,
    ReferralFailed,
    ReferralOnHold,
    ReferralReassigned,
    ReferralResumed,
    ReferralReturned,
    ReferralReturnRefused,
    ReferralReturnRequested,
)
from contracts.refusals import Refused
from services.intake.domain import actions, referral_updates
from services.intake.domain.case import Case, ExpectedAnswer
from services.intake.domain.change import Change
from services.intake.domain.states import MOVES, Move, after
from services.intake.referral_updates import step
from tests.events import AFTER
from tests.unit.intake.builders import (
    DAY,
    LEAD,
    NOW,
    OFFICE,
    done,
    in_progress,
    needs_material,
    policy,
    registered,
    resolved,
)

CATEGORY, MATERIALS = needs_material()
OTHER = UUID(int=8)
HANDLING = ExpectedAnswer(
    office=OFFICE,
    kind=ClockKind.HANDLING,
    limit="15wd",
    due_at=NOW + 20 * DAY,
    provisional=False,
    basis=LimitBasis(policy_version="v", row="r", source="s", confidence=Confidence.U),
)
WHEN = NOW + 2 * DAY


def awaiting() -> Case:
    case = registered(CATEGORY).case
    return done(actions.request_supplement(case, NOW, policy(), missing=MATERIALS, override=False)).case


def suspended() -> Case:
    return referral_updates.held(replace(in_progress(), handling=HANDLING), NOW, LEAD, "appraisal").case


def declined() -> Case:
    case = registered("petition.request").case
    return done(actions.decline(case, NOW, policy(), reason="out_of_scope", go_to="justice-130722000000")).case


def withdrawn() -> Case:
    return done(actions.withdraw(in_progress(), NOW, policy(), reason="applicant_request")).case


def closed() -> Case:
    return done(actions.call_back(resolved(), NOW + DAY, policy(), satisfied=True, reason="")).case


STATES: Mapping[S, Callable[[], Case]] = {
    S.REGISTERED: lambda: registered(CATEGORY).case,
    S.AWAITING_SUPPLEMENT: awaiting,
    S.ACCEPTED: lambda: registered().case,
    S.NOT_ACCEPTED: declined,
    S.IN_PROGRESS: in_progress,
    S.SUSPENDED: suspended,
    S.RESOLVED: resolved,
    S.CLOSED: closed,
    S.MERGED: lambda: replace(registered().case, state=S.MERGED, clocks=()),
    S.WITHDRAWN: withdrawn,
    S.TERMINATED: lambda: referral_updates.failed(in_progress(), NOW, LEAD, "not_eligible", policy()).case,
    S.ARCHIVED: lambda: replace(closed(), state=S.ARCHIVED, clocks=()),
}
ACTIONS: Mapping[str, Callable[[Case], Change | Refused]] = {
    "accept": lambda case: actions.accept(case, WHEN, policy()),
    "decline": lambda case: actions.decline(case, WHEN, policy(), reason="out_of_scope", go_to="justice-130722000000"),
    "request_supplement": lambda case: actions.request_supplement(
        case, WHEN, policy(), missing=MATERIALS, override=True
    ),
    "supplement, a part": lambda case: actions.supplement(case, WHEN, policy(), materials=MATERIALS[:1]),
    "supplement, all": lambda case: actions.supplement(case, WHEN, policy(), materials=MATERIALS),
    "withdraw": lambda case: actions.withdraw(case, WHEN, policy(), reason="applicant_request"),
    "callback, satisfied": lambda case: actions.call_back(case, WHEN, policy(), satisfied=True, reason=""),
    "callback, dissatisfied": lambda case: actions.call_back(
        case, WHEN, policy(), satisfied=False, reason="not_satisfied"
    ),
    "callback, nobody": lambda case: actions.call_back(case, WHEN, policy(), reached=False, satisfied=None),
    "reopen": lambda case: actions.reopen(case, WHEN, policy(), reason="not_satisfied"),
}
BY_ACT: Mapping[S, Mapping[str, S]] = {
    S.REGISTERED: {
        "accept": S.ACCEPTED,
        "decline": S.NOT_ACCEPTED,
        "request_supplement": S.AWAITING_SUPPLEMENT,
        "supplement, a part": S.REGISTERED,
        "supplement, all": S.ACCEPTED,
        "withdraw": S.WITHDRAWN,
    },
    S.AWAITING_SUPPLEMENT: {
        "accept": S.ACCEPTED,
        "supplement, a part": S.REGISTERED,
        "supplement, all": S.ACCEPTED,
        "withdraw": S.WITHDRAWN,
    },
    S.ACCEPTED: {"withdraw": S.WITHDRAWN},
    S.IN_PROGRESS: {"withdraw": S.WITHDRAWN},
    S.SUSPENDED: {"withdraw": S.WITHDRAWN},
    S.RESOLVED: {
        "callback, satisfied": S.CLOSED,
        "callback, dissatisfied": S.IN_PROGRESS,
        "callback, nobody": S.RESOLVED,
        "reopen": S.IN_PROGRESS,
    },
    S.CLOSED: {"callback, dissatisfied": S.IN_PROGRESS, "reopen": S.IN_PROGRESS},
}
"""What is not named is refused."""


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("act", ACTIONS)
def test_what_people_may_do(state: S, act: str) -> None:
    case = STATES[state]()
    assert case.state is state
    outcome = ACTIONS[act](case)
    expected = BY_ACT.get(state, {}).get(act)
    if expected is None:
        assert isinstance(outcome, Refused)
        assert outcome.code == "illegal_move"
    else:
        assert done(outcome).case.state is expected


def referral_event(event: type[ReferralEvent], referral: UUID = LEAD, **more: object) -> ReferralEvent:
    facts: dict[str, object] = {
        "case_id": UUID(int=1),
        "referral_id": referral,
        "office": OFFICE,
        "role": ReferralRole.LEAD,
        "at": WHEN,
    }
    return event(**({"state": AFTER[event]} | facts | more))


def sent(referral: UUID) -> ReferralEvent:
    matter = registered().case
    return referral_event(
        ReferralDispatched,
        referral,
        number=matter.number,
        category=matter.category,
        field=matter.field,
        area=matter.area,
        decision_id=UUID(int=9),
    )


HEARD: Mapping[str, tuple[ReferralEvent, ...]] = {
    "dispatched": (sent(LEAD),),
    "held": (referral_event(ReferralOnHold, reason="appraisal", stops_clock=True),),
    "held, by the way": (referral_event(ReferralOnHold, reason="workload", stops_clock=False),),
    "resumed": (referral_event(ReferralResumed),),
    "completed": (referral_event(ReferralCompleted),),
    "failed": (referral_event(ReferralFailed, reason="not_eligible"),),
    "recalled": (referral_event(ReferralCancelled, reason="recalled"),),
    "return asked for": (referral_event(ReferralReturnRequested, reason="not_competent"),),
    "return refused": (referral_event(ReferralReturnRefused, reason="coordinator_decision"),),
    "returned": (referral_event(ReferralReturned, reason="not_competent"),),
    "returned, sent on": (referral_event(ReferralReturned, reason="not_competent"), sent(OTHER)),
    "reassigned": (
        referral_event(ReferralReassigned, to="housing-130722000000", reason="coordinator_decision"),
        referral_event(ReferralCancelled, reason="recalled"),
        sent(OTHER),
    ),
}
BY_REFERRAL: Mapping[S, Mapping[str, S]] = {
    S.ACCEPTED: {"dispatched": S.IN_PROGRESS, "returned, sent on": S.IN_PROGRESS, "reassigned": S.IN_PROGRESS},
    S.IN_PROGRESS: {"held": S.SUSPENDED, "completed": S.RESOLVED, "failed": S.TERMINATED},
    S.SUSPENDED: {
        "dispatched": S.IN_PROGRESS,
        "resumed": S.IN_PROGRESS,
        "completed": S.RESOLVED,
        "failed": S.TERMINATED,
        "recalled": S.IN_PROGRESS,
        "returned": S.IN_PROGRESS,
        "returned, sent on": S.IN_PROGRESS,
        "reassigned": S.IN_PROGRESS,
    },
}
"""What is not named leaves the state as it is: late news of a case that is over, or of one that no office has."""


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("news", HEARD)
def test_what_the_lead_s_referral_makes_of_a_case(state: S, news: str) -> None:
    case = STATES[state]()
    for event in HEARD[news]:
        case = step(Change(case=case, at=WHEN), event, policy()).case
    assert case.state is BY_REFERRAL.get(state, {}).get(news, state)


@pytest.mark.parametrize("news", ["recalled", "failed", "completed", "returned, sent on", "reassigned", "resumed"])
def test_no_case_stays_suspended_when_what_held_it_is_gone(news: str) -> None:
    case = suspended()
    for event in HEARD[news]:
        case = step(Change(case=case, at=WHEN), event, policy()).case
    withdrawn_ = actions.withdraw(case, WHEN + DAY, policy(), reason="applicant_request")
    solved = case.state in (S.RESOLVED, S.TERMINATED)
    assert isinstance(withdrawn_, Refused) == solved


def test_a_suspended_case_can_be_taken_back_and_nothing_of_it_goes_on() -> None:
    change = done(actions.withdraw(suspended(), WHEN, policy(), reason="applicant_request"))
    assert change.case.handling is None
    assert [clock.kind for clock in change.case.clocks] == [ClockKind.RETENTION]


def test_what_is_not_solved_yet_may_be_merged_and_taken_back() -> None:
    unsolved = {S.REGISTERED, S.AWAITING_SUPPLEMENT, S.ACCEPTED, S.IN_PROGRESS, S.SUSPENDED}
    assert {state for state in S if after(state, Move.MERGE) is S.MERGED} == unsolved
    assert {state for state in S if after(state, Move.WITHDRAW) is S.WITHDRAWN} == unsolved
    assert {move for state, move in MOVES if state is S.RESOLVED} == {Move.CLOSE, Move.REOPEN, Move.REVIEW}
