"""Sending a case to its offices: by the rules, after a return, or as a coordinator says; and into another round."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.codes import Consent, ReferralRole, ReferralState, Sending
from contracts.events.cases import CaseReviewRequested
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralDispatched,
    ReferralReworkRequested,
    RoutingDecided,
    RoutingUnmatched,
)
from libraries.policies.clock_rules import Trigger
from libraries.policies.decision import RoutingDecision, decide
from services.routing.domain.referral import Change, CheckRequest, Decided, Referral, Routing
from services.routing.domain.request import RoutingRequest
from services.routing.domain.reviewing import REVIEW, decide_anew
from services.routing.domain.states import Move
from services.routing.domain.timing import Context, apply_triggers

RULES = "rules"
RANKS = (ReferralRole.LEAD, ReferralRole.CO, ReferralRole.INFO, ReferralRole.CHECK)
"""The greater part first."""
SUPERSEDED = "role_changed"
"""The policy's reason for ending an office's part because it gets a greater one."""
SENT = (Trigger.REFERRAL_DISPATCHED,)
UNMATCHED = (Trigger.ROUTING_UNMATCHED,)


def dispatch(request: RoutingRequest, at: datetime, context: Context, known: Routing | None = None) -> Change:
    """A case that was just accepted; `known` where its window has asked about the applicant before."""
    change = Change(routing=Routing(request=request, referrals=known.referrals if known is not None else ()), at=at)
    return send(change, decide(request, context.policy), context)


def send(  # noqa: PLR0913 -- all that a sending may carry
    change: Change,
    decision: RoutingDecision,
    context: Context,
    *,
    by: str = RULES,
    instead_of: Referral | None = None,
    arbitrated_by: str | None = None,
    sent_as: Sending = Sending.DISPATCH,
    consent: Consent | None = None,
    check: CheckRequest | None = None,
    round_: int | None = None,
) -> Change:
    """To the lead, the co-handlers and the copies of a choice, and to whom is asked about the applicant.

    Sent on instead of another referral, its time goes on from where it stood: its start, pauses and extensions. An
    office has one live referral of a case: a greater part takes the place of a lesser one, a lesser is not sent again.
    """
    decided = Decided(
        id=context.make_id(),
        policy_version=context.policy.version,
        decision=decision,
        category=change.routing.request.category,
        area=change.routing.request.area,
        at=change.at,
        by=by,
    )
    change = change.decided(decided).emit(_said(change, decided))
    replaced = instead_of.role if instead_of is not None else None
    for office, role in offices_of(decision):
        present = change.routing.leg_of(office)
        if present is not None and role is not ReferralRole.CHECK:
            if RANKS.index(present.role) <= RANKS.index(role):
                continue
            change = recall(change, present.id, context, SUPERSEDED)
        before = instead_of if role is replaced else None
        referral = Referral(
            id=context.make_id(),
            decision_id=decided.id,
            office=office,
            role=role,
            state=ReferralState.DISPATCHED,
            dispatched_at=change.at,
            changed_at=change.at,
            round=round_ or (instead_of.round if instead_of is not None else _round(change, sent_as)),
            return_locked=arbitrated_by is not None and before is not None,
            arbitrated_by=arbitrated_by if before is not None else None,
            supersedes=before.id if before is not None else None,
            sent_as=sent_as,
            consent=consent,
            check=check if role is ReferralRole.CHECK else None,
        )
        change = dispatched(change, referral)
        if role is not ReferralRole.INFO:
            triggers = (*UNMATCHED, *SENT) if decision.rule is None else SENT
            change = apply_triggers(change, referral.id, context, *triggers, before=before)
    return change


def _round(change: Change, sent_as: Sending) -> int:
    """Whom the lead sends something works in the lead's round."""
    lead = change.routing.lead if sent_as is not Sending.DISPATCH else None
    return lead.round if lead is not None else 1


def moment_of_end(routing: Routing, ended_at: datetime, now: datetime) -> datetime:
    """When the case ended, not when that was heard here: what ended before a limit keeps it.

    But never before what has happened to its referrals meanwhile.
    """
    since = max((referral.changed_at for referral in routing.referrals if referral.live), default=ended_at)
    return min(now, max(ended_at, since))


def withdraw(change: Change, context: Context, reason: str) -> Change:
    """Nobody needs to work on the case any more."""
    for referral in change.routing.referrals:
        if referral.may(Move.CANCEL):
            change = recall(change, referral.id, context, reason)
    return change


def recall(change: Change, referral_id: UUID, context: Context, reason: str) -> Change:
    """One live referral is taken back by its sender."""
    change = change.transition(referral_id, Move.CANCEL).emit_for(referral_id, ReferralCancelled, reason=reason)
    return apply_triggers(change, referral_id, context, Trigger.REFERRAL_CANCELLED)


def rework(change: Change, round_: int, reason: str, context: Context) -> Change:
    """The lead that finished the case takes it up again, on a clock of its own."""
    lead = change.routing.last_lead
    if lead is None or not lead.may(Move.REWORK):
        return change
    if (lesser := change.routing.leg_of(lead.office)) is not None:
        change = recall(change, lesser.id, context, SUPERSEDED)
    change = change.transition(lead.id, Move.REWORK, round=round_)
    change = change.emit_for(lead.id, ReferralReworkRequested, reason=reason)
    return apply_triggers(change, lead.id, context, Trigger.REFERRAL_REWORK_REQUESTED)


def review(change: Change, event: CaseReviewRequested, context: Context) -> Change:
    """Another office judges the result, in a round of its own. Of what was sent before, copies go on."""
    if change.routing.lead is not None:
        return change
    request = replace(change.routing.request, category=event.category, field=event.field, judged=event.judged)
    change = replace(change, routing=replace(change.routing, request=request))
    return send(change, decide_anew(change.routing, context.policy), context, by=REVIEW, round_=event.round)


def resend(change: Change, context: Context) -> Change:
    """A case that was taken back goes on: by the rules of today, and with the time that its last lead had used."""
    decision = decide_anew(change.routing, context.policy)
    return send(change, decision, context, instead_of=change.routing.last_lead)


def offices_of(decision: RoutingDecision) -> Iterator[tuple[str, ReferralRole]]:
    """Each office with its part, the lead first."""
    yield decision.lead, ReferralRole.LEAD
    for office in decision.co_handlers:
        yield office, ReferralRole.CO
    for office in decision.copies:
        yield office, ReferralRole.INFO
    for office in decision.checks:
        yield office, ReferralRole.CHECK


def _said(change: Change, decided: Decided) -> RoutingDecided | RoutingUnmatched:
    decision = decided.decision
    if decision.rule is None:
        return RoutingUnmatched(
            case_id=change.case_id,
            decision_id=decided.id,
            policy_version=decided.policy_version,
            fallback=decision.lead,
            decided_at=change.at,
        )
    return RoutingDecided(
        case_id=change.case_id,
        decision_id=decided.id,
        policy_version=decided.policy_version,
        rule=decision.rule,
        lead=decision.lead,
        co_handlers=decision.co_handlers,
        copies=decision.copies,
        checks=decision.checks,
        decided_at=change.at,
    )


def dispatched(change: Change, referral: Referral) -> Change:
    request = change.routing.request
    return change.with_referral(referral).emit_for(
        referral.id,
        ReferralDispatched,
        number=request.number,
        category=request.category,
        field=request.field,
        area=request.area,
        decision_id=referral.decision_id,
        requires_report=referral.role is not ReferralRole.INFO,
        sent_as=referral.sent_as,
        consent=referral.consent,
        consent_id=referral.check.consent_id if referral.check is not None else None,
        purpose=referral.check.purpose if referral.check is not None else None,
        return_locked=referral.return_locked,
        supersedes=referral.supersedes,
    )
