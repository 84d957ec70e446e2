"""A review goes to an office above the one that gave the result, and stays away from all that have judged."""

from datetime import timedelta

from contracts.codes import CaseState, ClockKind, ReferralRole, ReferralState
from contracts.codes import FeedbackAction as A
from contracts.events.cases import CaseReviewRequested
from contracts.events.referrals import ReferralCompleted, ReferralDispatched
from contracts.refusals import Refused
from contracts.reviews import ReviewResult
from services.routing.domain.dispatching import resend, review, withdraw
from services.routing.domain.reclassifying import NewMatter, reclassify, requested
from services.routing.domain.referral import Referral
from services.routing.domain.supervision import decide_return, reassign
from tests.unit.routing.builders import CASE, COORDINATOR, NOON, Scenario
from tests.unit.routing.test_reclassifying import code

DAY = timedelta(days=1)
COUNTY, CITY = "petition-130722000000", "petition-130700000000"
NEAR, GOVERNMENT = "government_office-130722000000", "government_office-130700000000"
HOUSING = "housing-130700000000"


def lead(scenario: Scenario) -> Referral:
    assert scenario.routing.lead is not None
    return scenario.routing.lead


def finishes(scenario: Scenario, office: str, after: timedelta = DAY, **attributes: str) -> Refused | None:
    """Takes it on, if it has not, and is done with it."""
    if scenario.of(office).state is ReferralState.DISPATCHED:
        assert scenario.answers(A.ACCEPT, office=office, after=after) is None
    return scenario.answers(A.COMPLETE, office=office, after=after, **attributes)


def asked(scenario: Scenario, *judged: str, after: timedelta, number: int = 2) -> None:
    """The applicant does not accept what the last of them has said."""
    matters = ["petition.request", "petition.review", "petition.re_review"]
    event = CaseReviewRequested(
        case_id=CASE,
        state=CaseState.ACCEPTED,
        requested_at=NOON + after,
        round=number,
        category=matters[len(judged)],
        category_before=matters[len(judged) - 1],
        field=scenario.routing.request.field,
        judged=judged,
    )
    scenario.act(review(scenario.change(after), event, scenario.context))


def under_review() -> Scenario:
    scenario = Scenario("petition.request")
    assert finishes(scenario, COUNTY) is None
    asked(scenario, COUNTY, after=2 * DAY)
    return scenario


def test_the_office_above_gets_it_with_the_time_of_the_law() -> None:
    scenario = under_review()
    found = lead(scenario)
    assert (found.office, found.round, found.state) == (CITY, 2, ReferralState.DISPATCHED)
    (clock,) = found.open_clocks({ClockKind.REVIEW})
    assert (str(clock.terms.limit), clock.terms.basis.article, clock.started_at) == ("30d", "35", NOON + 2 * DAY)
    assert scenario.of(COUNTY).state is ReferralState.COMPLETED, "its result stays as it was"
    (said,) = [event for event in scenario.last.events if isinstance(event, ReferralDispatched)]
    assert (said.category, said.round, said.role) == ("petition.review", 2, ReferralRole.LEAD)
    (decided,) = scenario.last.decisions
    assert (decided.decision.rule, decided.by, decided.category) == ("review", "review", "petition.review")
    assert COUNTY in decided.decision.trace[0].outcome
    asked(scenario, COUNTY, after=3 * DAY)
    assert len(scenario.routing.referrals) == 3, "said twice, it is sent once: the lead's, the copy's, the reviewer's"


def test_who_judges_says_what_became_of_the_result() -> None:
    scenario = under_review()
    for attributes in ({}, {"result": "perhaps"}):
        refused = finishes(scenario, CITY, 4 * DAY, **attributes)
        assert code(refused) == "result_missing"
    assert finishes(scenario, CITY, 4 * DAY, result="changed") is None
    (said,) = [event for event in scenario.last.events if isinstance(event, ReferralCompleted)]
    assert (said.result, said.round) == (ReviewResult.CHANGED, 2)
    other = Scenario("petition.request")
    assert code(finishes(other, COUNTY, result="upheld")) == "not_a_review"


def test_a_third_round_has_a_third_judge() -> None:
    scenario = under_review()
    assert finishes(scenario, CITY, 4 * DAY, result="upheld") is None
    asked(scenario, COUNTY, CITY, after=6 * DAY, number=3)
    found = lead(scenario)
    assert (found.office, found.round) == (GOVERNMENT, 3)
    assert [clock.terms.basis.article for clock in found.open_clocks({ClockKind.RE_REVIEW})] == ["36"]
    assert scenario.of(GOVERNMENT).role is ReferralRole.LEAD


def test_nobody_sends_it_to_who_has_judged_or_stands_beside() -> None:
    for to in (COUNTY, HOUSING, "petition-130723000000"):
        scenario = under_review()
        id_ = lead(scenario).id
        refused = reassign(scenario.change(3 * DAY), id_, scenario.context, to=to, reason="coordinator_decision")
        assert isinstance(refused, Refused)
        assert (refused.code, refused.facts["offices"]) == ("cannot_judge", (CITY, NEAR, GOVERNMENT))
    moved = reassign(scenario.change(3 * DAY), id_, scenario.context, to=GOVERNMENT, reason="coordinator_decision")
    assert scenario.act(moved) is None
    assert (lead(scenario).office, lead(scenario).round) == (GOVERNMENT, 2)


def test_a_lead_transfers_it_to_nobody_who_has_judged() -> None:
    scenario = under_review()
    assert scenario.answers(A.ACCEPT, office=CITY, after=3 * DAY) is None
    refused = scenario.answers(A.TRANSFER, office=CITY, after=4 * DAY, reason="other_jurisdiction", office_named=COUNTY)
    assert code(refused) in {"had_it_before", "cannot_judge"}


def test_what_a_reviewer_returns_goes_to_the_next_one_above() -> None:
    scenario = under_review()
    assert scenario.answers(A.RETURN, office=CITY, after=3 * DAY, reason="not_competent") is None
    approved = decide_return(
        scenario.change(4 * DAY), scenario.of(CITY).id, scenario.context, approve=True, reason="wrong_area", to=None
    )
    assert scenario.act(approved) is None
    found = lead(scenario)
    assert (found.office, found.round) == (NEAR, 2)
    assert found.open_clocks({ClockKind.REVIEW})[0].started_at == NOON + 2 * DAY, "no return starts the time anew"


def test_where_nobody_is_left_who_may_judge_somebody_owns_it_all_the_same() -> None:
    scenario = Scenario("petition.request")
    assert finishes(scenario, COUNTY) is None
    asked(scenario, COUNTY, GOVERNMENT, after=2 * DAY)
    (decided,) = scenario.last.decisions
    assert decided.decision.rule is None
    assert lead(scenario).office == "civil_affairs-130722000000"
    assert lead(scenario).open_clocks({ClockKind.UNMATCHED})


def test_it_stays_the_matter_that_it_is_and_comes_back_from_a_merge_to_its_reviewer() -> None:
    scenario = under_review()
    wanted = NewMatter(category="housing.property_dispute", reason="wrong_category")
    now = requested(scenario.routing, wanted, scenario.context.policy, ())
    assert not isinstance(now, Refused)
    refused = reclassify(scenario.change(3 * DAY), lead(scenario).id, scenario.context, now, reason="wrong_category")
    assert isinstance(refused, Refused)
    assert refused.code == "review_goes_on"
    assert scenario.act(withdraw(scenario.change(4 * DAY, COORDINATOR), scenario.context, "case_merged")) is None
    assert scenario.act(resend(scenario.change(5 * DAY), scenario.context)) is None
    assert (lead(scenario).office, lead(scenario).round) == (CITY, 2)
