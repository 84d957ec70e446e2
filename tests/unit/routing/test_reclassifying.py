"""Another matter or another place: the rules decide anew beside the old decision, and the legal start does not move."""

from datetime import timedelta

import pytest

from contracts.codes import ClockKind, ClockStatus, ReferralRole, ReferralState
from contracts.codes import FeedbackAction as A
from contracts.events.base import Actor
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralClassified,
    ReferralDispatched,
    ReferralReassigned,
    ReferralReclassified,
    RoutingReclassified,
)
from contracts.refusals import Refused
from libraries.clocks.clock import LegalClock
from libraries.clocks.wording import describe
from services.routing.domain.reclassifying import NewMatter, reclassify, requested
from services.routing.domain.referral import Referral
from tests.unit.routing.builders import CIVIL_AFFAIRS, COORDINATOR, EDUCATION, NOON, Scenario

DAY = timedelta(days=1)
MEDICAL, HOUSING = "medical_security-130722000000", "housing-130722000000"
OTHER_COUNTY = "130723100000"
UNCLASSIFIED = "civil_affairs.unclassified"


def becomes(
    scenario: Scenario,
    category: str = "",
    *,
    area: str = "",
    after: timedelta = 4 * DAY,
    within: tuple[str, ...] = (),
    by: Actor = COORDINATOR,
) -> Refused | None:
    lead = scenario.routing.lead
    assert lead is not None
    wanted = NewMatter(category=category, area=area, reason="wrong_category")
    now = requested(scenario.routing, wanted, scenario.context.policy, within)
    if isinstance(now, Refused):
        return now
    done = reclassify(scenario.change(after, by), lead.id, scenario.context, now, reason="wrong_category")
    return scenario.act(done)


def lead_of(scenario: Scenario) -> Referral:
    assert scenario.routing.lead is not None
    return scenario.routing.lead


def work(referral: Referral) -> LegalClock:
    (clock,) = referral.open_clocks({ClockKind.HANDLING, ClockKind.CLASSIFICATION, ClockKind.REVIEW})
    return clock


def code(refused: Refused | None) -> str:
    assert refused is not None
    return refused.faults[0].code if refused.faults else refused.code


def test_another_office_gets_it_with_the_time_that_was_used_by_the_law_of_the_new_matter() -> None:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT) is None
    before = work(scenario.of(EDUCATION))
    assert becomes(scenario, "health.manual_reimbursement") is None
    lead, old = lead_of(scenario), scenario.of(EDUCATION)
    assert (lead.office, lead.supersedes, lead.state) == (MEDICAL, old.id, ReferralState.DISPATCHED)
    assert old.state is ReferralState.CANCELLED
    now = work(lead)
    assert (now.started_at, now.continues, str(now.terms.limit)) == (NOON, before.id, "30wd")
    assert now.terms.basis.source == "社会保险经办条例"
    said = scenario.last.events
    assert isinstance(said[0], RoutingReclassified)
    calendar = scenario.context.policy.calendar
    assert (said[0].due_before, said[0].due_at) == (before.due(calendar).due_at, now.due(calendar).due_at)
    assert (said[0].category_before, said[0].category) == ("education.student_aid", "health.manual_reimbursement")
    assert (said[0].lead_before, said[0].lead) == (EDUCATION, MEDICAL)
    reassigned = next(event for event in said if isinstance(event, ReferralReassigned))
    assert (reassigned.to, reassigned.reason) == (MEDICAL, "wrong_category")
    assert all(event.by == COORDINATOR for event in said)  # type: ignore[attr-defined]  # every event of a case says it


def test_both_decisions_stand_beside_each_other_each_with_its_matter() -> None:
    scenario = Scenario()
    assert becomes(scenario, "health.manual_reimbursement") is None
    (decided,) = scenario.last.decisions
    assert (decided.category, decided.decision.lead) == ("health.manual_reimbursement", MEDICAL)
    assert scenario.of(EDUCATION).decision_id != decided.id == lead_of(scenario).decision_id


def test_co_handlers_and_copies_are_those_of_the_new_rule() -> None:
    scenario = Scenario()
    assert scenario.of(CIVIL_AFFAIRS).role is ReferralRole.CO
    assert becomes(scenario, "health.manual_reimbursement") is None
    assert [one.office for one in scenario.routing.referrals if one.live] == [MEDICAL]
    taken_back = [event for event in scenario.last.events if isinstance(event, ReferralCancelled)]
    assert {event.office: event.reason for event in taken_back} == dict.fromkeys(
        (EDUCATION, CIVIL_AFFAIRS), "reclassified"
    )


def test_whom_the_lead_brought_in_stays() -> None:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT) is None
    assert scenario.answers(A.ADD_CO, office_named="justice-130722000000") is None
    assert becomes(scenario, "health.manual_reimbursement") is None
    stays = scenario.of("justice-130722000000")
    assert stays.live
    told = next(event for event in scenario.last.events if isinstance(event, ReferralReclassified))
    assert (told.office, told.category) == ("justice-130722000000", "health.manual_reimbursement")


def test_the_same_office_keeps_it_in_its_state_with_the_new_limit() -> None:
    scenario = Scenario("health.medical_assistance")
    assert scenario.answers(A.ACCEPT, office=MEDICAL) is None
    before = work(scenario.of(MEDICAL))
    assert becomes(scenario, "health.maternity_allowance") is None
    lead = lead_of(scenario)
    assert (lead.office, lead.state, lead.supersedes) == (MEDICAL, ReferralState.ACCEPTED, None)
    now = work(lead)
    assert (str(now.terms.limit), now.started_at, now.continues) == ("10wd", NOON, before.id)
    assert next(clock for clock in lead.clocks if clock.id == before.id).status is ClockStatus.CANCELLED
    assert not any(isinstance(event, ReferralReassigned) for event in scenario.last.events)
    told = next(event for event in scenario.last.events if isinstance(event, ReferralReclassified))
    assert {type(change).__name__ for change in told.clocks} == {"ClockCancelled", "ClockStarted"}
    assert told.decision_id == lead.decision_id == scenario.last.decisions[0].id


def test_pauses_are_kept_and_what_stands_still_stands_still() -> None:
    scenario = Scenario("health.medical_assistance")
    assert scenario.answers(A.ACCEPT, office=MEDICAL) is None
    assert scenario.answers(A.HOLD, office=MEDICAL, reason="appraisal", after=DAY) is None
    assert becomes(scenario, "health.maternity_allowance") is None
    now = work(lead_of(scenario))
    assert (now.status, [pause.start for pause in now.pauses]) == (ClockStatus.PAUSED, [NOON + DAY])
    assert scenario.answers(A.RESUME, office=MEDICAL, after=6 * DAY) is None
    (pause,) = work(lead_of(scenario)).pauses
    assert (pause.start, pause.end) == (NOON + DAY, NOON + 6 * DAY)


def test_a_pause_ends_for_an_office_that_loses_it_and_is_not_lost_to_the_next() -> None:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT) is None
    assert scenario.answers(A.HOLD, reason="appraisal", after=DAY) is None
    assert becomes(scenario, "health.manual_reimbursement") is None
    now = work(lead_of(scenario))
    assert now.status is ClockStatus.RUNNING
    assert [(pause.start, pause.end) for pause in now.pauses] == [(NOON + DAY, NOON + 4 * DAY)]


@pytest.mark.parametrize(
    ("category", "kept"), [("health.family_support", ("10wd",)), ("health.manual_reimbursement", ())]
)
def test_time_that_was_granted_stays_where_the_law_is_the_same(category: str, kept: tuple[str, ...]) -> None:
    scenario = Scenario("health.public_health")
    office = lead_of(scenario).office
    assert scenario.answers(A.ACCEPT, office=office) is None
    assert scenario.is_longer("10wd", office=office, after=2 * DAY) is None
    assert becomes(scenario, category) is None
    assert tuple(map(str, work(lead_of(scenario)).extensions)) == kept


def test_another_place_is_another_office_and_the_first_contact_stays() -> None:
    scenario = Scenario()
    assert becomes(scenario, area=OTHER_COUNTY[:9]) is None
    lead, request = lead_of(scenario), scenario.routing.request
    assert (lead.office, request.area) == ("education-130723000000", OTHER_COUNTY)
    assert (request.category, request.first_contact_office) == ("education.student_aid", "township-130722100000")
    assert work(lead).area == OTHER_COUNTY


@pytest.mark.parametrize(
    ("category", "area", "refusal"),
    [
        ("", "", "same_matter"),
        ("education.student_aid", "130722100", "same_matter"),
        ("no.such", "", "unknown_category"),
        ("", "990000", "unknown_area"),
        (UNCLASSIFIED, "", "no_matter"),
        ("", OTHER_COUNTY, "place_outside"),
    ],
)
def test_what_is_refused_says_why(category: str, area: str, refusal: str) -> None:
    assert code(becomes(Scenario(), category, area=area, within=("130722000000",))) == refusal


def test_all_that_is_wrong_is_said_at_once() -> None:
    refused = becomes(Scenario(), "no.such", area="990000")
    assert refused is not None
    assert [fault.field for fault in refused.faults] == ["category", "area"]


def test_only_the_lead_is_reclassified_and_only_while_it_lives() -> None:
    scenario = Scenario()
    wanted = NewMatter(category="health.manual_reimbursement", reason="wrong_category")
    now = requested(scenario.routing, wanted, scenario.context.policy, ())
    assert not isinstance(now, Refused)
    co, lead = scenario.of(CIVIL_AFFAIRS).id, lead_of(scenario).id
    asked = scenario.change(DAY)
    assert code(scenario.act(reclassify(asked, co, scenario.context, now, reason="x"))) == "only_the_lead"
    assert becomes(scenario, "health.manual_reimbursement") is None
    over = reclassify(scenario.change(5 * DAY), lead, scenario.context, now, reason="x")
    assert code(scenario.act(over)) == "illegal_move"


def unclassified() -> Scenario:
    return Scenario(UNCLASSIFIED)


def test_what_nobody_could_tell_goes_to_a_desk_with_a_clock_of_its_own() -> None:
    scenario = unclassified()
    desk = lead_of(scenario)
    assert desk.office == CIVIL_AFFAIRS
    assert (work(desk).kind, str(work(desk).terms.limit)) == (ClockKind.CLASSIFICATION, "1wd")


def test_classifying_ends_the_desks_part_and_the_work_counts_from_the_first_dispatch() -> None:
    scenario = unclassified()
    after = timedelta(hours=3)
    assert scenario.answers(A.CLASSIFY, office=CIVIL_AFFAIRS, category="education.student_aid", after=after) is None
    lead = lead_of(scenario)
    assert (lead.office, work(lead).kind, work(lead).started_at) == (EDUCATION, ClockKind.HANDLING, NOON)
    said = [type(event).__name__ for event in scenario.last.events]
    assert said[0] == "RoutingReclassified"
    classified = next(event for event in scenario.last.events if isinstance(event, ReferralClassified))
    assert (classified.state, classified.to, classified.feedback_id) == (ReferralState.CANCELLED, EDUCATION, "f1")
    assert {(change.kind, type(change).__name__) for change in classified.clocks} >= {
        (ClockKind.CLASSIFICATION, "ClockMet"),
        (ClockKind.SIGNING, "ClockMet"),
    }
    assert not any(isinstance(event, ReferralReassigned) for event in scenario.last.events)


def test_a_desk_may_find_that_it_is_its_own() -> None:
    scenario = unclassified()
    assert scenario.answers(A.CLASSIFY, office=CIVIL_AFFAIRS, category="civil_affairs.elderly_care") is None
    ended, live = sorted(scenario.routing.referrals, key=lambda one: one.live)
    assert (ended.office, live.office, live.supersedes) == (CIVIL_AFFAIRS, CIVIL_AFFAIRS, ended.id)
    assert any(isinstance(event, ReferralDispatched) for event in scenario.last.events)


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({}, "missing"),
        ({"category": "no.such"}, "unknown_category"),
        ({"category": UNCLASSIFIED}, "same_matter"),
        ({"category": "education.student_aid", "area": OTHER_COUNTY}, "place_outside"),
    ],
)
def test_a_desk_names_a_matter_that_there_is(attributes: dict[str, str], refusal: str) -> None:
    assert code(unclassified().answers(A.CLASSIFY, office=CIVIL_AFFAIRS, **attributes)) == refusal  # type: ignore[arg-type]  # attributes may be anything


def test_what_is_classified_is_the_coordinators_to_put_right() -> None:
    scenario = Scenario()
    refused = scenario.answers(A.CLASSIFY, category="health.manual_reimbursement")
    assert refused is not None
    assert refused.code == "classified_already"
    assert "classify" not in [one.act for one in refused.possible]


def test_nothing_is_finished_that_nobody_has_classified() -> None:
    scenario = unclassified()
    assert scenario.answers(A.ACCEPT, office=CIVIL_AFFAIRS) is None
    refused = scenario.answers(A.COMPLETE, office=CIVIL_AFFAIRS)
    assert refused is not None
    acts = [one.act for one in refused.possible]
    assert (refused.code, "classify" in acts, "complete" in acts) == ("classify_first", True, False)


def test_both_dates_are_told_each_with_its_law() -> None:
    scenario = Scenario()
    assert becomes(scenario, "health.manual_reimbursement") is None
    zh, en = describe(scenario.last.events[0], scenario.context.policy) or ("", "")
    assert "张北县民政局（协调员）改类：教育救助 → 医疗费用手工报销（事项类别登记有误）；起算时间不变，期限由" in zh
    assert "社会保险经办条例" in zh
    assert "counted from the same start" in en
