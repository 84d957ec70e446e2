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
    Caller,
    coordinates,
    decider,
    decides,
    not_the_decider,
    office_of,
    out_of_area,
)
from services.routing.domain.referral import Change, Referral
from services.routing.domain.supervision import arbitrate, decide_return, go_on, reassign, take_back
from tests.unit.routing.builders import ARBITER, CIVIL_AFFAIRS, COORDINATOR, EDUCATION, Story, policy

DAY = timedelta(days=1)
HEALTH = "health-130722000000"
COUNTY_GOVERNMENT, CITY_AFFAIRS = "government_office-130722000000", "civil_affairs-130700000000"
COUNTY, CITY, OTHER_COUNTY = "130722000000", "130700000000", "130723000000"
OFFICER = Actor(door=Door.KAFKA, role=Role.OFFICER, office=EDUCATION)


def asked(story: Story) -> Referral:
    """The lead wants to give the case back."""
    assert story.answers(A.RETURN, reason="not_competent") is None
    return story.of(EDUCATION)


def contested() -> tuple[Story, Referral]:
    """A second office wants to give it back too."""
    story = Story()
    first = asked(story)
    change = decide_return(story.change(DAY), first.id, story.context, approve=True, reason="", to=HEALTH)
    assert story.act(change) is None
    assert story.answers(A.RETURN, office=HEALTH, after=DAY, reason="not_competent") is None
    return story, story.of(HEALTH)


def test_what_the_rules_did_is_nobodys_act() -> None:
    assert {event.by for event in bound(Story().last)} == {BY_RULES}


def bound(change: Change) -> list[CaseBound]:
    assert change.events
    return list(change.events)


@pytest.mark.parametrize("action", [A.SIGN, A.ACCEPT, A.RETURN, A.PROGRESS, A.HOLD, A.FAIL])
def test_an_answer_is_its_offices_act_with_all_that_follows(action: A) -> None:
    story = Story()
    if action in {A.PROGRESS, A.HOLD, A.FAIL}:
        story.answers(A.ACCEPT)
    reason = {A.RETURN: "not_competent", A.HOLD: "appraisal", A.FAIL: "not_eligible"}.get(action, "")
    assert story.answers(action, reason=reason) is None
    assert {event.by for event in bound(story.last)} == {OFFICER}


def the_return(story: Story, *, approve: bool, to: str | None = None) -> Change | Refused:
    referral = asked(story)
    return decide_return(story.change(DAY), referral.id, story.context, approve=approve, reason="", to=to)


def the_hold(story: Story) -> Change | Refused:
    story.answers(A.ACCEPT)
    story.answers(A.HOLD, reason="appraisal")
    return go_on(story.change(DAY), story.of(EDUCATION).id, story.context, reason="")


WORDS: dict[str, Callable[[Story], Change | Refused]] = {
    "approves": lambda story: the_return(story, approve=True),
    "approves, to an office": lambda story: the_return(story, approve=True, to=HEALTH),
    "refuses": lambda story: the_return(story, approve=False),
    "reassigns": lambda story: reassign(
        story.change(DAY), story.of(EDUCATION).id, story.context, to=HEALTH, reason="coordinator_decision"
    ),
    "recalls": lambda story: take_back(story.change(DAY), story.of(CIVIL_AFFAIRS).id, story.context, reason="recalled"),
    "resumes": the_hold,
}


@pytest.mark.parametrize("word", WORDS)
def test_a_superiors_word_is_the_superiors_act_with_all_that_follows(word: str) -> None:
    """The timeline must not read as if the office had agreed: its name stands in `office`, who decided in `by`."""
    story = Story()
    change = WORDS[word](story)
    assert isinstance(change, Change)
    assert {event.by for event in bound(change)} == {COORDINATOR}


def test_who_settles_between_offices_that_disagree_is_named_with_the_reason() -> None:
    for to, kind in ((EDUCATION, ReferralReturned), (HEALTH, ReferralReturnRefused)):
        story, referral = contested()
        change = arbitrate(story.change(DAY * 2, ARBITER), referral.id, story.context, to=to, reason="by_competence")
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
        story, referral = contested()
        refused = arbitrate(story.change(DAY * 2, ARBITER), referral.id, story.context, to=to, reason=reason)
        assert isinstance(refused, Refused)
        assert [(fault.field, fault.code) for fault in refused.faults] == [("reason", "unknown_reason")]
        assert story.of(HEALTH).state is ReferralState.RETURN_REQUESTED


def test_the_sender_decides_until_offices_disagree_then_the_common_superior_alone() -> None:
    story = Story()
    lead = asked(story)
    assert decides(story.routing, lead, policy()) == (CIVIL_AFFAIRS,)
    story, second = contested()
    assert decides(story.routing, second, policy()) == (ARBITER.office,)


def test_what_a_superior_settled_nobody_below_sends_elsewhere() -> None:
    story, referral = contested()
    change = story.change(DAY * 2, ARBITER)
    assert story.act(arbitrate(change, referral.id, story.context, to=EDUCATION, reason="by_competence")) is None
    settled = story.routing.leg_of(EDUCATION)
    assert settled is not None
    assert decides(story.routing, settled, policy()) == (ARBITER.office,)
    # Sent on by the superior itself, it stays the superior's word.
    change = story.change(DAY * 3, ARBITER)
    assert story.act(reassign(change, settled.id, story.context, to=HEALTH, reason="coordinator_decision")) is None
    assert decider(story.routing, story.of(HEALTH), policy()) == ARBITER.office
    # A hold that was forgotten is still ended by whoever sees to it that the case goes on.
    assert coordinates(story.routing, policy())[0] == CIVIL_AFFAIRS


def test_nobody_decides_on_a_return_of_its_own() -> None:
    story = Story("civil_affairs.subsistence_allowance")
    assert story.routing.lead is not None
    assert story.routing.lead.office == CIVIL_AFFAIRS
    story.answers(A.RETURN, office=CIVIL_AFFAIRS, reason="not_competent")
    assert decides(story.routing, story.of(CIVIL_AFFAIRS), policy()) == (ARBITER.office,)


@pytest.mark.parametrize(
    ("caller", "speaks_as"),
    [
        (Caller(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS),
        (Caller(area=COUNTY), CIVIL_AFFAIRS),
        (Caller(office=CITY_AFFAIRS, area=CITY), CITY_AFFAIRS),
        (Caller(area=CITY), CITY_AFFAIRS),
        (Caller(), CIVIL_AFFAIRS),
        (Caller(office=EDUCATION), None),
        (Caller(office=COUNTY_GOVERNMENT), None),
        (Caller(office="civil_affairs-130723000000"), None),
        (Caller(area=OTHER_COUNTY), None),
        (Caller(area="130722100000"), None),
    ],
    ids=lambda one: f"{one.office or one.area or 'everywhere'}" if isinstance(one, Caller) else None,
)
def test_as_whom_somebody_speaks(caller: Caller, speaks_as: str | None) -> None:
    story = Story()
    deciders = decides(story.routing, story.of(EDUCATION), policy())
    assert deciders[0] == CIVIL_AFFAIRS
    assert office_of(caller, deciders, policy()) == speaks_as


def test_the_county_does_not_settle_what_the_city_has_to() -> None:
    story, referral = contested()
    deciders = decides(story.routing, referral, policy())
    for caller in (Caller(office=CIVIL_AFFAIRS), Caller(area=COUNTY), Caller(office=CITY_AFFAIRS)):
        assert office_of(caller, deciders, policy()) is None
    assert not_the_decider(deciders) == Refused(code="not_the_decider", facts={"deciders": (ARBITER.office,)})
    assert office_of(Caller(office=ARBITER.office), deciders, policy()) == ARBITER.office


@pytest.mark.parametrize(
    ("caller", "speaks_as", "to", "refused"),
    [
        (Caller(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, HEALTH, False),
        (Caller(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "township-130722100000", False),
        (Caller(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "health-130723000000", True),
        (Caller(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "health-130700000000", True),
        (Caller(), CIVIL_AFFAIRS, "health-130723000000", True),
        (Caller(area=COUNTY), CITY_AFFAIRS, "health-130723000000", True),
        (Caller(office=CITY_AFFAIRS), CITY_AFFAIRS, "health-130723000000", False),
        (Caller(office=CIVIL_AFFAIRS), CIVIL_AFFAIRS, "nowhere-130722000000", False),
    ],
)
def test_nobody_sends_a_case_out_of_the_own_area(caller: Caller, speaks_as: str, to: str, *, refused: bool) -> None:
    """An office that does not exist is refused by another rule, with its own code."""
    found = out_of_area(caller, speaks_as, to, policy())
    assert (found is not None) is refused
    assert found is None or found.code == "out_of_area"
