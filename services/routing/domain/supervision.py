"""What silence makes true, and what a coordinator may decide."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from contracts.codes import RETURN_RIGHTS, ReferralRole, Sending
from contracts.events.referrals import (
    ReferralDeemedAccepted,
    ReferralReassigned,
    ReferralResumed,
    ReferralReturned,
    ReferralReturnRefused,
    RoutingOverridden,
)
from contracts.refusals import Fault, Refused
from libraries.policies.clock_rules import Trigger
from libraries.policies.decision import RoutingDecision, Step
from libraries.policies.reasons import refused_reason
from services.routing.domain.dispatching import RANKS, recall, send
from services.routing.domain.referral import Change, Referral, Routing, not_possible
from services.routing.domain.reviewing import cannot_judge, decide_anew
from services.routing.domain.states import Move
from services.routing.domain.timing import Context, accepting, apply_triggers

COORDINATOR_DECISION: Final = "coordinator_decision"
"""The policy's reason when a coordinator names none that is more special."""
COORDINATOR: Final = "coordinator"
"""Stands in the place of a rule where somebody decided instead of the rules."""


def deem_accepted(change: Change, referral_id: UUID, context: Context) -> Change:
    """Silence is acceptance (视为接收), once the time to sign or to object has passed at `change.at`.

    The signing clock runs on: that nobody signed in time is a fact of its own, and ends with the office's first word.
    The time to object ends by itself, as a right that was not used.
    """
    referral = change.routing.referral(referral_id)
    calendar = context.policy.calendar_of(referral.office)
    ends = {clock.kind: clock.due(calendar).due_at for clock in referral.open_clocks(accepting(change, context))}
    passed = {kind for kind, end in ends.items() if end is not None and change.at > end}
    rights = passed & RETURN_RIGHTS
    if rights:
        change = change.with_clocks(referral_id, change.clocks_of(referral_id).cancel(rights))
        referral = change.routing.referral(referral_id)
    unanswered = passed - RETURN_RIGHTS and referral.may(Move.SIGN) and not referral.deemed
    if not (unanswered or rights) or not referral.may(Move.DEEM_ACCEPTED):
        return change.lapsed()
    change = change.transition(referral_id, Move.DEEM_ACCEPTED, deemed=True)
    change = change.emit_for(referral_id, ReferralDeemedAccepted)
    return apply_triggers(change, referral_id, context, Trigger.REFERRAL_DEEMED_ACCEPTED)


def decide_return(
    change: Change, referral_id: UUID, context: Context, *, approve: bool, reason: str, to: str | None
) -> Change | Refused:
    """The word of who decides on a return: to another office, or it stays and cannot be returned again."""
    referral = change.routing.referral(referral_id)
    if refused := _undecidable(referral, approve=approve):
        return refused
    if not approve:
        reason = reason or COORDINATOR_DECISION
        return refused_reason(context.policy, reason, "return_refused") or _kept(change, referral, context, reason)
    if refused := misplaced(change, referral, context, to) or _again(change.routing, referral, context, to):
        return refused
    reason = reason or "not_competent"
    return refused_reason(context.policy, reason, "return") or _returned(change, referral, context, reason, to=to)


def arbitrate(change: Change, referral_id: UUID, context: Context, *, to: str, reason: str) -> Change | Refused:
    """The superior's word is the last: whoever gets the referral cannot return it, and nobody else sends it on."""
    referral = change.routing.referral(referral_id)
    if refused := _undecidable(referral, approve=to != referral.office):
        return refused
    if not change.routing.contested(referral):
        return Refused(code="nothing_to_arbitrate")
    if unknown := refused_reason(context.policy, reason, "arbitrate"):
        return unknown
    if to == referral.office:
        return _kept(change, referral, context, reason, arbitrated=True)
    return misplaced(change, referral, context, to) or _returned(
        change, referral, context, reason, to=to, arbitrated=True
    )


def _undecidable(referral: Referral, *, approve: bool) -> Refused | None:
    if referral.may(Move.APPROVE_RETURN if approve else Move.REFUSE_RETURN):
        return None
    return not_possible(referral, "decide-return")


def _kept(change: Change, referral: Referral, context: Context, reason: str, *, arbitrated: bool = False) -> Change:
    settled_by = change.by.office if arbitrated else referral.arbitrated_by
    change = change.transition(referral.id, Move.REFUSE_RETURN, return_locked=True, arbitrated_by=settled_by)
    change = change.emit_for(referral.id, ReferralReturnRefused, reason=reason, arbitrated=arbitrated)
    return apply_triggers(change, referral.id, context, Trigger.REFERRAL_RETURN_REFUSED)


def _returned(
    change: Change, referral: Referral, context: Context, reason: str, *, to: str | None, arbitrated: bool = False
) -> Change:
    change = change.transition(referral.id, Move.APPROVE_RETURN)
    change = change.emit_for(referral.id, ReferralReturned, reason=reason, arbitrated=arbitrated)
    change = apply_triggers(change, referral.id, context, Trigger.REFERRAL_RETURNED)
    return send_on(change, referral.id, context, to=to, arbitrated_by=change.by.office if arbitrated else None)


def misplaced(change: Change, referral: Referral, context: Context, to: str | None) -> Refused | None:
    """Whether the office cannot take the part over that another gives up."""
    if to is None:
        return None
    if to not in context.policy.offices:
        return Refused.of(Fault("to", "unknown_office"))
    if to == referral.office:
        return Refused(code="same_office")
    if refused := cannot_judge(change.routing, referral.role, to, context.policy):
        return refused
    present = change.routing.leg_of(to)
    if present is None or RANKS.index(present.role) > RANKS.index(referral.role):
        return None
    return Refused(code="office_has_leg", facts={"role": present.role})


def _again(routing: Routing, referral: Referral, context: Context, to: str | None) -> Refused | None:
    """A case does not go to and fro: an office that returned this part gets it back by a word that settles it."""
    gave_up = routing.returned_by(referral.role) | {referral.office}
    if to is None and referral.role is ReferralRole.LEAD:
        to = decide_anew(routing, context.policy, without=routing.refused_by | {referral.office}).lead
    return Refused(code="returned_before") if to in gave_up else None


def reassign(change: Change, referral_id: UUID, context: Context, *, to: str, reason: str) -> Change | Refused:
    """A coordinator sends a live lead elsewhere than the rules did."""
    referral = change.routing.referral(referral_id)
    if not referral.may(Move.CANCEL):
        return not_possible(referral, "reassign")
    if referral.role is not ReferralRole.LEAD:
        return Refused(code="only_the_lead")
    if refused := misplaced(change, referral, context, to) or refused_reason(context.policy, reason, "reassign"):
        return refused
    change = change.emit_for(referral_id, ReferralReassigned, to=to, reason=reason)
    change = change.emit(
        RoutingOverridden(
            case_id=change.case_id, referral_id=referral_id, lead=to, reason=reason, overridden_at=change.at
        )
    )
    change = recall(change, referral_id, context, "recalled")
    return send_on(change, referral_id, context, to=to, arbitrated_by=referral.arbitrated_by)


def take_back(change: Change, referral_id: UUID, context: Context, *, reason: str) -> Change | Refused:
    """A co-handler or a copy is not needed any more. A lead is reassigned: a case is never without an owner."""
    referral = change.routing.referral(referral_id)
    if not referral.may(Move.CANCEL):
        return not_possible(referral, "recall")
    if referral.role is ReferralRole.LEAD:
        return Refused(code="lead_needs_successor")
    return refused_reason(context.policy, reason, "cancel") or recall(change, referral_id, context, reason)


def go_on(change: Change, referral_id: UUID, context: Context, *, reason: str) -> Change | Refused:
    """A coordinator ends a hold that its office forgot: the way out of a wait whose review was missed."""
    referral = change.routing.referral(referral_id)
    if not referral.may(Move.RESUME):
        return not_possible(referral, Move.RESUME.value)
    if unknown := refused_reason(context.policy, reason or COORDINATOR_DECISION, "resume"):
        return unknown
    change = change.transition(referral_id, Move.RESUME)
    change = change.emit_for(referral_id, ReferralResumed, reason=reason or COORDINATOR_DECISION)
    clocks = change.clocks_of(referral_id).resume(context.policy, since=change.at)
    change = change.with_clocks(referral_id, clocks)
    return apply_triggers(change, referral_id, context, Trigger.REFERRAL_RESUMED)


def send_on(
    change: Change,
    referral_id: UUID,
    context: Context,
    *,
    to: str | None,
    arbitrated_by: str | None = None,
    sent_as: Sending = Sending.DISPATCH,
) -> Change:
    """The next office. A co-handler that is not competent is simply no longer needed, unless another is named."""
    referral = change.routing.referral(referral_id)
    if to is None:
        if referral.role is not ReferralRole.LEAD:
            return change
        decision = decide_anew(change.routing, context.policy, without=change.routing.refused_by)
        return send(change, _without_others(decision), context, instead_of=referral)
    step = Step(looked_at=COORDINATOR, outcome=f"{referral.role.value}: {to}")
    decision = RoutingDecision(rule=COORDINATOR, lead=to, trace=(step,))
    lead = change.routing.lead
    if referral.role is not ReferralRole.LEAD and lead is not None:
        decision = RoutingDecision(rule=COORDINATOR, lead=lead.office, co_handlers=(to,), trace=(step,))
    by = change.by.office or COORDINATOR
    return send(change, decision, context, by=by, instead_of=referral, arbitrated_by=arbitrated_by, sent_as=sent_as)


def _without_others(decision: RoutingDecision) -> RoutingDecision:
    """Co-handlers and copies keep what they have; only the lead moves."""
    return replace(decision, co_handlers=(), copies=())
