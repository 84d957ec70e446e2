"""One office has one live referral of a case: a greater part takes the place of a lesser one."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import FeedbackAction as A
from contracts.codes import ReferralRole, ReferralState
from contracts.events.referrals import ReferralCancelled
from contracts.refusals import Refused
from services.routing.domain.dispatching import RANKS, rework, withdraw
from services.routing.domain.referral import Referral
from services.routing.domain.supervision import arbitrate, decide_return, reassign, take_back
from tests.unit.routing.builders import ARBITER, CIVIL_AFFAIRS, EDUCATION, Scenario, policy

DAY = timedelta(days=1)
CHILD = "civil_affairs.children_in_difficulty"
"""Led by civil affairs, with education, and a copy for health."""
HEALTH, HOUSING = "health-130722000000", "housing-130722000000"
WITH_OTHERS = sorted(code for code, category in policy().categories.items() if category.co_roles)


def live(scenario: Scenario) -> dict[str, ReferralRole]:
    """Who works on it in which role; fails where an office has two referrals, or two offices lead."""
    referrals = [one for one in scenario.routing.referrals if one.live]
    assert not {office: n for office, n in Counter(one.office for one in referrals).items() if n > 1}
    assert sum(one.role is ReferralRole.LEAD for one in referrals) <= 1
    return {one.office: one.role for one in referrals}


def referral_of(scenario: Scenario, office: str) -> Referral:
    found = scenario.routing.leg_of(office)
    assert found is not None
    return found


def cancelled(scenario: Scenario) -> dict[str, str]:
    """Of the last act: whose part ended, and why."""
    return {event.office: event.reason for event in scenario.last.events if isinstance(event, ReferralCancelled)}


def finished(scenario: Scenario) -> None:
    """Everybody completes, the lead last; nothing stands in its way."""
    offices = sorted(live(scenario), key=lambda office: -RANKS.index(live(scenario)[office]))
    for office in offices:
        if live(scenario)[office] is not ReferralRole.INFO:
            assert scenario.answers(A.ACCEPT, office=office, after=DAY * 3) is None
            assert scenario.answers(A.COMPLETE, office=office, after=DAY * 4) is None


def returned(scenario: Scenario, *, to: str | None = None) -> str:
    """The lead returns it, and that is approved; the new lead."""
    lead = scenario.routing.lead
    assert lead is not None
    assert scenario.answers(A.RETURN, office=lead.office, reason="not_competent") is None
    change = scenario.change(DAY)
    assert (
        scenario.act(decide_return(change, lead.id, scenario.context, approve=True, reason="not_competent", to=to))
        is None
    )
    now = scenario.routing.lead
    assert now is not None
    return now.office


@pytest.mark.parametrize("category", WITH_OTHERS)
def test_a_co_handler_that_gets_the_lead_has_it_alone(category: str) -> None:
    """Of every matter with co-handlers: the next in the line of those who get what nobody wants may be one of them."""
    scenario = Scenario(category)
    before = live(scenario)
    heir = returned(scenario)
    assert live(scenario) == {office: role for office, role in before.items() if office in live(scenario)} | {
        heir: ReferralRole.LEAD
    }
    if before.get(heir) is not None:
        assert cancelled(scenario) == {heir: "role_changed"}
        assert not [one for r in scenario.routing.referrals if not r.live for one in r.open_clocks()]
    finished(scenario)
    assert not [one for one in scenario.routing.referrals if one.live and one.role is not ReferralRole.INFO]


def test_the_line_leads_to_a_co_handler_of_some_matter() -> None:
    """Else the test above would look at nothing."""
    found = {code for code in WITH_OTHERS if returned(scenario := Scenario(code)) in cancelled(scenario)}
    assert "education.student_aid" in found
    assert len(found) >= 5


@pytest.mark.parametrize(
    ("to", "before"), [(EDUCATION, ReferralRole.CO), (HEALTH, ReferralRole.INFO)], ids=["a co-handler", "a copy"]
)
def test_who_has_a_lesser_part_and_gets_the_lead_by_a_coordinators_word(to: str, before: ReferralRole) -> None:
    for approved in (False, True):
        scenario = Scenario(CHILD)
        assert live(scenario)[to] is before
        if approved:
            assert returned(scenario, to=to) == to
        else:
            lead = referral_of(scenario, CIVIL_AFFAIRS)
            change = reassign(scenario.change(DAY), lead.id, scenario.context, to=to, reason="coordinator_decision")
            assert scenario.act(change) is None
        assert live(scenario)[to] is ReferralRole.LEAD
        assert CIVIL_AFFAIRS not in live(scenario)
        assert cancelled(scenario)[to] == "role_changed"
        finished(scenario)


def test_a_superior_may_settle_it_on_a_co_handler() -> None:
    scenario = Scenario(CHILD)
    assert returned(scenario, to=HOUSING) == HOUSING
    assert scenario.answers(A.RETURN, office=HOUSING, after=DAY, reason="not_competent") is None
    change = scenario.change(DAY * 2, ARBITER)
    assert (
        scenario.act(
            arbitrate(change, referral_of(scenario, HOUSING).id, scenario.context, to=EDUCATION, reason="by_competence")
        )
        is None
    )
    assert (live(scenario)[EDUCATION], referral_of(scenario, EDUCATION).return_locked) == (ReferralRole.LEAD, True)
    finished(scenario)


def co_returns(scenario: Scenario) -> Referral:
    assert scenario.answers(A.RETURN, office=EDUCATION, reason="not_competent") is None
    return referral_of(scenario, EDUCATION)


@pytest.mark.parametrize("to", [HOUSING, HEALTH], ids=["an office with no part", "an office with a copy"])
def test_the_part_of_a_co_handler_goes_to_the_office_that_is_named(to: str) -> None:
    scenario = Scenario(CHILD)
    asked = co_returns(scenario)
    change = decide_return(
        scenario.change(DAY), asked.id, scenario.context, approve=True, reason="not_competent", to=to
    )
    assert scenario.act(change) is None
    assert scenario.routing.referral(asked.id).state is ReferralState.RETURNED
    assert (live(scenario)[to], live(scenario)[CIVIL_AFFAIRS]) == (ReferralRole.CO, ReferralRole.LEAD)
    assert referral_of(scenario, to).supersedes == asked.id
    finished(scenario)


def test_the_part_of_a_co_handler_is_not_given_to_the_lead_nor_to_itself() -> None:
    scenario = Scenario(CHILD)
    asked = co_returns(scenario)

    def decided(to: str | None) -> Refused | None:
        change = decide_return(
            scenario.change(DAY), asked.id, scenario.context, approve=True, reason="not_competent", to=to
        )
        return scenario.act(change)

    assert decided(CIVIL_AFFAIRS) == Refused(code="office_has_leg", facts={"role": ReferralRole.LEAD})
    assert decided(EDUCATION) == Refused(code="same_office")
    unknown = decided("nowhere-130722000000")
    assert unknown is not None
    assert [(fault.field, fault.code) for fault in unknown.faults] == [("to", "unknown_office")]
    assert decided(None) is None
    assert live(scenario) == {CIVIL_AFFAIRS: ReferralRole.LEAD, HEALTH: ReferralRole.INFO}


def test_a_lead_that_has_a_lesser_part_meanwhile_takes_its_case_up_again_as_lead() -> None:
    scenario = Scenario(CHILD)
    finished(scenario)
    scenario.act(rework(scenario.change(DAY * 9), 2, "not_satisfied", scenario.context))
    assert live(scenario)[CIVIL_AFFAIRS] is ReferralRole.LEAD
    assert scenario.answers(A.COMPLETE, office=CIVIL_AFFAIRS, after=DAY * 10) is None


OFFICES = (CIVIL_AFFAIRS, EDUCATION, HEALTH, HOUSING)
ANSWERS = (A.SIGN, A.ACCEPT, A.RETURN, A.COMPLETE, A.HOLD, A.RESUME, A.FAIL)
WORDS = ("approve", "refuse", "arbitrate", "reassign", "recall", "rework", "withdraw")
REASONS = {A.RETURN: "not_competent", A.HOLD: "appraisal", A.FAIL: "not_eligible"}


def decided(scenario: Scenario, word: str, referral: Referral, to: str | None, after: timedelta) -> None:
    change, context, id_ = scenario.change(after, ARBITER), scenario.context, referral.id
    match word:
        case "approve" | "refuse":
            approve = word == "approve"
            scenario.act(decide_return(change, id_, context, approve=approve, reason="", to=to if approve else None))
        case "arbitrate":
            scenario.act(arbitrate(change, id_, context, to=to or referral.office, reason="by_competence"))
        case "reassign":
            scenario.act(reassign(change, id_, context, to=to or HOUSING, reason="coordinator_decision"))
        case "recall":
            scenario.act(take_back(change, id_, context, reason="recalled"))
        case "rework":
            if scenario.routing.lead is None:
                scenario.act(rework(change, 2, "not_satisfied", context))
        case _:
            scenario.act(withdraw(change, context, "case_withdrawn"))


STEPS = st.lists(
    st.tuples(st.sampled_from((*ANSWERS, *WORDS)), st.sampled_from(OFFICES), st.sampled_from((None, *OFFICES))),
    max_size=14,
)


@given(category=st.sampled_from([CHILD, "education.student_aid", "civil_affairs.emergency_aid"]), steps=STEPS)
def test_whatever_is_done_in_whatever_order(category: str, steps: list[tuple[A | str, str, str | None]]) -> None:
    scenario = Scenario(category)
    for number, (step, office, to) in enumerate(steps, start=1):
        referrals = [one for one in scenario.routing.referrals if one.office == office]
        if not referrals:
            continue
        if isinstance(step, A):
            scenario.answers(step, office=office, after=number * DAY, reason=REASONS.get(step, ""))
        else:
            decided(scenario, step, max(referrals, key=lambda one: one.id), to, number * DAY)
        live(scenario)
