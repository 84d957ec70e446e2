"""An office is asked one question about the applicant: with consent, on a clock of its own, and no longer than that."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from contracts.codes import CaseState, ClockKind, Consent, ReferralRole, ReferralState, Sending
from contracts.codes import FeedbackAction as A
from contracts.events.cases import CaseCheckRequested
from contracts.events.referrals import ReferralCancelled, ReferralDispatched, RoutingDecided
from contracts.refusals import Refused
from services.routing.domain import checks
from services.routing.domain.dispatching import dispatch
from services.routing.domain.possible import possible_now
from services.routing.domain.referral import CheckConsent
from services.routing.domain.relocating import relocated
from tests.unit.routing.builders import CASE, CIVIL_AFFAIRS, EDUCATION, NOON, Scenario
from tests.unit.routing.test_lead_acts import CHARITY, HEALTH, code

DAY = timedelta(days=1)
FAR = "social_security-130700000000"
"""The city's: beyond the county's own offices."""
PURPOSE, QUESTION = "means_check", "Is a pension paid, and how much?"
CONSENT = CheckConsent(id=CASE, purpose=PURPOSE, consent=Consent.WRITTEN)


def at_work(*consents: CheckConsent) -> Scenario:
    scenario = Scenario()
    scenario.consents = consents
    assert scenario.answers(A.ACCEPT) is None
    return scenario


def asks(scenario: Scenario, office: str = FAR, *, text: str = QUESTION, after: timedelta = DAY) -> Refused | None:
    return scenario.answers(A.REQUEST_CHECK, office_named=office, purpose=PURPOSE, text=text, after=after)


def test_the_office_gets_the_question_and_a_clock_and_the_lead_goes_on() -> None:
    scenario = at_work(CONSENT)
    before = scenario.of(EDUCATION).clocks
    assert asks(scenario) is None
    asked = scenario.of(FAR)
    assert (asked.role, asked.state, asked.sent_as) == (
        ReferralRole.CHECK,
        ReferralState.DISPATCHED,
        Sending.REQUEST_CHECK,
    )
    assert [clock.kind for clock in asked.clocks] == [ClockKind.CHECK]
    assert scenario.of(EDUCATION).clocks == before
    (sent,) = [event for event in scenario.last.events if isinstance(event, ReferralDispatched)]
    assert (sent.purpose, sent.consent, sent.consent_id, sent.role) == (
        PURPOSE,
        Consent.WRITTEN,
        CONSENT.id,
        ReferralRole.CHECK,
    )
    (decided,) = [event for event in scenario.last.events if isinstance(event, RoutingDecided)]
    assert (decided.checks, decided.copies, decided.co_handlers) == ((FAR,), (), ())
    assert QUESTION not in repr(scenario.last.events)


def test_without_a_consent_for_this_purpose_nobody_is_asked() -> None:
    gone = replace(CONSENT, withdrawn_at=NOON)
    for consents in ((), (gone,), (replace(CONSENT, purpose="status_check"),)):
        scenario = at_work(*consents)
        refused = asks(scenario)
        assert refused is not None
        assert (refused.code, refused.facts["window"]) == ("consent_needed", "township-130722100000")
        assert refused.possible
        assert [one for one in scenario.routing.referrals if one.role is ReferralRole.CHECK] == []


def test_every_fault_of_a_question_at_once() -> None:
    scenario = at_work(CONSENT)
    refused = scenario.answers(A.REQUEST_CHECK, office_named="nobody-1", purpose="handling", text=" ")
    assert refused is not None
    assert [(fault.field, fault.code) for fault in refused.faults] == [
        ("attributes.office", "unknown_office"),
        ("attributes.purpose", "unknown_purpose"),
        ("text", "question_missing"),
    ]
    assert code(asks(scenario, EDUCATION)) == "same_office"
    assert code(asks(scenario, CHARITY)) == "organisation_only"
    assert code(scenario.answers(A.REQUEST_CHECK, office=CIVIL_AFFAIRS, office_named=FAR)) == "illegal_move"
    assert scenario.answers(A.ACCEPT, office=CIVIL_AFFAIRS) is None
    assert code(scenario.answers(A.REQUEST_CHECK, office=CIVIL_AFFAIRS, office_named=FAR)) == "only_the_lead_acts"


def test_one_question_to_an_office_at_a_time_and_beside_its_part_of_the_work() -> None:
    scenario = at_work(CONSENT)
    assert asks(scenario) is None
    assert code(asks(scenario)) == "check_open"
    assert asks(scenario, CIVIL_AFFAIRS) is None
    live = [one.role for one in scenario.routing.live_of(CIVIL_AFFAIRS)]
    assert sorted(live) == [ReferralRole.CHECK, ReferralRole.CO]
    assert scenario.answers(A.ADD_CO, office_named=FAR, after=2 * DAY) is not None  # beyond the county
    assert asks(scenario, HEALTH) is None
    assert scenario.answers(A.ADD_CO, office_named=HEALTH, after=2 * DAY) is None
    assert sorted(one.role for one in scenario.routing.live_of(HEALTH)) == [ReferralRole.CHECK, ReferralRole.CO]


@pytest.mark.parametrize("signed", [False, True])
def test_an_answer_needs_words_and_ends_it(signed: bool) -> None:
    scenario = at_work(CONSENT)
    assert asks(scenario) is None
    if signed:
        assert scenario.answers(A.SIGN, office=FAR, after=2 * DAY) is None
    assert code(scenario.answers(A.COMPLETE, office=FAR, after=2 * DAY)) == "answer_missing"
    for action in (A.ACCEPT, A.HOLD, A.EXTEND, A.RETURN, A.ADD_CO, A.REQUEST_CHECK):
        assert code(scenario.answers(action, office=FAR, after=2 * DAY)) == "illegal_move"
    possible = possible_now(scenario.routing, scenario.of(FAR), scenario.context.policy, NOON + 2 * DAY)
    assert {one.act for one in possible} == {"complete", "fail", "recall"} | (set() if signed else {"sign"})
    assert scenario.answers(A.COMPLETE, office=FAR, text="None is paid.", after=2 * DAY) is None
    assert (scenario.of(FAR).state, scenario.of(FAR).open_clocks()) == (ReferralState.COMPLETED, ())
    assert asks(scenario, after=3 * DAY) is None, "it can be asked again"


def test_nobody_else_is_done_before_taking_it_on() -> None:
    scenario = Scenario()
    assert code(scenario.answers(A.COMPLETE)) == "illegal_move"
    assert code(scenario.answers(A.FAIL, reason="not_held")) == "illegal_move"


def test_an_office_may_say_that_it_does_not_know() -> None:
    scenario = at_work(CONSENT)
    assert asks(scenario) is None
    assert scenario.answers(A.FAIL, office=FAR, reason="not_held", after=2 * DAY) is None
    assert scenario.of(FAR).state is ReferralState.FAILED
    assert scenario.of(EDUCATION).live


def test_a_withdrawal_ends_what_is_open_under_it_and_nothing_else() -> None:
    other = replace(CONSENT, id=UUID(int=7), purpose="status_check")
    scenario = at_work(CONSENT, other)
    assert asks(scenario) is None
    assert scenario.answers(A.REQUEST_CHECK, office_named=HEALTH, purpose="status_check", text="?", after=DAY) is None
    change = checks.end(scenario.change(2 * DAY), scenario.context, checks.CONSENT_WITHDRAWN, under={CONSENT.id})
    assert scenario.act(change) is None
    (ended,) = [event for event in scenario.last.events if isinstance(event, ReferralCancelled)]
    assert (ended.office, ended.reason) == (FAR, "consent_withdrawn")
    assert (scenario.of(FAR).open_clocks(), scenario.of(HEALTH).live) == ((), True)
    refused = scenario.answers(A.COMPLETE, office=FAR, text="too late", after=3 * DAY)
    assert refused is not None
    assert (refused.code, refused.facts["asked_by"]) == ("check_ended", EDUCATION)
    assert not checks.keeps_text(A.COMPLETE, scenario.of(FAR), refused=True)
    assert checks.keeps_text(A.COMPLETE, scenario.of(EDUCATION), refused=True)


def test_nobody_waits_for_it_when_the_lead_has_finished() -> None:
    scenario = at_work(CONSENT)
    assert asks(scenario) is None
    assert scenario.answers(A.RELEASE_CO, office_named=CIVIL_AFFAIRS, reason="no_longer_needed", after=2 * DAY) is None
    assert scenario.answers(A.COMPLETE, after=2 * DAY) is None
    assert (scenario.of(FAR).state, scenario.of(EDUCATION).state) == (ReferralState.CANCELLED, ReferralState.COMPLETED)


def test_it_is_asked_while_the_lead_waits_and_stays_when_the_case_gets_another_lead() -> None:
    scenario = at_work(CONSENT)
    assert scenario.answers(A.HOLD, reason="authority_conclusion", after=DAY) is None
    assert asks(scenario) is None
    assert scenario.answers(A.RESUME, after=2 * DAY) is None
    moved = scenario.answers(A.TRANSFER, office_named=HEALTH, reason="other_competence", after=2 * DAY)
    assert moved is None
    assert scenario.of(FAR).live


def test_where_offices_move_a_question_moves_too() -> None:
    scenario = at_work(CONSENT)
    assert asks(scenario) is None
    assert relocated(scenario.change(2 * DAY), scenario.context).events == ()


def test_a_window_asks_before_it_accepts_and_the_case_is_sent_by_the_rules_afterwards() -> None:
    scenario = Scenario()
    request = scenario.routing.request
    asked = CaseCheckRequested(
        state=CaseState.REGISTERED,
        case_id=CASE,
        check_id=UUID(int=99),
        office=FAR,
        purpose=PURPOSE,
        consent_id=CONSENT.id,
        consent=Consent.IN_PERSON,
        number=request.number,
        category=request.category,
        field=request.field,
        area=request.area,
        first_contact_office=request.first_contact_office,
        requested_at=NOON,
    )
    change = checks.ask_for_window(asked, None, NOON, scenario.context)
    assert change is not None
    (sent,) = [event for event in change.events if isinstance(event, ReferralDispatched)]
    assert (sent.referral_id, sent.role, sent.purpose) == (UUID(int=99), ReferralRole.CHECK, PURPOSE)
    assert not [event for event in change.events if isinstance(event, RoutingDecided)], (
        "nothing was decided of the case"
    )
    assert checks.ask_for_window(asked, change.routing, NOON, scenario.context) is None, "it is asked already"
    accepted = dispatch(request, NOON + DAY, scenario.context, change.routing)
    assert accepted.routing.lead is not None
    assert [one.role for one in accepted.routing.live_of(FAR)] == [ReferralRole.CHECK]
    assert checks.ask_for_window(asked, accepted.routing, NOON, scenario.context) is None, "the lead asks now"
    ended = checks.end(replace(accepted, at=NOON + 2 * DAY), scenario.context, checks.NOT_NEEDED)
    assert ended.routing.live_of(FAR) == ()
