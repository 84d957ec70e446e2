"""Which offices stand in which relation to a case: what routing says of referrals and returns gives and ends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from contracts.access import AFTERWARDS, OF_ROLE, Relation
from contracts.clocks import ClockFacts
from contracts.codes import DECISIONS, CaseState
from contracts.events import CaseBound
from contracts.events.clocks import clocks_in
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralClassified,
    ReferralCompleted,
    ReferralDispatched,
    ReferralEvent,
    ReferralExtended,
    ReferralExtensionRefused,
    ReferralFailed,
    ReferralOfficeSucceeded,
    ReferralOnHold,
    ReferralResumed,
    ReferralReturned,
    ReferralReturnRefused,
    ReferralReworkRequested,
    RoutingArbitrationRequested,
)
from services.intake.domain.states import OVER

ENDING: Final = (ReferralReturned, ReferralCompleted, ReferralFailed, ReferralCancelled, ReferralClassified)
Changing = (
    ReferralDispatched
    | ReferralReworkRequested
    | ReferralOfficeSucceeded
    | ReferralReturned
    | ReferralCompleted
    | ReferralFailed
    | ReferralCancelled
    | ReferralClassified
    | ReferralReturnRefused
    | ReferralExtended
    | ReferralExtensionRefused
    | ReferralOnHold
    | ReferralResumed
    | RoutingArbitrationRequested
)
"""What gives a relation, ends it, or says for what its office waits."""
DECIDING: Final = frozenset({Relation.DECIDER, Relation.ARBITER})
WITHOUT_WORK: Final = OVER | {CaseState.RESOLVED}
"""Nobody works on such a case, whatever routing has still to say of its referrals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeRelation:
    """One office's relation to a case, by one referral. It is kept when it has ended."""

    case_id: UUID
    referral_id: UUID
    office: str
    relation: Relation
    since: datetime
    ended_at: datetime | None = None
    waits_for: str | None = None
    """The reason for which the office put its referral on hold."""
    waits_since: datetime | None = None

    def holds(self, state: CaseState) -> Relation:
        """What the office is while the case is in that state."""
        live = self.ended_at is None and state not in WITHOUT_WORK
        return self.relation if live else AFTERWARDS.get(self.relation, Relation.FORMER)


Relations = tuple[OfficeRelation, ...]
RelationUpdate = Callable[[OfficeRelation], OfficeRelation]


def told(known: Relations, event: CaseBound) -> Relations:
    """The relations of a case after routing said this of it."""
    known = _told(known, event)
    for clock in clocks_in(event):
        if not isinstance(clock, ClockFacts) or clock.referral_id is None:
            continue
        if clock.kind in DECISIONS and not _has(known, clock.referral_id, clock.office):
            known = _decides(known, event.case_id, clock.referral_id, clock.office, Relation.DECIDER, clock.started_at)
    return known


def _has(known: Relations, referral: UUID, office: str) -> bool:
    """Whether it is the office's own referral, on which its head decides."""
    own = (one for one in known if one.referral_id == referral and one.relation not in DECIDING)
    return any(one.office == office and one.ended_at is None for one in own)


def _told(known: Relations, event: CaseBound) -> Relations:
    if not isinstance(event, Changing):
        return known
    match event:
        case ReferralDispatched() | ReferralReworkRequested():
            return _leg(known, event)
        case ReferralOfficeSucceeded():
            return _succeeded(known, event)
        case ReferralReturned() | ReferralCompleted() | ReferralFailed() | ReferralCancelled() | ReferralClassified():
            return _turned(known, event.referral_id, lambda one: _ended(one, event.at))
        case ReferralReturnRefused() | ReferralExtended() | ReferralExtensionRefused():
            return _decided(known, event.referral_id, event.at)
        case ReferralOnHold(reason=reason, at=at):
            return _waits(known, event.referral_id, reason, at)
        case ReferralResumed():
            return _waits(known, event.referral_id, None, None)
        case RoutingArbitrationRequested(referral_id=referral, arbiter=arbiter, requested_at=at):
            return _decides(known, event.case_id, referral, arbiter, Relation.ARBITER, at)
        case _:
            assert_never(event)


def _leg(known: Relations, event: ReferralEvent) -> Relations:
    """The office has the referral, or has it again."""
    relation = OF_ROLE[event.role]
    earlier = next((one for one in known if _is(one, event.referral_id, event.office, relation)), None)
    if earlier is not None:
        return _turned(known, event.referral_id, lambda one: replace(one, ended_at=None) if one is earlier else one)
    added = OfficeRelation(
        case_id=event.case_id, referral_id=event.referral_id, office=event.office, relation=relation, since=event.at
    )
    return (*known, added)


def _succeeded(known: Relations, event: ReferralEvent) -> Relations:
    """Another office goes on with the same referral, and waits for what the one before waited for."""
    of_referral = [one for one in known if one.referral_id == event.referral_id and one.relation not in DECIDING]
    before = next((one for one in of_referral if one.ended_at is None and one.office != event.office), None)
    if before is None:
        return _leg(known, event)
    heir = replace(before, office=event.office, since=event.at)
    rest = [
        _ended(one, event.at) if one is before else one
        for one in known
        if one.office != event.office or one not in of_referral
    ]
    return (*rest, heir)


def _waits(known: Relations, referral: UUID, reason: str | None, since: datetime | None) -> Relations:
    return _turned(
        known,
        referral,
        lambda one: one if one.relation in DECIDING else replace(one, waits_for=reason, waits_since=since),
    )


def _decides(
    known: Relations, case_id: UUID, referral: UUID, office: str, relation: Relation, at: datetime
) -> Relations:
    """The office has to decide, and no other has."""
    if any(one.office == office for one in _deciding(known, referral)):
        return known
    rest = tuple(one for one in _decided(known, referral, at) if not _is(one, referral, office, relation))
    decider = OfficeRelation(case_id=case_id, referral_id=referral, office=office, relation=relation, since=at)
    return (*rest, decider)


def _decided(known: Relations, referral: UUID, at: datetime) -> Relations:
    return _turned(known, referral, lambda one: _ended(one, at) if one.relation in DECIDING else one)


def _deciding(known: Relations, referral: UUID) -> Iterator[OfficeRelation]:
    for one in known:
        if one.referral_id == referral and one.relation in DECIDING and one.ended_at is None:
            yield one


def _ended(one: OfficeRelation, at: datetime) -> OfficeRelation:
    return one if one.ended_at is not None else replace(one, ended_at=at, waits_for=None, waits_since=None)


def _turned(known: Relations, referral: UUID, turn: RelationUpdate) -> Relations:
    return tuple(turn(one) if one.referral_id == referral else one for one in known)


def _is(one: OfficeRelation, referral: UUID, office: str, relation: Relation) -> bool:
    return one.referral_id == referral and one.office == office and one.relation is relation
