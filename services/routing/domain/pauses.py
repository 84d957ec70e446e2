"""Since when a clock stands still or runs again, and how a pause that was wrongly reported is put right.

Whether a limit was kept is decided by when an answer was received, always. A hold and a resumption alone may say that
they happened before they were reported: not before the clock began, not before the hold that they end, and only a few
working days back. What comes after the limit has passed changes nothing about it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.codes import WORK, ClockStatus, FeedbackAction
from contracts.events.clocks import ClockRecalculated, PauseCorrection
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from libraries.clocks.clock import LegalClock, facts_of
from libraries.deadlines import BadQuestion, Pause
from libraries.deadlines.limits import sound
from libraries.policies import Policy
from libraries.policies.reasons import refused_reason
from services.routing.domain.referral import AppliedCorrection, Change, Referral, not_possible
from services.routing.domain.timing import Context

FAST_CLOCKS: Final = timedelta(minutes=5)
"""By so much the office's clock may be ahead of ours."""
LATE_REPORT: Final = "late_report"
CORRECTION: Final = "correct_pause"
PAUSE_CORRECTED: Final = "pause_corrected"
"""Why a clock was counted again."""
APPROVER: Final = "unit_head"


def since(feedback: Feedback, received_at: datetime) -> datetime:
    """When it happened, as far as that was checked."""
    return min(feedback.occurred_at or received_at, received_at)


def check_since(referral: Referral, feedback: Feedback, received_at: datetime, policy: Policy) -> Refused | None:
    """Whether a hold or a resumption may have happened when it says so."""
    happened = feedback.occurred_at
    clocks = referral.open_clocks(WORK)
    if happened is None or not clocks:
        return None
    earliest = _earliest(clocks, feedback.action)
    if happened > received_at + FAST_CLOCKS or happened < min(earliest, received_at):
        return Refused.of(Fault("occurred_at", "occurred_out_of_range", {"earliest": policy.calendar.local(earliest)}))
    if happened >= received_at:
        return None
    allowed = policy.late_reports.within.number
    calendar = policy.calendar_of(referral.office)
    ends = [clock.due(calendar).due_at for clock in clocks]
    # What happened after the end, or ends a pause from after it, gives nothing back whenever it is reported.
    if any(end is not None and happened <= end < received_at for end in ends):
        return Refused(code="reported_too_late", facts={"days": allowed})
    first, last = calendar.civil_day(happened), calendar.civil_day(received_at)
    if calendar.working_days_until(last) - calendar.working_days_until(first) > allowed:
        return Refused(code="reported_too_late", facts={"days": allowed})
    return _check_late_reason(feedback, policy) if first < last else None


def _earliest(clocks: Iterable[LegalClock], action: FeedbackAction) -> datetime:
    if action is FeedbackAction.HOLD:
        return max(clock.started_at for clock in clocks)
    begun = [clock.pauses[-1].start for clock in clocks if clock.status is ClockStatus.PAUSED]
    return max(begun, default=max(clock.started_at for clock in clocks))


def _check_late_reason(feedback: Feedback, policy: Policy) -> Refused | None:
    """Why it was not reported on its day stands in the attributes."""
    named = str(feedback.attributes.get("late_because", ""))
    return refused_reason(policy, named, LATE_REPORT, field="attributes.late_because", refusal="late_reason_missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedCorrection:
    """What a coordinator says of a pause that was wrongly reported."""

    pause: int
    start: datetime
    end: datetime | None
    reason: str
    approver: str


def correct_pause(change: Change, referral_id: UUID, context: Context, wanted: RequestedCorrection) -> Change | Refused:
    """Another pause in the place of a wrong one, told as an event of its own; what stood there stays on record.

    A pause that never was begins and ends at one moment. One that still lasts is ended by resuming, not here.
    """
    referral = change.routing.referral(referral_id)
    clock = next(iter(referral.open_clocks(WORK)), None)
    if clock is None:
        return not_possible(referral, "correct-pause")
    if not 0 <= wanted.pause < len(clock.pauses):
        return Refused.of(Fault("pause", "unknown_pause", {"count": len(clock.pauses)}))
    was = clock.pauses[wanted.pause]
    if fault := _fault(wanted, was, clock, change.at) or _unproved(wanted, context.policy):
        return fault
    now = replace(was, start=wanted.start, end=wanted.end)
    before = clock.announced(context.policy.calendar_of(clock.office)).due_at
    after = clock.correct(wanted.pause, now)
    said = ClockRecalculated(
        case_id=change.case_id,
        clocks=facts_of([after], context.policy),
        previous_due_at=(before,),
        reason=PAUSE_CORRECTED,
        recalculated_at=change.at,
        correction=PauseCorrection(
            pause=wanted.pause,
            was_start=was.start,
            was_end=was.end,
            start=now.start,
            end=now.end,
            reason=wanted.reason,
            approver=wanted.approver,
        ),
    )
    corrected = AppliedCorrection(
        referral_id=referral_id,
        clock_id=after.id,
        version=after.version,
        pause=wanted.pause,
        was=was,
        now=now,
        reason=wanted.reason,
        approver=wanted.approver,
        at=change.at,
        by=change.by.office,
    )
    clocks = tuple(after if one.id == clock.id else one for one in referral.clocks)
    changed = change.with_referral(replace(referral, clocks=clocks)).emit(said)
    return replace(changed, corrections=(*changed.corrections, corrected))


def _fault(wanted: RequestedCorrection, was: Pause, clock: LegalClock, at: datetime) -> Refused | None:
    """What is wrong with the moments themselves."""
    try:
        _check_moments(wanted, was, clock, at)
    except BadQuestion as error:
        return broken(error)
    return None


def broken(error: BadQuestion) -> Refused:
    """What was said of time makes no sense: which field broke which rule."""
    return Refused.of(error.fault)


def _check_moments(wanted: RequestedCorrection, was: Pause, clock: LegalClock, at: datetime) -> None:
    """Raises `BadQuestion`."""
    start, end = sound("start", wanted.start), sound("end", wanted.end) if wanted.end is not None else None
    if was.end is None and end is not None:
        raise BadQuestion("end", "pause_lasts")
    if was.end is not None and end is None:
        raise BadQuestion("end", "pause_is_over")
    if start < clock.started_at:
        raise BadQuestion("start", "pause_before_start")
    if start > at:
        raise BadQuestion("start", "pause_ahead")
    if end is not None and end < start:
        raise BadQuestion("end", "pause_order")
    if end is not None and end > at:
        raise BadQuestion("end", "pause_ahead")


def _unproved(wanted: RequestedCorrection, policy: Policy) -> Refused | None:
    if wanted.approver != APPROVER:
        return Refused.of(Fault("approver", "approver_missing", {"approver": APPROVER}))
    return refused_reason(policy, wanted.reason, CORRECTION)
