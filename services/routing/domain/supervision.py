"""What silence makes true, and what a coordinator may decide."""

from dataclasses import replace
from uuid import UUID

from contracts.codes import RETURN_RIGHTS, ReferralRole
from contracts.events.referrals import (
    ReferralDeemedAccepted,
    ReferralReassigned,
    ReferralReturned,
    ReferralReturnRefused,
    RoutingOverridden,
)
from contracts.refusals import Fault, Refused
from services.policies.kinds import Happening
from services.routing.domain.decision import Choice, Step, decide
from services.routing.domain.dispatching import recall, send
from services.routing.domain.referral import Change, not_possible
from services.routing.domain.states import Move
from services.routing.domain.timing import Desk, accepting, happens

REFUSED = "coordinator_decision"
"""The policy's reason when a return is refused without a more special one."""


def silence(change: Change, referral_id: UUID, desk: Desk) -> Change:
    """Silence is acceptance (视为接收), once the time to sign or to object has passed at `change.at`.

    The signing clock runs on: that nobody signed in time is a fact of its own, and ends with the office's first word.
    The time to object ends by itself, as a right that was not used.
    """
    referral = change.routing.referral(referral_id)
    calendar = desk.policy.calendar_of(referral.office)
    ends = {clock.kind: clock.due(calendar).due_at for clock in referral.open_clocks(accepting(change, desk))}
    passed = {kind for kind, end in ends.items() if end is not None and change.at > end}
    rights = passed & RETURN_RIGHTS
    if rights:
        change = change.cancels(referral_id, rights)
        referral = change.routing.referral(referral_id)
    unanswered = passed - RETURN_RIGHTS and referral.may(Move.SIGN) and not referral.deemed
    if not (unanswered or rights) or not referral.may(Move.DEEM_ACCEPTED):
        return change
    change = change.moves(referral_id, Move.DEEM_ACCEPTED, deemed=True)
    change = change.tells(referral_id, ReferralDeemedAccepted)
    return happens(change, referral_id, desk, Happening.REFERRAL_DEEMED_ACCEPTED)


def decide_return(
    change: Change, referral_id: UUID, desk: Desk, *, approve: bool, reason: str, to: str | None, by: str
) -> Change | Refused:
    """The sender's word on a return: to another office, or it stays and cannot be returned again."""
    referral = change.routing.referral(referral_id)
    move = Move.APPROVE_RETURN if approve else Move.REFUSE_RETURN
    if not referral.may(move):
        return not_possible(referral, "decide-return")
    if not approve:
        if unknown := _unknown(desk, reason or REFUSED, "return_refused"):
            return unknown
        change = change.moves(referral_id, move, return_locked=True)
        change = change.tells(referral_id, ReferralReturnRefused, reason=reason or REFUSED)
        return happens(change, referral_id, desk, Happening.REFERRAL_RETURN_REFUSED)
    if to is not None and to not in desk.policy.offices:
        return Refused.of(Fault("to", "unknown_office"))
    returned_for = reason or "not_competent"
    if unknown := _unknown(desk, returned_for, "return"):
        return unknown
    change = change.moves(referral_id, move)
    change = change.tells(referral_id, ReferralReturned, reason=returned_for)
    change = happens(change, referral_id, desk, Happening.REFERRAL_RETURNED)
    return _send_on(change, referral_id, desk, to=to, by=by)


def arbitrate(change: Change, referral_id: UUID, desk: Desk, *, to: str, reason: str, by: str) -> Change | Refused:
    """The superior's word is the last: whoever gets the referral cannot return it."""
    referral = change.routing.referral(referral_id)
    if to == referral.office:
        return decide_return(change, referral_id, desk, approve=False, reason=reason, to=None, by=by)
    decided = decide_return(change, referral_id, desk, approve=True, reason="", to=to, by=by)
    if isinstance(decided, Refused):
        return decided
    lead = decided.routing.lead
    if lead is None or referral.role is not ReferralRole.LEAD:
        return decided
    return decided.puts(replace(lead, return_locked=True)).cancels(lead.id, RETURN_RIGHTS)


def reassign(change: Change, referral_id: UUID, desk: Desk, *, to: str, reason: str, by: str) -> Change | Refused:
    """A coordinator sends a live lead elsewhere than the rules did."""
    referral = change.routing.referral(referral_id)
    if not referral.may(Move.CANCEL):
        return not_possible(referral, "reassign")
    if referral.role is not ReferralRole.LEAD:
        return Refused(code="only_the_lead")
    if to not in desk.policy.offices:
        return Refused.of(Fault("to", "unknown_office"))
    if to == referral.office:
        return Refused(code="same_office")
    if unknown := _unknown(desk, reason, "reassign"):
        return unknown
    change = change.tells(referral_id, ReferralReassigned, to=to, reason=reason)
    change = change.says(
        RoutingOverridden(
            case_id=change.case_id, referral_id=referral_id, lead=to, reason=reason, overridden_at=change.at
        )
    )
    change = recall(change, referral_id, desk, "recalled")
    return _send_on(change, referral_id, desk, to=to, by=by)


def take_back(change: Change, referral_id: UUID, desk: Desk, *, reason: str) -> Change | Refused:
    """A co-handler or a copy is not needed any more. A lead is reassigned: a case is never without an owner."""
    referral = change.routing.referral(referral_id)
    if not referral.may(Move.CANCEL):
        return not_possible(referral, "recall")
    if referral.role is ReferralRole.LEAD:
        return Refused(code="lead_needs_successor")
    return _unknown(desk, reason, "cancel") or recall(change, referral_id, desk, reason)


def _send_on(change: Change, referral_id: UUID, desk: Desk, *, to: str | None, by: str) -> Change:
    """The next office. A co-handler that is not competent is simply no longer needed, unless another is named."""
    referral = change.routing.referral(referral_id)
    if referral.role is not ReferralRole.LEAD:
        return change
    if to is None:
        choice = decide(change.routing.matter, desk.policy, without=change.routing.refused_by)
        return send(change, _without_others(choice), desk, instead_of=referral)
    choice = Choice(rule="coordinator", lead=to, trace=(Step(looked_at="coordinator", outcome=to),))
    return send(change, choice, desk, by=by, instead_of=referral)


def _without_others(choice: Choice) -> Choice:
    """Co-handlers and copies keep what they have; only the lead moves."""
    return replace(choice, co_handlers=(), copies=())


def _unknown(desk: Desk, reason: str, use: str) -> Refused | None:
    known = desk.policy.reasons.get(reason)
    if known is not None and use in known.uses:
        return None
    allowed = sorted(code for code, each in desk.policy.reasons.items() if use in each.uses)
    return Refused.of(Fault("reason", "unknown_reason", {"allowed": allowed}))
