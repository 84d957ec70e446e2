"""What a caller is to a case by its referrals, and what the matrix of the contracts then opens at routing's doors."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import AFTERWARDS, ANSWERS_OF, OF_ROLE, Access, Part, Relation, access
from contracts.codes import DECISIONS, ClockKind, ReferralRole
from libraries.policies import Policy
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import NO_OFFICE, by_token, demand
from libraries.runtime.web.auth import Principal
from services.routing import store
from services.routing.decisions import authority_of
from services.routing.domain.deciders import decides, office_of
from services.routing.domain.referral import Referral, Routing


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A referral with its case, and what the caller is to it."""

    routing: Routing
    referral: Referral
    user: Principal
    relations: frozenset[Relation]

    def answers_of(self, referral: Referral) -> Part:
        """Which part of the case the answers to a referral are for this caller."""
        return Part.OWN_ANSWERS if _own(self.user, referral) else ANSWERS_OF[referral.role]

    @property
    def question(self) -> Part:
        """Which part of the case the question of a check is for this caller."""
        return Part.OWN_REFERRAL if _own(self.user, self.referral) else Part.CHECK_ANSWERS

    def demand_answers(self) -> None:
        """Raises `Rejected` unless the caller may read what the office answered."""
        demand(self.relations, self.answers_of(self.referral))


async def find(
    conn: AsyncConnection, user: Principal, referral_id: UUID, *, decidable_by: Policy | None = None
) -> Seen:
    """The referral, if the caller may know of it; an outsider learns nothing, not even that it exists.

    With a policy also for a superior who may step in by its rules, where nobody has asked for a decision yet.
    """
    case_id = (await store.find_cases_of(conn, [referral_id])).get(referral_id)
    routing = await store.find_routing(conn, case_id) if case_id is not None else None
    if routing is None:
        raise Rejected("not_found")
    if user.referral not in {None, referral_id}:
        raise Rejected("not_found")
    referral, relations = routing.referral(referral_id), relations_of(user, routing)
    steps_in = decidable_by is not None and _decides(user, routing, referral, decidable_by)
    if not steps_in and not sees(user, referral, relations):
        raise Rejected("not_found")
    return Seen(routing=routing, referral=referral, user=user, relations=relations)


def sees(user: Principal, referral: Referral, relations: frozenset[Relation]) -> bool:
    part = Part.OWN_REFERRAL if _own(user, referral) else Part.REFERRALS
    return access(relations, part) is not Access.DENIED


def relations_of(user: Principal, routing: Routing) -> frozenset[Relation]:
    """By the token, and by the referrals of the office for which it speaks."""
    request = routing.request
    found = by_token(user, case_id=request.case_id, area=request.area, window=request.first_contact_office)
    if user.role in NO_OFFICE or user.office is None:
        return found
    return found | frozenset(_of_office(user, routing))


def _decides(user: Principal, routing: Routing, referral: Referral, policy: Policy) -> bool:
    return office_of(authority_of(user), decides(routing, referral, policy), policy) is not None


def _own(user: Principal, referral: Referral) -> bool:
    return user.role not in NO_OFFICE and user.speaks_for(referral.office)


def _of_office(user: Principal, routing: Routing) -> Iterator[Relation]:
    for referral in routing.referrals:
        if user.referral not in {None, referral.id}:
            continue
        if user.speaks_for(referral.office):
            # A copy is read as long as somebody works on the case.
            lives = referral.live and (referral.role is not ReferralRole.INFO or routing.lead is not None)
            relation = OF_ROLE[referral.role]
            yield relation if lives else AFTERWARDS.get(relation, Relation.FORMER)
        for clock in referral.clocks:
            if clock.kind in DECISIONS and clock.office != referral.office and user.speaks_for(clock.office):
                returned = clock.kind is ClockKind.RETURN_DECISION and routing.contested(referral)
                asked = Relation.ARBITER if returned else Relation.DECIDER
                yield asked if clock.open else Relation.FORMER
