"""Every act keeps who, of which office, in which role, by which door; and only the decider's word counts."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts.codes import Door, ReferralState, Role
from contracts.codes import FeedbackAction as A
from contracts.events import CaseBound
from contracts.events.base import BY_RULES, Actor
from contracts.events.referrals import ReferralReturned, ReferralReturnRefused
from contracts.refusals import Refused
from services.routing.domain.deciders import (
    Authority,
    coordinates,
    decider,
    decides,
    not_the_decider,
    office_of,
    out_of_area,
)
from services.routing.domain.referral import Change, Referral
from services.routing.domain.supervision import arbitrate, decide_return, go_on, reassign, take_back
from tests.unit.routing.builders import ARBITER, CIVIL_AFFAIRS, COORDINATOR, EDUCATION, Scenario, policy

DAY = timedelta(days=1)
HEALTH = "health-130722000000"
COUNTY_GOVERNMENT, CITY_AFFAIRS = "government_office-130722000000", "civil_affairs-130700000000"
COUNTY, CITY, OTHER_COUNTY = "130722000000", "130700000000", "130723000000"
OFFICER = Actor(door=Door.KAFKA, role=Role.OFFICER, office=EDUCATION)


def asked(scenario: Scenario) -> Referral:
    """The lead wants to give the case back."""
    assert scenario.answers(A.RETURN, reason="not_competent") is None
    return scenario.of(EDUCATION)


def contested() -> tuple[Scenario, Referral]:
    """A second office wants to give it back too."""
    scenario = Scenario()
    first = asked(scenario)
    change = decide_return(scenario.change(DAY), first.id, scenario.context, approve=True, reason="", to=HEALTH)
    assert scenario.act(change) is None
    assert scenario.answers(A.RETURN, office=HEALTH, after=DAY, reason="not_competent") is None
    return scenario, scenario.of(HEALTH)


def test_what_the_rules_did_is_nobodys_act() -> None:
    assert {event.by for event in bound(Scenario().last)} == {BY_RULES}


def bound(change: Change) -> list[CaseBound]:
    assert change.events
    return list(change.events)


@pytest.mark.parametrize("action", [A.SIGN, A.ACCEPT, A.RETURN, A.PROGRESS, A.HOLD, A.FAIL])
def test_an_answer_is_its_offices_act_with_all_that_follows(action: A) -> None:
    scenario = Scenario()
    if action in {A.PROGRESS, A.HOLD, A.FAIL}:
        scenario.answers(A.ACCEPT)
    reason = {A.RETURN: "not_competent", A.HOLD: "appraisal", A.FAIL: "not_eligible"}.get(action, "")
    assert scenario.answers(action, reason=reason) is None
    assert {event.by for event in bound(scenario.last)} == {OFFICER}


def the_return(scenario: Scenario, *, approve: bool, to: str | None = None) -> Change | Refused:
    referral = asked(scenario)
    return decide_return(scenario.change(DAY), referral.id, scenario.context, approve=approve, reason="", to=to)


def the_hold(scenario: Scenario) -> Change | Refused:
    scenario.answers(A.ACCEPT)
    scenario.answers(A.HOLD, reason="appraisal")
    return go_on(scenario.change(DAY), scenario.of(EDUCATION).id, scenario.context, reason="")


WORDS: dict[str, Callable[[Scenario], Change | Refused]] = {
    "approves": lambda scenario: the_return(scenario, approve=True),
    "approves, to an office": lambda scenario: the_return(scenario, approve=True, to=HEALTH),
    "refuses": lambda scenario: the_return(scenario, approve=False),
    "reassigns": lambda scenario: reassign(
        scenario.change(DAY), scenario.of(EDUCATION).id, scenario.context, to=HEALTH, reason="coordinator_decision"
    ),
    "recalls": lambda scenario: take_back(
        scenario.change(DAY), scenario.of(CIVIL_AFFAIRS).id, scenario.context, reason="recalled"
    ),
    "resumes": the_hold,
}


@pytest.mark.parametrize("word", WORDS)
def test_a_superiors_word_is_the_superiors_act_with_all_that_follows(word: str) -> None:
    """The timeline must not read as if the office had agreed: its name stands in `office`, who decided in `by`."""
    scenario = Scenario()
    change = WORDS[word](scenario)
    assert isinstance(change, Change)
    assert {event.by for event in bound(change)} == {COORDINATOR}


def test_who_settles_between_offices_that_disagree_is_named_with_the_reason() -> None:
    for to, kind in ((EDUCATION, ReferralReturned), (HEALTH, ReferralReturnRefused)):
        scenario, referral = contested()
        change = arbitrate(
            scenario.change(DAY * 2, ARBITER), referral.id, scenario.context, to=to, reason="by_competence"
        )
        assert isinstance(change, Change)
        assert {event.by for event in bound(change)} == {ARBITER}
        (said,) = [event for event in change.events if isinstance(event, ReferralReturned | ReferralReturnRefused)]
        assert (type(said), said.reason, said.arbitrated) == (kind, "by_competence", True)
        has_it = change.routing.lead
        assert has_it is not None
        assert (has_it.office, has_it.arbitrated_by, has_it.return_locked) == (to, ARBITER.office, True)


@pytest.mark.parametrize("reason", ["", "nonsense", "not_competent"], ids=["none", "unknown", "of a return"])
def test_an_arbitration_needs_a_reason_of_its_own(reason: str) -> None:
    for to in (EDUCATION, HEALTH):
        scenario, referral = contested()
        refused = arbitrate(scenario.change(DAY * 2, ARBITER), referral.id, scenario.context, to=to, reason=reason)
        assert isinstance(refused, Refused)
        assert [(fault.field, fault.code) for fault in refused.faults] == [("reason", "unknown_reason")]
        assert scenario.of(HEALTH).state is ReferralState.RETURN_REQUESTED


def test_the_sender_decides_until_offices_disagree_then_the_common_superior_alone() -> None:
    scenario = Scenario()
    lead = asked(scenario)
    assert decides(scenario.routing, lead, policy()) == (CIVIL_AFFAIRS,)
    scenario, second = contested()
    assert decides(scenario.routing, second, policy()) == (ARBITER.office,)


def test_what_a_superior_settled_nobody_below_sends_elsewhere() -> None:
    scenario, referral = contested()
    change = scenario.change(DAY * 2, ARBITER)
    assert scenario.act(arbitrate(change, referral.id, scenario.context, to=EDUCATION, reason="by_competence")) is None
    settled = scenario.routing.leg_of(EDUCATION)
    assert settled is not None
    assert decides(scenario.routing, settled, policy()) == (ARBITER.office,)
    # Sent on by the superior itself, it stays the superior's word.
    change = scenario.change(DAY * 3, ARBITER)
    assert (
        scenario.act(reassign(change, settled.id, scenario.context, to=HEALTH, reason="coordinator_decision")) is None
    )
    assert decider(scenario.routing, scenario.of(HEALTH), policy()) == ARBITER.office
    # A hold that was forgotten is still ended by whoever sees to it that the case goes on.
    assert coordinates(scenario.routing, policy())[0] == CIVIL_AFFAIRS


def test_nobody_decides_on_a_return_of_its_own() -> None:
    scenario = Scenario("civil_affairs.subsistence_allowance")
    assert scenario.routing.lead is not None
    assert scenario.routing.lead.office == CIVIL_AFFAIRS
    scenario.answers(A.RETURN, office=CIVIL_AFFAIRS, reason="not_competent")
    assert decides(scenario.routing, scenario.of(CIVIL_AFFAIRS), policy()) == (ARBITER.office,)


@pytest.mark.parametrize(
    ("caller", "speaks_as"),
    [
        (Authority(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS),
        (Authority(area=COUNTY), CIVIL_AFFAIRS),
        (Authority(office=CITY_AFFAIRS, area=CITY), CITY_AFFAIRS),
        (Authority(area=CITY), CITY_AFFAIRS),
        (Authority(), CIVIL_AFFAIRS),
        (Authority(office=EDUCATION), None),
        (Authority(office=COUNTY_GOVERNMENT), None),
        (Authority(office="civil_affairs-130723000000"), None),
        (Authority(area=OTHER_COUNTY), None),
        (Authority(area="130722100000"), None),
    ],
    ids=lambda one: f"{one.office or one.area or 'everywhere'}" if isinstance(one, Authority) else None,
)
def test_as_whom_somebody_speaks(caller: Authority, speaks_as: str | None) -> None:
    scenario = Scenario()
    deciders = decides(scenario.routing, scenario.of(EDUCATION), policy())
    assert deciders[0] == CIVIL_AFFAIRS
    assert office_of(caller, deciders, policy()) == speaks_as


def test_the_county_does_not_settle_what_the_city_has_to() -> None:
    scenario, referral = contested()
    deciders = decides(scenario.routing, referral, policy())
    for caller in (Authority(office=CIVIL_AFFAIRS), Authority(area=COUNTY), Authority(office=CITY_AFFAIRS)):
        assert office_of(caller, deciders, policy()) is None
    assert not_the_decider(deciders) == Refused(code="not_the_decider", facts={"deciders": (ARBITER.office,)})
    assert office_of(Authority(office=ARBITER.office), deciders, policy()) == ARBITER.office


@pytest.mark.parametrize(
    ("caller", "speaks_as", "to", "refused"),
    [
        (Authority(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, HEALTH, False),
        (Authority(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "township-130722100000", False),
        (Authority(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "health-130723000000", True),
        (Authority(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "health-130700000000", True),
        (Authority(), CIVIL_AFFAIRS, "health-130723000000", True),
        (Authority(area=COUNTY), CITY_AFFAIRS, "health-130723000000", True),
        (Authority(office=CITY_AFFAIRS), CITY_AFFAIRS, "health-130723000000", False),
        (Authority(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "nowhere-130722000000", False),
    ],
)
def test_nobody_sends_a_case_out_of_the_own_area(caller: Authority, speaks_as: str, to: str, *, refused: bool) -> None:
    """An office that does not exist is refused by another rule, with its own code."""
    found = out_of_area(caller, speaks_as, to, policy())
    assert (found is not None) is refused
    assert found is None or found.code == "out_of_area"
