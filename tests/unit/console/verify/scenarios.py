"""The cases that the oracle's tests look at: one of each kind of course, all of them right."""

from datetime import datetime, timedelta

from console.verify.snapshot import (
    CaseRow,
    ReceivedFeedbackRow,
    ReferralRow,
    ReferralStatusRow,
    Snapshot,
    TimerRow,
)
from contracts.clocks import ClockCancelled
from contracts.codes import CaseState, ClockKind, ClockStatus, Consent, Doubt, Field, ReferralRole, ReferralState
from contracts.events import cases, clocks, referrals, rejections
from contracts.events.alerts import SupervisionSupervised, SupervisionUrged
from contracts.refusals import FieldError
from contracts.reviews import ReviewResult
from contracts.topics import OFFICE_FEEDBACK
from tests.unit.console.verify.scenario import AREA, DAY, EDUCATION, MONDAY, PENSIONS, Scenario, known_as
from tests.unit.console.verify.snapshots import together

LEAD, CO = ReferralRole.LEAD, ReferralRole.CO


def closed(number: int = 1) -> Scenario:
    """From registration to closed, in time, with a co-handler; a submission and an answer were none."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.says("intake", a_rejection())
    scenario.says("routing", a_refusal())
    scenario.is_accepted()
    scenario.is_dispatched()
    scenario.is_recorded(LEAD, MONDAY + 9 * DAY)
    scenario.is_recorded(LEAD, MONDAY + 9 * DAY + timedelta(minutes=1))
    scenario.answers(referrals.ReferralSigned, LEAD, ReferralState.SIGNED)
    scenario.answers(referrals.ReferralCompleted, CO, ReferralState.COMPLETED)
    scenario.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    scenario.is_in_state(
        CaseState.RESOLVED,
        cases.CaseResolved(state=CaseState.RESOLVED, case_id=scenario.case_id, resolved_at=MONDAY + 9 * DAY, round=1),
    )
    scenario.begins("intake", ClockKind.CALLBACK, days=5, since=MONDAY + 9 * DAY)
    scenario.ends("intake", ClockKind.CALLBACK, MONDAY + 10 * DAY)
    scenario.is_in_state(
        CaseState.CLOSED,
        cases.CaseClosed(state=CaseState.CLOSED, case_id=scenario.case_id, closed_at=MONDAY + 10 * DAY),
    )
    return scenario


def a_rejection() -> rejections.SubmissionRejected:
    fault = FieldError(field="area", code="unknown_area", detail="no such area")
    place = rejections.RecordPlace(topic="intake.submissions.v1", partition=0, offset=7)
    return rejections.SubmissionRejected(record=place, faults=(fault,), rejected_at=MONDAY)


def a_refusal() -> rejections.FeedbackRejected:
    fault = FieldError(field="", code="not_json", detail="must be one JSON object")
    record = rejections.RecordPlace(topic=OFFICE_FEEDBACK.named(EDUCATION), partition=0, offset=7)
    return rejections.FeedbackRejected(office=EDUCATION, record=record, faults=(fault,), rejected_at=MONDAY)


def late(number: int = 2) -> Scenario:
    """Still open; the lead was reminded, its limit broke and was said to be broken, and now it has answered."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.alerts_of(ClockKind.HANDLING, clocks.ClockDueSoon, MONDAY + 18 * DAY)
    scenario.alerts_of(ClockKind.HANDLING, clocks.ClockBreached, MONDAY + 20 * DAY + timedelta(minutes=1))
    scenario.is_supervised(ClockKind.HANDLING, SupervisionUrged, MONDAY + 21 * DAY)
    lead, came = scenario.referral(LEAD), MONDAY + 39 * DAY
    scenario.received_feedback.append(
        ReceivedFeedbackRow(lead, EDUCATION, "f1", came, (ClockKind.HANDLING,), MONDAY + 41 * DAY)
    )
    return scenario


def paused(number: int = 3) -> Scenario:
    """Its clock stood still for a while and has still time."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.pauses(ClockKind.HANDLING, MONDAY + 5 * DAY)
    scenario.resumes(ClockKind.HANDLING, MONDAY + 35 * DAY, MONDAY + 50 * DAY)
    return scenario


def declined(number: int = 4) -> Scenario:
    scenario = Scenario(number)
    scenario.is_registered()
    no = cases.CaseNotAccepted(
        state=CaseState.NOT_ACCEPTED,
        case_id=scenario.case_id,
        reason="other",
        go_to="justice",
        declined_at=MONDAY + DAY,
    )
    scenario.is_in_state(CaseState.NOT_ACCEPTED, no)
    scenario.ends("intake", ClockKind.ACCEPTANCE, MONDAY + DAY)
    return scenario


def _taken_back(scenario: Scenario) -> Scenario:
    """By its applicant, while the lead has it."""
    gone = cases.CaseWithdrawn(
        state=CaseState.WITHDRAWN, case_id=scenario.case_id, reason="own_wish", withdrawn_at=MONDAY + 3 * DAY
    )
    scenario.is_in_state(CaseState.WITHDRAWN, gone)
    scenario.answers(referrals.ReferralCancelled, LEAD, ReferralState.CANCELLED, reason="withdrawn")
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 3 * DAY, ClockCancelled)
    return scenario


def withdrawn(number: int = 5) -> Scenario:
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    return _taken_back(scenario)


def failed(number: int = 6) -> Scenario:
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.answers(referrals.ReferralFailed, LEAD, ReferralState.FAILED, reason="not_eligible")
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    over = cases.CaseTerminated(
        state=CaseState.TERMINATED, case_id=scenario.case_id, reason="not_eligible", terminated_at=MONDAY + 9 * DAY
    )
    scenario.is_in_state(CaseState.TERMINATED, over)
    return scenario


def finished_late(number: int = 7) -> Scenario:
    """The breach was said, a pause after it changed nothing, and the lead finished at last."""
    scenario = late(number)
    scenario.pauses(ClockKind.HANDLING, MONDAY + 21 * DAY)
    scenario.resumes(ClockKind.HANDLING, MONDAY + 22 * DAY, MONDAY + 20 * DAY)
    scenario.change(TimerRow, scenario.clock(ClockKind.HANDLING), status=ClockStatus.BREACHED, next_alert=None)
    scenario.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 25 * DAY)
    resolved = cases.CaseResolved(
        state=CaseState.RESOLVED, case_id=scenario.case_id, resolved_at=MONDAY + 25 * DAY, round=1
    )
    scenario.is_in_state(CaseState.RESOLVED, resolved)
    return scenario


def cleared(number: int = 11) -> Scenario:
    """A breach was said for the time being, and taken back when the answer that had come in time was read."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.alerts_of(ClockKind.HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY, doubts=(Doubt.ANSWER,))
    scenario.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    scenario.alerts_of(ClockKind.HANDLING, clocks.ClockCleared, MONDAY + 22 * DAY, met_at=MONDAY + 9 * DAY)
    ended = {"status": ClockStatus.MET, "next_alert": None, "next_fire_at": None}
    scenario.change(TimerRow, scenario.clock(ClockKind.HANDLING), **ended)
    resolved = cases.CaseResolved(
        state=CaseState.RESOLVED, case_id=scenario.case_id, resolved_at=MONDAY + 9 * DAY, round=1
    )
    scenario.is_in_state(CaseState.RESOLVED, resolved)
    return scenario


def sent_on_late(number: int = 15) -> Scenario:
    """Nobody got it in the time for that, which was said before it was sent."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.begins("intake", ClockKind.DISPATCH, days=1, since=MONDAY - timedelta(hours=1))
    scenario.alerts_of(ClockKind.DISPATCH, clocks.ClockBreached, MONDAY + DAY - timedelta(minutes=1))
    scenario.is_dispatched(co=None)
    scenario.ends("intake", ClockKind.DISPATCH, MONDAY + DAY)
    return _taken_back(scenario)


def recounted(number: int = 9) -> Scenario:
    """A new calendar gave it another date."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.is_recounted(ClockKind.HANDLING, MONDAY + 5 * DAY, MONDAY + 45 * DAY)
    return scenario


def finished_at_the_last_instant(number: int = 8) -> Scenario:
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 20 * DAY)
    resolved = cases.CaseResolved(
        state=CaseState.RESOLVED, case_id=scenario.case_id, resolved_at=MONDAY + 20 * DAY, round=1
    )
    scenario.is_in_state(CaseState.RESOLVED, resolved)
    return scenario


def passed_on_late(number: int = 10) -> Scenario:
    """Its limit broke at one office; the next goes on with it, and is supervised further, without another breach."""
    scenario = late(number)
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 22 * DAY, ClockCancelled)
    scenario.begins("routing", ClockKind.REVIEW, days=20, continues=scenario.clock(ClockKind.HANDLING))
    at_the_next = {"status": ClockStatus.BREACHED, "next_alert": None, "next_fire_at": None}
    scenario.change(TimerRow, scenario.clock(ClockKind.REVIEW), **at_the_next)
    scenario.is_supervised(ClockKind.REVIEW, SupervisionSupervised, MONDAY + 25 * DAY)
    return scenario


def on_hold(number: int = 12) -> Scenario:
    """The lead waits for a hearing, and has to look at that again."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.answers(referrals.ReferralOnHold, LEAD, ReferralState.ON_HOLD, reason="hearing", stops_clock=True)
    scenario.pauses(ClockKind.HANDLING, MONDAY + 9 * DAY)
    scenario.begins("routing", ClockKind.HOLD_REVIEW, days=45, since=MONDAY + 9 * DAY)
    stands = cases.CaseSuspended(
        state=CaseState.SUSPENDED, case_id=scenario.case_id, reason="hearing", suspended_at=MONDAY + 9 * DAY
    )
    scenario.is_in_state(CaseState.SUSPENDED, stands)
    return scenario


def longer(number: int = 16) -> Scenario:
    """The lead asked for more time, and its head has granted it."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.answers(
        referrals.ReferralExtensionRequested,
        LEAD,
        ReferralState.IN_PROGRESS,
        asked="25d",
        approver="unit_head",
        reason="complex",
    )
    scenario.begins("routing", ClockKind.EXTENSION_DECISION, days=2, since=MONDAY + 9 * DAY)
    scenario.is_longer(ClockKind.HANDLING, MONDAY + 10 * DAY, MONDAY + 45 * DAY)
    scenario.ends("routing", ClockKind.EXTENSION_DECISION, MONDAY + 10 * DAY)
    return scenario


def checked(number: int = 17) -> Scenario:
    """Another office was asked about the applicant, who then withdrew the consent."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None, days=45)
    consent = {"case_id": scenario.case_id, "consent_id": scenario.case_id, "purpose": "means_check"}
    given = cases.CaseConsentGiven(
        state=CaseState.IN_PROGRESS, consent=Consent.WRITTEN, given_at=MONDAY + 2 * DAY, **consent
    )
    scenario.is_in_state(CaseState.IN_PROGRESS, given)
    asked = {"purpose": "means_check", "consent": Consent.WRITTEN, "consent_id": scenario.case_id}
    scenario.sends(ReferralRole.CHECK, PENSIONS, **asked)
    withdrawn_ = cases.CaseConsentWithdrawn(state=CaseState.IN_PROGRESS, withdrawn_at=MONDAY + 8 * DAY, **consent)
    scenario.is_in_state(CaseState.IN_PROGRESS, withdrawn_)
    cancelled = referrals.ReferralCancelled
    scenario.answers(cancelled, ReferralRole.CHECK, ReferralState.CANCELLED, reason="consent_withdrawn")
    return scenario


def reviewed(number: int = 18) -> Scenario:
    """The applicant did not accept the result, and another office has judged it."""
    scenario = Scenario(number)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    scenario.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    scenario.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    _is_resolved(scenario, MONDAY + 9 * DAY, 1)
    scenario.begins("intake", ClockKind.REVIEW_REQUEST, days=30, since=MONDAY + 9 * DAY)
    asked = cases.CaseReviewRequested(
        state=CaseState.ACCEPTED,
        case_id=scenario.case_id,
        requested_at=MONDAY + 15 * DAY,
        round=2,
        category="petition.review",
        category_before="petition.request",
        field=Field.PETITION,
        judged=(EDUCATION,),
    )
    scenario.is_in_state(CaseState.ACCEPTED, asked)
    scenario.ends("intake", ClockKind.REVIEW_REQUEST, MONDAY + 15 * DAY)
    _judges(scenario, PENSIONS, MONDAY + 15 * DAY)
    _is_resolved(scenario, MONDAY + 15 * DAY, 2)
    return scenario


def _is_resolved(scenario: Scenario, at: datetime, number: int) -> None:
    resolved = cases.CaseResolved(state=CaseState.RESOLVED, case_id=scenario.case_id, resolved_at=at, round=number)
    scenario.is_in_state(CaseState.RESOLVED, resolved)


def _judges(scenario: Scenario, office: str, at: datetime) -> None:
    """A referral beside the one whose result it judges."""
    id_ = known_as(4, scenario.number, 3)
    about = {
        "case_id": scenario.case_id,
        "referral_id": id_,
        "office": office,
        "role": LEAD,
        "round": 2,
        "at": at,
    }
    sent = {"number": "n", "category": "c", "field": Field.PETITION, "area": AREA, "decision_id": id_}
    dispatched = referrals.ReferralDispatched(state=ReferralState.DISPATCHED, **about, **sent)
    judged = referrals.ReferralCompleted(state=ReferralState.COMPLETED, **about, result=ReviewResult.UPHELD)
    for event in (dispatched, judged):
        scenario.says("routing", event, copies=(office,))
    scenario.keep(
        ReferralRow(id_, scenario.case_id, office, LEAD, ReferralState.COMPLETED, at, ended=True, by_hand=True)
    )
    scenario.keep(ReferralStatusRow(id_, scenario.case_id, office, ReferralState.COMPLETED))
    scenario.change(CaseRow, scenario.case_id, lead=id_)


def awaiting(number: int = 13) -> Scenario:
    """The applicant was told what is missing, and has time to bring it."""
    scenario = Scenario(number)
    scenario.is_registered()
    notice = cases.CaseSupplementRequested(
        state=CaseState.AWAITING_SUPPLEMENT, case_id=scenario.case_id, missing=("m",), requested_at=MONDAY + DAY
    )
    scenario.is_in_state(CaseState.AWAITING_SUPPLEMENT, notice)
    scenario.begins("intake", ClockKind.SUPPLEMENT, days=45, since=MONDAY + DAY)
    scenario.pauses(ClockKind.ACCEPTANCE, MONDAY + DAY)
    return scenario


SCENARIOS = (
    closed,
    late,
    paused,
    declined,
    withdrawn,
    failed,
    finished_late,
    finished_at_the_last_instant,
    recounted,
    passed_on_late,
    cleared,
    on_hold,
    awaiting,
    longer,
    checked,
    reviewed,
    sent_on_late,
)


def all_well() -> Snapshot:
    """Every course once, side by side."""
    return together(*(scenario() for scenario in SCENARIOS))
