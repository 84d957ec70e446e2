"""The cases that the oracle's tests look at: one of each kind of course, all of them right."""

from datetime import timedelta

from console.verify.snapshot import Facts, ReceiptRow, WatchRow
from contracts.clocks import ClockCancelled
from contracts.codes import CaseState, ClockKind, ClockStatus, Doubt, ReferralRole, ReferralState
from contracts.events import cases, clocks, referrals, rejections
from contracts.events.alerts import SupervisionSupervised, SupervisionUrged
from contracts.refusals import FieldError
from contracts.topics import OFFICE_FEEDBACK
from tests.unit.console.verify.histories import DAY, EDUCATION, MONDAY, History
from tests.unit.console.verify.look import together

LEAD, CO = ReferralRole.LEAD, ReferralRole.CO


def closed(number: int = 1) -> History:
    """From registration to closed, in time, with a co-handler; a submission and an answer were none."""
    told = History(number)
    told.is_registered()
    told.says("intake", a_rejection())
    told.says("routing", a_refusal())
    told.is_accepted()
    told.is_dispatched()
    told.is_heard(LEAD, MONDAY + 9 * DAY)
    told.is_heard(LEAD, MONDAY + 9 * DAY + timedelta(minutes=1))
    told.answers(referrals.ReferralSigned, LEAD, ReferralState.SIGNED)
    told.answers(referrals.ReferralCompleted, CO, ReferralState.COMPLETED)
    told.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    told.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    told.is_in_state(
        CaseState.RESOLVED,
        cases.CaseResolved(state=CaseState.RESOLVED, case_id=told.case_id, resolved_at=MONDAY + 9 * DAY, round=1),
    )
    told.begins("intake", ClockKind.CALLBACK, days=5, since=MONDAY + 9 * DAY)
    told.ends("intake", ClockKind.CALLBACK, MONDAY + 10 * DAY)
    told.is_in_state(
        CaseState.CLOSED, cases.CaseClosed(state=CaseState.CLOSED, case_id=told.case_id, closed_at=MONDAY + 10 * DAY)
    )
    return told


def a_rejection() -> rejections.SubmissionRejected:
    fault = FieldError(field="area", code="unknown_area", detail="no such area")
    place = rejections.RecordPlace(topic="intake.submissions.v1", partition=0, offset=7)
    return rejections.SubmissionRejected(record=place, faults=(fault,), rejected_at=MONDAY)


def a_refusal() -> rejections.FeedbackRejected:
    fault = FieldError(field="", code="not_json", detail="must be one JSON object")
    record = rejections.RecordPlace(topic=OFFICE_FEEDBACK.named(EDUCATION), partition=0, offset=7)
    return rejections.FeedbackRejected(office=EDUCATION, record=record, faults=(fault,), rejected_at=MONDAY)


def late(number: int = 2) -> History:
    """Still open; the lead was reminded, its limit broke and was said to be broken, and now it has answered."""
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.alerts_of(ClockKind.HANDLING, clocks.ClockDueSoon, MONDAY + 18 * DAY)
    told.alerts_of(ClockKind.HANDLING, clocks.ClockBreached, MONDAY + 20 * DAY + timedelta(minutes=1))
    told.is_supervised(ClockKind.HANDLING, SupervisionUrged, MONDAY + 21 * DAY)
    lead, came = told.referral(LEAD), MONDAY + 39 * DAY
    told.receipts.append(ReceiptRow(lead, EDUCATION, "f1", came, (ClockKind.HANDLING,), MONDAY + 41 * DAY))
    return told


def paused(number: int = 3) -> History:
    """Its clock stood still for a while and has still time."""
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.pauses(ClockKind.HANDLING, MONDAY + 5 * DAY)
    told.resumes(ClockKind.HANDLING, MONDAY + 35 * DAY, MONDAY + 50 * DAY)
    return told


def declined(number: int = 4) -> History:
    told = History(number)
    told.is_registered()
    no = cases.CaseNotAccepted(
        state=CaseState.NOT_ACCEPTED, case_id=told.case_id, reason="other", go_to="justice", declined_at=MONDAY + DAY
    )
    told.is_in_state(CaseState.NOT_ACCEPTED, no)
    told.ends("intake", ClockKind.ACCEPTANCE, MONDAY + DAY)
    return told


def _taken_back(told: History) -> History:
    """By its applicant, while the lead has it."""
    gone = cases.CaseWithdrawn(
        state=CaseState.WITHDRAWN, case_id=told.case_id, reason="own_wish", withdrawn_at=MONDAY + 3 * DAY
    )
    told.is_in_state(CaseState.WITHDRAWN, gone)
    told.answers(referrals.ReferralCancelled, LEAD, ReferralState.CANCELLED, reason="withdrawn")
    told.ends("routing", ClockKind.HANDLING, MONDAY + 3 * DAY, ClockCancelled)
    return told


def withdrawn(number: int = 5) -> History:
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    return _taken_back(told)


def failed(number: int = 6) -> History:
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.answers(referrals.ReferralFailed, LEAD, ReferralState.FAILED, reason="not_eligible")
    told.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    over = cases.CaseTerminated(
        state=CaseState.TERMINATED, case_id=told.case_id, reason="not_eligible", terminated_at=MONDAY + 9 * DAY
    )
    told.is_in_state(CaseState.TERMINATED, over)
    return told


def finished_late(number: int = 7) -> History:
    """The breach was said, a pause after it changed nothing, and the lead finished at last."""
    told = late(number)
    told.pauses(ClockKind.HANDLING, MONDAY + 21 * DAY)
    told.resumes(ClockKind.HANDLING, MONDAY + 22 * DAY, MONDAY + 20 * DAY)
    told.change(WatchRow, told.clock(ClockKind.HANDLING), status=ClockStatus.BREACHED, next_alert=None)
    told.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    told.ends("routing", ClockKind.HANDLING, MONDAY + 25 * DAY)
    resolved = cases.CaseResolved(
        state=CaseState.RESOLVED, case_id=told.case_id, resolved_at=MONDAY + 25 * DAY, round=1
    )
    told.is_in_state(CaseState.RESOLVED, resolved)
    return told


def cleared(number: int = 11) -> History:
    """A breach was said for the time being, and taken back when the answer that had come in time was read."""
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.alerts_of(ClockKind.HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY, doubts=(Doubt.ANSWER,))
    told.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    told.ends("routing", ClockKind.HANDLING, MONDAY + 9 * DAY)
    told.alerts_of(ClockKind.HANDLING, clocks.ClockCleared, MONDAY + 22 * DAY, met_at=MONDAY + 9 * DAY)
    ended = {"status": ClockStatus.MET, "next_alert": None, "next_fire_at": None}
    told.change(WatchRow, told.clock(ClockKind.HANDLING), **ended)
    resolved = cases.CaseResolved(state=CaseState.RESOLVED, case_id=told.case_id, resolved_at=MONDAY + 9 * DAY, round=1)
    told.is_in_state(CaseState.RESOLVED, resolved)
    return told


def sent_on_late(number: int = 15) -> History:
    """Nobody got it in the time for that, which was said before it was sent."""
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.begins("intake", ClockKind.DISPATCH, days=1, since=MONDAY - timedelta(hours=1))
    told.alerts_of(ClockKind.DISPATCH, clocks.ClockBreached, MONDAY + DAY - timedelta(minutes=1))
    told.is_dispatched(co=None)
    told.ends("intake", ClockKind.DISPATCH, MONDAY + DAY)
    return _taken_back(told)


def recounted(number: int = 9) -> History:
    """A new calendar gave it another date."""
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.is_recounted(ClockKind.HANDLING, MONDAY + 5 * DAY, MONDAY + 45 * DAY)
    return told


def finished_at_the_last_instant(number: int = 8) -> History:
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.answers(referrals.ReferralCompleted, LEAD, ReferralState.COMPLETED)
    told.ends("routing", ClockKind.HANDLING, MONDAY + 20 * DAY)
    resolved = cases.CaseResolved(
        state=CaseState.RESOLVED, case_id=told.case_id, resolved_at=MONDAY + 20 * DAY, round=1
    )
    told.is_in_state(CaseState.RESOLVED, resolved)
    return told


def passed_on_late(number: int = 10) -> History:
    """Its limit broke at one office; the next goes on with it, and is supervised further, without another breach."""
    told = late(number)
    told.ends("routing", ClockKind.HANDLING, MONDAY + 22 * DAY, ClockCancelled)
    told.begins("routing", ClockKind.REVIEW, days=20, continues=told.clock(ClockKind.HANDLING))
    at_the_next = {"status": ClockStatus.BREACHED, "next_alert": None, "next_fire_at": None}
    told.change(WatchRow, told.clock(ClockKind.REVIEW), **at_the_next)
    told.is_supervised(ClockKind.REVIEW, SupervisionSupervised, MONDAY + 25 * DAY)
    return told


def on_hold(number: int = 12) -> History:
    """The lead waits for a hearing, and has to look at that again."""
    told = History(number)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    told.answers(referrals.ReferralOnHold, LEAD, ReferralState.ON_HOLD, reason="hearing", stops_clock=True)
    told.pauses(ClockKind.HANDLING, MONDAY + 9 * DAY)
    told.begins("routing", ClockKind.HOLD_REVIEW, days=45, since=MONDAY + 9 * DAY)
    stands = cases.CaseSuspended(
        state=CaseState.SUSPENDED, case_id=told.case_id, reason="hearing", suspended_at=MONDAY + 9 * DAY
    )
    told.is_in_state(CaseState.SUSPENDED, stands)
    return told


def awaiting(number: int = 13) -> History:
    """The applicant was told what is missing, and has time to bring it."""
    told = History(number)
    told.is_registered()
    notice = cases.CaseSupplementRequested(
        state=CaseState.AWAITING_SUPPLEMENT, case_id=told.case_id, missing=("m",), requested_at=MONDAY + DAY
    )
    told.is_in_state(CaseState.AWAITING_SUPPLEMENT, notice)
    told.begins("intake", ClockKind.SUPPLEMENT, days=45, since=MONDAY + DAY)
    told.pauses(ClockKind.ACCEPTANCE, MONDAY + DAY)
    return told


COURSES = (
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
    sent_on_late,
)


def all_well() -> Facts:
    """Every course once, side by side."""
    return together(*(course() for course in COURSES))
