"""The lead brings offices in, lets them go, urges them and hands the case on; it stays the lead until a transfer."""

from datetime import timedelta

import pytest

from contracts.codes import ClockKind, Consent, ReferralRole, ReferralState, Sending
from contracts.codes import FeedbackAction as A
from contracts.events.referrals import ReferralDispatched, ReferralLeadActed, ReferralReassigned, ReferralUrged
from contracts.refusals import Refused
from services.routing.domain.supervision import decide_return
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, Scenario

DAY = timedelta(days=1)
HEALTH, JUSTICE = "health-130722000000", "justice-130722000000"
CITY, NEIGHBOUR, TOWNSHIP = "education-130700000000", "health-130723000000", "township-130722100000"
CHARITY, GOVERNMENT = "charity-130722000000", "government_office-130722000000"


def at_work(category: str = "education.student_aid") -> Scenario:
    """With the civil affairs office as co-handler."""
    scenario = Scenario(category)
    assert scenario.answers(A.ACCEPT) is None
    return scenario


def code(refused: Refused | None) -> str:
    assert refused is not None
    return refused.faults[0].code if refused.faults else refused.code


def lead_acted(scenario: Scenario) -> ReferralLeadActed:
    (said,) = [event for event in scenario.last.events if isinstance(event, ReferralLeadActed)]
    return said


def test_an_added_co_handler_works_inside_the_leads_time_and_the_lead_waits_for_it() -> None:
    scenario = at_work()
    assert scenario.answers(A.ADD_CO, office_named=HEALTH, after=2 * DAY) is None
    added = scenario.of(HEALTH)
    assert (added.role, added.state, added.sent_as) == (ReferralRole.CO, ReferralState.DISPATCHED, Sending.ADD_CO)
    (co_handling,) = added.open_clocks({ClockKind.CO_HANDLING})
    (handling,) = scenario.of(EDUCATION).open_clocks({ClockKind.HANDLING})
    calendar = scenario.context.policy.calendar
    assert co_handling.due(calendar).due_at == handling.due(calendar).due_at
    said = lead_acted(scenario)
    assert (said.action, said.to, said.other_id, said.feedback_id) == (A.ADD_CO, HEALTH, added.id, "f2")
    refused = scenario.answers(A.COMPLETE, after=3 * DAY)
    assert refused is not None
    assert (refused.code, HEALTH in refused.facts["offices"]) == ("co_handlers_open", True)


def test_an_assignment_goes_down_and_owes_a_report_a_forward_owes_none() -> None:
    scenario = at_work()
    assert scenario.answers(A.ASSIGN, office_named=TOWNSHIP, after=DAY) is None
    assert scenario.answers(A.FORWARD, office_named=JUSTICE, after=DAY) is None
    sent = {referral.office: referral for referral in scenario.routing.referrals}
    assert (sent[TOWNSHIP].role, sent[TOWNSHIP].sent_as) == (ReferralRole.CO, Sending.ASSIGN)
    assert (sent[JUSTICE].role, sent[JUSTICE].sent_as, sent[JUSTICE].clocks) == (
        ReferralRole.INFO,
        Sending.FORWARD,
        (),
    )
    (dispatched,) = [event for event in scenario.last.events if isinstance(event, ReferralDispatched)]
    assert dispatched.requires_report is False
    assert scenario.routing.lead is not None
    assert scenario.routing.lead.office == EDUCATION


def test_an_organisation_gets_it_with_consent_alone() -> None:
    scenario = at_work()
    assert code(scenario.answers(A.REFER_OUT, office_named=CHARITY)) == "consent_missing"
    assert code(scenario.answers(A.REFER_OUT, office_named=CHARITY, consent="surely")) == "consent_missing"
    assert code(scenario.answers(A.REFER_OUT, office_named=HEALTH, consent="written")) == "no_organisation"
    assert scenario.answers(A.REFER_OUT, office_named=CHARITY, consent="written") is None
    assert (scenario.of(CHARITY).consent, scenario.of(CHARITY).sent_as) == (Consent.WRITTEN, Sending.REFER_OUT)
    (dispatched,) = [event for event in scenario.last.events if isinstance(event, ReferralDispatched)]
    assert (dispatched.consent, dispatched.requires_report) == (Consent.WRITTEN, False)


@pytest.mark.parametrize(
    ("action", "office", "more", "refusal"),
    [
        (A.ADD_CO, "nobody-130722000000", {}, "unknown_office"),
        (A.ADD_CO, "", {}, "unknown_office"),
        (A.ADD_CO, EDUCATION, {}, "same_office"),
        (A.ADD_CO, NEIGHBOUR, {}, "out_of_area"),
        (A.ADD_CO, CITY, {}, "out_of_area"),
        (A.ADD_CO, CHARITY, {}, "organisation_only"),
        (A.ADD_CO, CIVIL_AFFAIRS, {}, "office_has_leg"),
        (A.FORWARD, CIVIL_AFFAIRS, {}, "office_has_leg"),
        (A.ASSIGN, HEALTH, {}, "not_below"),
        (A.RELEASE_CO, HEALTH, {"reason": "no_longer_needed"}, "no_such_co_handler"),
        (A.RELEASE_CO, CIVIL_AFFAIRS, {}, "unknown_reason"),
        (A.URGE, HEALTH, {}, "no_such_co_handler"),
        (A.TRANSFER, HEALTH, {}, "unknown_reason"),
        (A.TRANSFER, CHARITY, {"reason": "other_competence"}, "organisation_only"),
    ],
)
def test_what_is_refused_says_why(action: A, office: str, more: dict[str, str], refusal: str) -> None:
    assert code(at_work().answers(action, office_named=office, **more)) == refusal  # type: ignore[arg-type]  # attributes may be anything


def test_a_co_handler_brings_nobody_in() -> None:
    scenario = at_work()
    assert scenario.answers(A.ACCEPT, office=CIVIL_AFFAIRS) is None
    refused = scenario.answers(A.ADD_CO, office=CIVIL_AFFAIRS, office_named=HEALTH)
    assert refused == Refused(code="only_the_lead_acts", facts={"lead": EDUCATION})


def test_nobody_is_brought_in_before_it_is_accepted() -> None:
    assert code(Scenario().answers(A.ADD_CO, office_named=HEALTH)) == "illegal_move"


def test_who_is_released_owes_nothing_any_more() -> None:
    scenario = at_work()
    assert scenario.answers(A.RELEASE_CO, office_named=CIVIL_AFFAIRS, reason="no_longer_needed", after=DAY) is None
    assert scenario.of(CIVIL_AFFAIRS).state is ReferralState.CANCELLED
    assert lead_acted(scenario).reason == "no_longer_needed"
    assert scenario.answers(A.COMPLETE, after=2 * DAY) is None


def test_a_co_handler_is_urged_once_a_day_and_its_time_stays() -> None:
    scenario = at_work()
    before = scenario.of(CIVIL_AFFAIRS).clocks
    assert scenario.answers(A.URGE, office_named=CIVIL_AFFAIRS, after=DAY) is None
    (said,) = [event for event in scenario.last.events if isinstance(event, ReferralUrged)]
    assert (said.office, said.by is not None and said.by.office) == (CIVIL_AFFAIRS, EDUCATION)
    refused = scenario.answers(A.URGE, office_named=CIVIL_AFFAIRS, after=DAY + timedelta(hours=2))
    assert refused is not None
    assert (refused.code, refused.facts["until"] > NOON + DAY) == ("urged_already", True)
    assert scenario.answers(A.URGE, office_named=CIVIL_AFFAIRS, after=2 * DAY) is None
    assert scenario.of(CIVIL_AFFAIRS).clocks == before


def test_a_transfer_moves_the_case_with_its_time() -> None:
    scenario = at_work()
    (before,) = scenario.of(EDUCATION).open_clocks({ClockKind.HANDLING})
    assert scenario.answers(A.TRANSFER, office_named=HEALTH, reason="other_competence", after=4 * DAY) is None
    (said,) = [event for event in scenario.last.events if isinstance(event, ReferralReassigned)]
    assert (said.to, said.transferred, said.feedback_id) == (HEALTH, True, "f2")
    assert scenario.of(EDUCATION).state is ReferralState.CANCELLED
    lead = scenario.routing.lead
    assert lead is not None
    assert (lead.office, lead.sent_as, lead.supersedes) == (HEALTH, Sending.TRANSFER, scenario.of(EDUCATION).id)
    (after,) = lead.open_clocks({ClockKind.HANDLING})
    calendar = scenario.context.policy.calendar
    assert (after.due(calendar), after.continues) == (before.due(calendar), before.id)
    assert scenario.of(CIVIL_AFFAIRS).live, "who works beside goes on"


def test_a_case_is_not_transferred_to_and_fro() -> None:
    scenario = at_work()
    assert scenario.answers(A.TRANSFER, office_named=HEALTH, reason="other_competence", after=DAY) is None
    assert scenario.answers(A.ACCEPT, office=HEALTH, after=DAY) is None
    back = scenario.answers(A.TRANSFER, office=HEALTH, office_named=EDUCATION, reason="other_competence", after=DAY)
    assert back == Refused(code="had_it_before", facts={"decider": CIVIL_AFFAIRS})


def test_what_was_settled_is_not_transferred() -> None:
    scenario = Scenario()
    assert scenario.answers(A.RETURN, reason="not_competent") is None
    id_ = scenario.of(EDUCATION).id
    kept = decide_return(scenario.change(DAY), id_, scenario.context, approve=False, reason="", to=None)
    assert scenario.act(kept) is None
    refused = scenario.answers(A.TRANSFER, office_named=HEALTH, reason="other_competence", after=2 * DAY)
    assert refused == Refused(code="transfer_locked", facts={"decider": CIVIL_AFFAIRS})
