"""What an office's answer makes true, by whichever road it came."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from contracts.codes import OF_LEADS, RETURN_RIGHTS, Door, FeedbackAction, FeedbackOutcome, ReferralRole, Role
from contracts.events.base import Actor
from contracts.events.referrals import (
    FeedbackReceived,
    ReferralAccepted,
    ReferralCompleted,
    ReferralEvent,
    ReferralFailed,
    ReferralOnHold,
    ReferralProgressReported,
    ReferralResumed,
    ReferralReturnRequested,
    ReferralSigned,
    RoutingArbitrationRequested,
)
from contracts.events.rejections import RecordPlace
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from contracts.tracing import Trace
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.moving import had
from libraries.policies.reasons import refused_reason
from services.routing.domain import checks, classifying, extension, lead_acts, reviewing
from services.routing.domain.deciders import asked_to_decide, decides_itself
from services.routing.domain.dispatching import recall
from services.routing.domain.lead_limit import cap_co_handlers
from services.routing.domain.pauses import check_since, since
from services.routing.domain.possible import with_possible
from services.routing.domain.referral import Change, Referral, Routing, not_possible
from services.routing.domain.states import BY_OFFICE, Move
from services.routing.domain.timing import Context, apply_triggers

FOREIGN: Final = Fault("referral_id", "unknown_referral")
"""The same where there is no such referral and where it is another office's: nobody learns what others have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFeedback:
    """An answer to a referral of its sender, as it reached our edge; the topic or the token says who that is."""

    sender: str
    feedback: Feedback
    received_at: datetime
    record: RecordPlace | None = None
    """Where it lies, if it came by Kafka."""
    door: Door = Door.KAFKA
    role: Role = Role.OFFICER
    post: str = ""
    subject: str = ""
    """Of the token; on Kafka the topic alone says who speaks."""
    trace: Trace | None = None

    @property
    def by(self) -> Actor:
        return Actor(door=self.door, role=self.role, office=self.sender, post=self.post)


def not_before_dispatch(answer: ReceivedFeedback, routing: Routing) -> ReceivedFeedback:
    """Nobody can have answered what was not sent yet, whatever a clock somewhere says."""
    sent = routing.referral(answer.feedback.referral_id).dispatched_at
    return answer if answer.received_at >= sent else replace(answer, received_at=sent)


def take(routing: Routing, answer: ReceivedFeedback, context: Context) -> tuple[Change, Refused | None]:
    """What the answer made true, in events that name it; of a refused one only that it was refused."""
    change = Change(routing=routing, at=answer.received_at, by=answer.by)
    refused = _refusal(routing, answer, context)
    if refused is not None:
        refused = with_possible(refused, routing, answer.feedback.referral_id, context.policy, answer.received_at)
        return change.emit(received(routing, answer, FeedbackOutcome.REFUSED, refused)), refused
    return cap_co_handlers(_EFFECTS[answer.feedback.action](change, answer.feedback, context), context.policy), None


def received(
    routing: Routing, answer: ReceivedFeedback, outcome: FeedbackOutcome, refused: Refused | None = None
) -> FeedbackReceived:
    return FeedbackReceived(
        case_id=routing.request.case_id,
        referral_id=answer.feedback.referral_id,
        feedback_id=answer.feedback.feedback_id,
        sender=answer.sender,
        action=answer.feedback.action,
        outcome=outcome,
        received_at=answer.received_at,
        code=refused.code if refused is not None else None,
        possible=refused.possible if refused is not None else (),
    )


def _refusal(routing: Routing, answer: ReceivedFeedback, context: Context) -> Refused | None:
    feedback = answer.feedback
    referral = routing.referral(feedback.referral_id)
    if not _own(answer, routing, referral, context.policy):
        # It went to another office after somebody had looked whose it is.
        return Refused.of(FOREIGN)
    if not referral.live:
        return checks.over(referral) or Refused(code="referral_ended", facts={"state": referral.state})
    move = BY_OFFICE[feedback.action]
    if referral.role is ReferralRole.INFO and move is not Move.SIGN:
        return Refused(code="copy_needs_no_answer")
    if not referral.may(move) and not (move is Move.EXTEND and referral.extension is not None):
        return not_possible(referral, feedback.action.value)
    check = _CHECKS.get(feedback.action)
    return check(routing, referral, answer, context) if check is not None else None


def _own(answer: ReceivedFeedback, routing: Routing, referral: Referral, policy: Policy) -> bool:
    """Whether the sender has the referral, or had it when the answer came, before its area moved away."""
    if policy.same_office(answer.sender, referral.office):
        return True
    return had(policy, answer.sender, routing.request.area, heir=referral.office, at=answer.received_at)


def _check_reason(feedback: Feedback, context: Context) -> Refused | None:
    return refused_reason(context.policy, feedback.reason, feedback.action.value)


def _check_return(routing: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    if referral.return_locked:
        return Refused(code="return_locked")
    if decides_itself(routing, referral, context.policy):
        return Refused(code="decides_itself")
    window = next((clock for clock in referral.clocks if clock.kind in RETURN_RIGHTS), None)
    until = window.due(context.policy.calendar_of(window.office)).due_at if window is not None else None
    if until is None or answer.received_at > until:
        return Refused(code="return_window_over", facts={"until": context.policy.calendar.local_or_none(until)})
    return _check_reason(answer.feedback, context)


def _check_with_reason(_: Routing, __: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    return _check_reason(answer.feedback, context)


def _check_hold(_: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    feedback = answer.feedback
    if refused := _check_reason(feedback, context):
        return refused
    stops = _stopped(referral, feedback, context)
    return check_since(referral, feedback, answer.received_at, context.policy) if stops else None


def _stopped(referral: Referral, feedback: Feedback, context: Context) -> bool:
    """Whether the reason stops a clock that runs."""
    return bool(referral.open_clocks(context.policy.reasons[feedback.reason].stops))


def _check_resume(_: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    return check_since(referral, answer.feedback, answer.received_at, context.policy)


def _check_complete(routing: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    if referral.role is ReferralRole.CHECK and not answer.feedback.text.strip():
        return Refused.of(Fault("text", "answer_missing"))
    if referral.role is ReferralRole.LEAD and routing.open_co_handlers:
        offices = sorted(co.office for co in routing.open_co_handlers)
        return Refused(code="co_handlers_open", facts={"offices": offices})
    if referral.role is ReferralRole.LEAD and context.policy.unclassified(routing.request.category):
        return Refused(code="classify_first")
    return reviewing.check_result(routing, referral, answer.feedback, context.policy)


def _check_extend(routing: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    return extension.check_request(routing, referral, answer.feedback, answer.received_at, context.policy)


def _check_lead(routing: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    return lead_acts.check(routing, referral, answer.feedback, answer.received_at, context.policy)


def _check_classify(routing: Routing, referral: Referral, answer: ReceivedFeedback, context: Context) -> Refused | None:
    return classifying.check(routing, referral, answer.feedback, context.policy)


_CHECKS: Final[Mapping[FeedbackAction, Callable[[Routing, Referral, ReceivedFeedback, Context], Refused | None]]] = (
    MappingProxyType(
        {
            FeedbackAction.RETURN: _check_return,
            FeedbackAction.HOLD: _check_hold,
            FeedbackAction.RESUME: _check_resume,
            FeedbackAction.FAIL: _check_with_reason,
            FeedbackAction.EXTEND: _check_extend,
            FeedbackAction.COMPLETE: _check_complete,
            FeedbackAction.CLASSIFY: _check_classify,
            **dict.fromkeys(OF_LEADS, _check_lead),
        }
    )
)


def _step(change: Change, feedback: Feedback, event: type[ReferralEvent], **more: Any) -> Change:
    """The move that the action stands for, and the event that says so."""
    moved = change.transition(feedback.referral_id, BY_OFFICE[feedback.action])
    return moved.emit_for(feedback.referral_id, event, feedback_id=feedback.feedback_id, **more)


def _sign(change: Change, feedback: Feedback, context: Context) -> Change:
    return apply_triggers(
        _step(change, feedback, ReferralSigned), feedback.referral_id, context, Trigger.REFERRAL_SIGNED
    )


def _accept(change: Change, feedback: Feedback, context: Context) -> Change:
    change = _step(change, feedback, ReferralAccepted)
    change = change.with_referral(replace(change.routing.referral(feedback.referral_id), deemed=False))
    return apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_ACCEPTED)


def _return(change: Change, feedback: Feedback, context: Context) -> Change:
    """The sender decides; when the office that got it instead returns it too, the common superior does."""
    change = _step(change, feedback, ReferralReturnRequested, reason=feedback.reason)
    referral = change.routing.referral(feedback.referral_id)
    decides = asked_to_decide(change.routing, referral, context.policy)
    if change.routing.contested(referral):
        asked = RoutingArbitrationRequested(
            case_id=change.case_id, referral_id=referral.id, arbiter=decides, requested_at=change.at
        )
        change = change.emit(asked)
    return apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_RETURN_REQUESTED, office=decides)


def _progress(change: Change, feedback: Feedback, context: Context) -> Change:
    change = _step(change, feedback, ReferralProgressReported)
    return apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_PROGRESS_REPORTED)


def _hold(change: Change, feedback: Feedback, context: Context) -> Change:
    stops = _stopped(change.routing.referral(feedback.referral_id), feedback, context)
    change = _step(change, feedback, ReferralOnHold, reason=feedback.reason, stops_clock=stops)
    if stops:
        reason = context.policy.reasons[feedback.reason]
        clocks = change.clocks_of(feedback.referral_id)
        paused = clocks.pause(reason.stops, reason.code, context.policy, since=since(feedback, change.at))
        change = change.with_clocks(feedback.referral_id, paused)
    return apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_ON_HOLD, reason=feedback.reason)


def _resume(change: Change, feedback: Feedback, context: Context) -> Change:
    change = _step(change, feedback, ReferralResumed)
    clocks = change.clocks_of(feedback.referral_id).resume(context.policy, since=since(feedback, change.at))
    change = change.with_clocks(feedback.referral_id, clocks)
    return apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_RESUMED)


def _complete(change: Change, feedback: Feedback, context: Context) -> Change:
    change = _step(change, feedback, ReferralCompleted, result=reviewing.result_of(feedback))
    change = apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_COMPLETED)
    lead = change.routing.referral(feedback.referral_id).role is ReferralRole.LEAD
    return checks.end(change, context, checks.NOT_NEEDED) if lead else change


def _fail(change: Change, feedback: Feedback, context: Context) -> Change:
    """It cannot be done. If the lead says so, nobody else needs to go on."""
    change = _step(change, feedback, ReferralFailed, reason=feedback.reason)
    change = apply_triggers(change, feedback.referral_id, context, Trigger.REFERRAL_FAILED)
    if change.routing.referral(feedback.referral_id).role is not ReferralRole.LEAD:
        return change
    for other in change.routing.open_co_handlers:
        change = recall(change, other.id, context, "recalled")
    return checks.end(change, context, checks.NOT_NEEDED)


_EFFECTS: Final[Mapping[FeedbackAction, Callable[[Change, Feedback, Context], Change]]] = MappingProxyType(
    {
        FeedbackAction.SIGN: _sign,
        FeedbackAction.ACCEPT: _accept,
        FeedbackAction.RETURN: _return,
        FeedbackAction.PROGRESS: _progress,
        FeedbackAction.HOLD: _hold,
        FeedbackAction.RESUME: _resume,
        FeedbackAction.EXTEND: extension.ask,
        FeedbackAction.COMPLETE: _complete,
        FeedbackAction.FAIL: _fail,
        FeedbackAction.CLASSIFY: classifying.classify,
        **lead_acts.EFFECTS,
    }
)
