"""What is possible with a referral as it stands: every refusal of an act says so, with by whom and until when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.codes import RETURN_RIGHTS, ClockKind, ReferralRole
from contracts.refusals import REFUSALS, PossibleAct, Refused
from libraries.policies import Policy
from services.routing.domain.deciders import coordinates, decides, decides_itself
from services.routing.domain.extension import until_of
from services.routing.domain.referral import Referral, Routing
from services.routing.domain.states import ACTORS, DOORS, OF_ANY, Actor, Move

OF_ACTS: Final = frozenset({403, 409})
"""Statuses of what is refused because of how things stand, and not for what was sent."""
DECISION_OF: Final = {
    Move.APPROVE_RETURN: ClockKind.RETURN_DECISION,
    Move.REFUSE_RETURN: ClockKind.RETURN_DECISION,
    Move.GRANT_EXTENSION: ClockKind.EXTENSION_DECISION,
    Move.REFUSE_EXTENSION: ClockKind.EXTENSION_DECISION,
}


def with_possible(refused: Refused, routing: Routing, referral_id: UUID, policy: Policy, at: datetime) -> Refused:
    """The refusal with what could be done instead, where it is the state of things that refuses."""
    if REFUSALS[refused.code].status not in OF_ACTS:
        return refused
    possible = possible_now(routing, routing.referral(referral_id), policy, at)
    facts = (
        {**refused.facts, "possible": [one.act for one in possible]} if "possible" in refused.facts else refused.facts
    )
    return replace(refused, facts=facts, possible=possible)


def possible_now(routing: Routing, referral: Referral, policy: Policy, at: datetime) -> tuple[PossibleAct, ...]:
    """Each act once, in the order of the moves."""
    found: dict[str, PossibleAct] = {}
    for move in Move:
        for act in _acts(routing, referral, move, policy, at):
            found.setdefault(act.act, act)
    return tuple(found.values())


def _acts(routing: Routing, referral: Referral, move: Move, policy: Policy, at: datetime) -> Iterator[PossibleAct]:
    if not referral.may(move) or not _of_role(referral, move):
        return
    if not _holds(routing, referral, move, policy):
        return
    if move in DECISION_OF:
        yield from _decisions(routing, referral, move, policy)
    elif move is Move.CANCEL:
        lead = referral.role is ReferralRole.LEAD
        for act in ("reassign", "reclassify") if lead else ("recall",):
            yield PossibleAct(act=act, by=decides(routing, referral, policy))
    elif move is Move.REQUEST_RETURN:
        until = _return_until(referral, policy)
        locked = referral.return_locked or decides_itself(routing, referral, policy)
        if not locked and until is not None and at <= until:
            yield PossibleAct(act="return", by=(referral.office,), until=until)
    elif move is Move.EXTEND:
        until = until_of(routing, referral, at, policy)
        if until is not None:
            yield PossibleAct(act="extend", by=(referral.office,), until=until)
    else:
        by = (referral.office, *(coordinates(routing, policy) if Actor.COORDINATOR in ACTORS[move] else ()))
        yield from (PossibleAct(act=door, by=tuple(dict.fromkeys(by))) for door in DOORS.get(move, ()))


def _holds(routing: Routing, referral: Referral, move: Move, policy: Policy) -> bool:
    """What a lead cannot do while others work, or while nobody knows which matter it is, and what it does only then."""
    unclassified = policy.unclassified(routing.request.category)
    if move is Move.CLASSIFY:
        return unclassified
    finishes = move is Move.COMPLETE and referral.role is ReferralRole.LEAD
    return not finishes or not (routing.open_co_handlers or unclassified)


def _of_role(referral: Referral, move: Move) -> bool:
    if referral.role is ReferralRole.INFO:
        return move in OF_ANY or move is Move.CANCEL
    return referral.role is ReferralRole.LEAD or ACTORS[move] != (Actor.LEAD,)


def _decisions(routing: Routing, referral: Referral, move: Move, policy: Policy) -> Iterator[PossibleAct]:
    """By the office whose clock it is; a superior alone arbitrates, and only where offices disagree."""
    for clock in referral.open_clocks({DECISION_OF[move]}):
        until = clock.due(policy.calendar_of(clock.office)).due_at
        for door in DOORS[move]:
            if door != "arbitrate" or routing.contested(referral):
                yield PossibleAct(act=door, by=(clock.office,), until=until)


def _return_until(referral: Referral, policy: Policy) -> datetime | None:
    window = next((clock for clock in referral.clocks if clock.kind in RETURN_RIGHTS), None)
    return window.due(policy.calendar_of(window.office)).due_at if window is not None else None
