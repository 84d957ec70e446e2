"""Sending a case to its offices: by the rules, after a return, or as a coordinator says; and into another round."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.codes import ClockKind, ReferralRole, ReferralState
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralDispatched,
    ReferralReworkRequested,
    RoutingDecided,
    RoutingUnmatched,
)
from services.policies import Policy
from services.policies.clocks import LegalClock, terms_of
from services.routing.domain.decision import Choice, Matter, decide
from services.routing.domain.referral import WORK_KINDS, Change, Decided, MakeId, Referral, Routing
from services.routing.domain.states import Move

BY_RULES = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What dispatching goes by."""

    policy: Policy
    make_id: MakeId


def dispatch(matter: Matter, at: datetime, desk: Desk) -> Change:
    """A case that was just accepted."""
    change = Change(routing=Routing(matter=matter), at=at)
    return send(change, decide(matter, desk.policy), desk)


def send(
    change: Change,
    choice: Choice,
    desk: Desk,
    *,
    by: str = BY_RULES,
    instead_of: Referral | None = None,
    return_locked: bool = False,
) -> Change:
    """To the lead, the co-handlers and the copies of a choice.

    Sent on instead of another referral, the lead's time goes on from where it stood: its start, pauses and extensions.
    Co-handlers and copies that have the case already are not sent it again.
    """
    decided = Decided(id=desk.make_id(), policy_version=desk.policy.version, choice=choice, at=change.at, by=by)
    change = change.decided(decided).says(_said(change, decided))
    present = {referral.office for referral in change.routing.referrals if referral.live}
    for office, role in _offices(choice):
        if role is not ReferralRole.LEAD and office in present:
            continue
        lead = role is ReferralRole.LEAD
        referral = Referral(
            id=desk.make_id(),
            decision_id=decided.id,
            office=office,
            role=role,
            state=ReferralState.DISPATCHED,
            dispatched_at=change.at,
            changed_at=change.at,
            round=instead_of.round if instead_of is not None else 1,
            return_locked=return_locked and lead,
            supersedes=instead_of.id if instead_of is not None and lead else None,
        )
        change = _dispatched(change, referral)
        clocks = _clocks(referral, change, desk, instead_of if lead else None, unmatched=choice.rule is None)
        change = change.starts(referral.id, clocks, desk.policy)
    return change


def withdraw(change: Change, reason: str) -> Change:
    """Nobody needs to work on the case any more."""
    for referral in change.routing.referrals:
        if referral.may(Move.CANCEL):
            change = recall(change, referral.id, reason)
    return change


def recall(change: Change, referral_id: UUID, reason: str) -> Change:
    """One live referral is taken back by its sender."""
    change = change.moves(referral_id, Move.CANCEL)
    return change.tells(referral_id, ReferralCancelled, reason=reason).cancels(referral_id)


def rework(change: Change, round_: int, reason: str, desk: Desk) -> Change:
    """The lead that finished the case takes it up again, on a clock of its own."""
    lead = change.routing.last_lead
    if lead is None or not lead.may(Move.REWORK):
        return change
    change = change.moves(lead.id, Move.REWORK, round=round_)
    lead = change.routing.referral(lead.id)
    change = change.tells(lead.id, ReferralReworkRequested, reason=reason)
    clock = _clock(ClockKind.REWORK, lead, change, desk)
    return change.starts(lead.id, [clock], desk.policy)


def _offices(choice: Choice) -> Iterator[tuple[str, ReferralRole]]:
    yield choice.lead, ReferralRole.LEAD
    for office in choice.co_handlers:
        yield office, ReferralRole.CO
    for office in choice.copies:
        yield office, ReferralRole.INFO


def _said(change: Change, decided: Decided) -> RoutingDecided | RoutingUnmatched:
    choice = decided.choice
    if choice.rule is None:
        return RoutingUnmatched(
            case_id=change.case_id,
            decision_id=decided.id,
            policy_version=decided.policy_version,
            fallback=choice.lead,
            decided_at=change.at,
        )
    return RoutingDecided(
        case_id=change.case_id,
        decision_id=decided.id,
        policy_version=decided.policy_version,
        rule=choice.rule,
        lead=choice.lead,
        co_handlers=choice.co_handlers,
        copies=choice.copies,
        decided_at=change.at,
    )


def _dispatched(change: Change, referral: Referral) -> Change:
    matter = change.routing.matter
    return change.puts(referral).tells(
        referral.id,
        ReferralDispatched,
        number=matter.number,
        category=matter.category,
        field=matter.field,
        area=matter.area,
        decision_id=referral.decision_id,
        requires_report=referral.role is not ReferralRole.INFO,
        return_locked=referral.return_locked,
        supersedes=referral.supersedes,
    )


def _clocks(
    referral: Referral, change: Change, desk: Desk, before: Referral | None, *, unmatched: bool
) -> Iterator[LegalClock]:
    """The clocks that a dispatch starts. Work is counted from the dispatch, never from signing."""
    if referral.role is ReferralRole.INFO:
        return
    yield _clock(ClockKind.SIGNING, referral, change, desk)
    if not referral.return_locked:
        yield _clock(ClockKind.RETURN_WINDOW, referral, change, desk)
    if unmatched:
        yield _clock(ClockKind.UNMATCHED, referral, change, desk)
    if before is not None:
        for kind in WORK_KINDS:
            for old in [clock for clock in before.clocks if clock.kind is kind][-1:]:
                yield old.passed_on(desk.make_id(), office=referral.office, referral_id=referral.id)
        return
    kind = ClockKind.HANDLING if referral.role is ReferralRole.LEAD else ClockKind.CO_HANDLING
    if change.routing.matter.category in desk.policy.categories:
        yield _clock(kind, referral, change, desk)


def _clock(kind: ClockKind, referral: Referral, change: Change, desk: Desk, office: str | None = None) -> LegalClock:
    """A clock of the referral; of its own office unless another one must act."""
    at = office or referral.office
    matter = change.routing.matter
    # A co-handler has the lead's time: its work is a part of it and ends within it.
    limit_of = ClockKind.HANDLING if kind is ClockKind.CO_HANDLING else kind
    return LegalClock(
        id=desk.make_id(),
        kind=kind,
        office=at,
        area=matter.area,
        terms=terms_of(desk.policy.limit(limit_of, matter.category), desk.policy, at),
        started_at=change.at,
        referral_id=referral.id,
        round=referral.round,
    )


def decision_clock(referral: Referral, change: Change, desk: Desk, office: str) -> LegalClock:
    """The sender's time to decide on a return."""
    return _clock(ClockKind.RETURN_DECISION, referral, change, desk, office)
