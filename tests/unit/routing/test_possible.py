"""Every refusal of an act says what is possible instead, by whom and until when."""

from datetime import timedelta

import pytest

from contracts.codes import FeedbackAction as A
from contracts.codes import ReferralState
from contracts.refusals import PossibleAct, Refused
from services.routing.domain.possible import possible_now, with_possible
from services.routing.domain.states import ACTORS, BY_OFFICE, DOORS, MOVES, Move
from services.routing.domain.supervision import decide_return
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, Scenario, policy

DAY = timedelta(days=1)
CITY = "civil_affairs-130700000000"


def acts(refused: Refused | None) -> dict[str, PossibleAct]:
    assert refused is not None
    return {one.act: one for one in refused.possible}


def test_every_move_has_somebody_and_every_one_of_people_a_door() -> None:
    assert ACTORS.keys() == set(Move)
    assert {move for _, move in MOVES} == set(Move)
    assert set(BY_OFFICE.values()) <= DOORS.keys()


def test_what_was_just_sent_can_be_signed_accepted_and_returned_in_its_time() -> None:
    scenario = Scenario()
    found = acts(scenario.answers(A.COMPLETE))
    assert found.keys() == {"sign", "accept", "return", "reassign", "reclassify"}
    assert (found["sign"].by, found["sign"].until) == ((EDUCATION,), None)
    assert found["return"].until is not None
    assert CIVIL_AFFAIRS in found["reassign"].by
    late = acts(scenario.answers(A.COMPLETE, after=20 * DAY))
    assert "return" not in late, "its time is over"


def test_a_return_that_waits_is_the_deciders() -> None:
    scenario = Scenario()
    assert scenario.answers(A.RETURN, reason="not_competent") is None
    found = acts(scenario.answers(A.PROGRESS))
    assert found.keys() == {"decide-return", "reassign", "reclassify"}
    assert found["decide-return"].by == (CIVIL_AFFAIRS,)
    assert found["decide-return"].until is not None
    kept = decide_return(
        scenario.change(DAY), scenario.of(EDUCATION).id, scenario.context, approve=False, reason="", to=None
    )
    assert scenario.act(kept) is None
    assert "return" not in acts(scenario.answers(A.RETURN, reason="not_competent", after=DAY)), "it is locked"


def test_the_lead_that_waits_for_co_handlers_is_told_what_it_can_do_with_them() -> None:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT) is None
    found = acts(scenario.answers(A.COMPLETE, after=DAY))
    assert {"urge", "release-co", "progress", "extend", "transfer"} <= found.keys()
    assert "complete" not in found
    assert found["extend"].until is not None
    asked = scenario.answers(A.EXTEND, reason="complex", by="10wd", after=DAY)
    assert asked is None
    waiting = acts(scenario.answers(A.COMPLETE, after=DAY))
    assert "extend" not in waiting
    assert (waiting["decide-extension"].by, waiting["decide-extension"].until is not None) == ((EDUCATION,), True)


def test_a_co_handler_is_offered_nothing_of_the_leads() -> None:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT, office=CIVIL_AFFAIRS) is None
    found = acts(scenario.answers(A.SIGN, office=CIVIL_AFFAIRS))
    assert found.keys() == {"progress", "hold", "complete", "fail", "recall"}


def test_what_is_wrong_in_itself_needs_no_way_out() -> None:
    scenario = Scenario()
    refused = scenario.answers(A.RETURN, reason="because")
    assert refused is not None
    assert refused.possible == ()


def test_of_what_is_over_nothing_is_possible() -> None:
    scenario = Scenario("social_security.pension_claim")
    office = "social_security-130722000000"
    for action in (A.ACCEPT, A.COMPLETE):
        assert scenario.answers(action, office=office) is None
    assert scenario.of(office).state is ReferralState.COMPLETED
    assert acts(scenario.answers(A.SIGN, office=office)) == {}


@pytest.mark.parametrize("code", ["extension_pending", "not_the_head", "illegal_move"])
def test_the_names_in_the_sentence_are_those_of_the_doors(code: str) -> None:
    scenario = Scenario()
    refused = Refused(code=code, facts={"possible": ["request_return"], "state": "x", "move": "y"})
    told = with_possible(refused, scenario.routing, scenario.of(EDUCATION).id, policy(), NOON)
    assert told.facts["possible"] == [one.act for one in told.possible]
    assert told.possible == possible_now(scenario.routing, scenario.of(EDUCATION), policy(), NOON)
