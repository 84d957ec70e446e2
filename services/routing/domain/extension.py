"""More time is a decision: asked for by the office, decided by whom the policy names, and refused by silence."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.codes import ClockKind
from contracts.events.referrals import ReferralExtended, ReferralExtensionRefused, ReferralExtensionRequested
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from libraries.clocks.clock import LegalClock
from libraries.deadlines import BadQuestion, Limit
from libraries.policies.approvers import Decides
from libraries.policies.clock_rules import Trigger
from libraries.policies.model import Extension, Policy
from libraries.policies.reasons import refused_reason
from services.routing.domain.deciders import decides_on_extension
from services.routing.domain.referral import Change, ExtensionRequest, Referral, Routing, not_possible
from services.routing.domain.states import Move
from services.routing.domain.timing import Context, apply_triggers

ASKS: Final = "extend"
REFUSES: Final = "extension_refused"
"""For what a reason must stand in the policy."""
DECISION: Final = frozenset({ClockKind.EXTENSION_DECISION})


def check_request(
    routing: Routing, referral: Referral, feedback: Feedback, at: datetime, policy: Policy
) -> Refused | None:
    """Whether the office may ask for so much more time now."""
    if referral.extension is not None:
        return Refused(
            code="extension_pending",
            facts={"decider": referral.decider, "until": policy.calendar.local_or_none(_until(referral, policy))},
        )
    if not referral.may(Move.EXTEND):
        return not_possible(referral, feedback.action.value)
    allowed = _allowed(routing, referral, at, policy)
    if isinstance(allowed, Refused):
        return allowed
    by = _longer(feedback.attributes.get("by", ""), allowed.limit, "attributes.by")
    return by if isinstance(by, Refused) else refused_reason(policy, feedback.reason, ASKS)


def ask(change: Change, feedback: Feedback, context: Context) -> Change:
    """A request that was checked: its decider is told by the clock that starts with it."""
    referral = change.routing.referral(feedback.referral_id)
    row = _row(change.routing, referral, context.policy)
    if row is None:
        raise ValueError("no limit that may be extended")
    asked = ExtensionRequest(
        by=Limit.parse(str(feedback.attributes["by"])),
        reason=feedback.reason,
        approver=row.approver,
        asked_at=change.at,
    )
    change = change.transition(referral.id, Move.EXTEND, extension=asked)
    change = change.emit_for(
        referral.id,
        ReferralExtensionRequested,
        asked=str(asked.by),
        approver=asked.approver,
        reason=asked.reason,
        feedback_id=feedback.feedback_id,
    )
    office = decides_on_extension(change.routing, referral, asked.approver, context.policy)
    return apply_triggers(change, referral.id, context, Trigger.REFERRAL_EXTENSION_REQUESTED, office=office)


def needs_head(referral: Referral, policy: Policy) -> bool:
    """Whether the head of the asking office alone decides: nobody grants an extension to oneself."""
    return referral.extension is not None and policy.decides(referral.extension.approver) is Decides.OFFICE


def decide_extension(
    change: Change, referral_id: UUID, context: Context, *, approve: bool, reason: str, by: str | None
) -> Change | Refused:
    """The word of who has to agree: as long as was asked for, or less; or the time stays as it is."""
    referral, policy = change.routing.referral(referral_id), context.policy
    asked = referral.extension
    if asked is None:
        return Refused(code="no_extension_asked", facts={"state": referral.state})
    if not referral.may(Move.GRANT_EXTENSION):
        return not_possible(referral, "decide-extension")
    until = _until(referral, policy)
    if until is not None and change.at > until:
        return Refused(code="decision_too_late", facts={"until": policy.calendar.local(until)})
    if not approve:
        return refused_reason(policy, reason, REFUSES) or _refused(change, referral, context, reason)
    allowed = _allowed(change.routing, referral, change.at, policy)
    if isinstance(allowed, Refused):
        return allowed
    granted = _longer(by, asked.by, "by") if by is not None else asked.by
    if isinstance(granted, Refused):
        return granted
    if unknown := refused_reason(policy, reason or asked.reason, ASKS):
        return unknown
    return _granted(change, referral, context, granted, reason or asked.reason)


def refuse_silent(change: Change, referral_id: UUID, context: Context) -> Change:
    """Nobody has decided in the time for it, once that has passed at `change.at`: silence means no."""
    referral = change.routing.referral(referral_id)
    until = _until(referral, context.policy)
    if not referral.may(Move.REFUSE_EXTENSION) or until is None or change.at <= until:
        return change
    return _refused(change, referral, context, "", silent=True)


def _granted(change: Change, referral: Referral, context: Context, by: Limit, reason: str) -> Change:
    asked = referral.extension
    if asked is None:
        raise ValueError("no extension is asked for")
    change = change.transition(referral.id, Move.GRANT_EXTENSION, extension=None).emit_for(
        referral.id, ReferralExtended
    )
    kinds = frozenset({clock.kind for clock in _extending(change.routing, referral, context.policy)})
    clocks = change.clocks_of(referral.id)
    longer = clocks.extend(kinds, by, context.policy, approver=asked.approver, reason=reason)
    change = change.with_clocks(referral.id, longer)
    return apply_triggers(change, referral.id, context, Trigger.REFERRAL_EXTENDED)


def _refused(change: Change, referral: Referral, context: Context, reason: str, *, silent: bool = False) -> Change:
    change = change.transition(referral.id, Move.REFUSE_EXTENSION, extension=None)
    change = change.emit_for(referral.id, ReferralExtensionRefused, reason=reason, silent=silent)
    return apply_triggers(change, referral.id, context, Trigger.REFERRAL_EXTENSION_REFUSED)


def _extending(routing: Routing, referral: Referral, policy: Policy) -> tuple[LegalClock, ...]:
    """Its open clocks that may be given more time."""
    rules = policy.schedule(routing.request.category).rules
    return referral.open_clocks(frozenset(kind for kind, rule in rules.items() if rule.extends))


def _row(routing: Routing, referral: Referral, policy: Policy) -> Extension | None:
    """By how much its time may be longer today, and who has to agree."""
    clock = next(iter(_extending(routing, referral, policy)), None)
    row = policy.find_limit(clock.kind, routing.request.category) if clock is not None else None
    return row.extension if row is not None else None


def _allowed(routing: Routing, referral: Referral, at: datetime, policy: Policy) -> Extension | Refused:
    """The cap of the law, which holds when it is asked for and when it is decided."""
    row = _row(routing, referral, policy)
    if row is None:
        return Refused(code="extension_not_allowed")
    for clock in _extending(routing, referral, policy):
        end = clock.due(policy.calendar_of(clock.office)).due_at
        if clock.extensions:
            return Refused(code="already_extended")
        if end is not None and at > end:
            return Refused(code="extension_too_late", facts={"until": policy.calendar.local(end)})
    return row


def _longer(text: object, most: Limit, field: str) -> Limit | Refused:
    try:
        by = Limit.parse(str(text))
    except BadQuestion as error:
        return Refused.of(replace(error.fault, field=field))
    if by.unit is not most.unit or by.number > most.number:
        return Refused.of(Fault(field, "extension_too_long", {"most": most}))
    return by


def until_of(routing: Routing, referral: Referral, at: datetime, policy: Policy) -> datetime | None:
    """Until when the office may ask for more time; none where it may not."""
    if isinstance(_allowed(routing, referral, at, policy), Refused):
        return None
    ends = (clock.due(policy.calendar_of(clock.office)).due_at for clock in _extending(routing, referral, policy))
    return next((end for end in ends if end is not None), None)


def _until(referral: Referral, policy: Policy) -> datetime | None:
    """Until when it is to be decided."""
    clock = next(iter(referral.open_clocks(DECISION)), None)
    return clock.due(policy.calendar_of(clock.office)).due_at if clock is not None else None
