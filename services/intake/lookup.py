"""Finding a case for a caller, by id or number, and how the caller stands to it; and which window a caller is."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part, Relation
from libraries.policies import Policy
from libraries.policies.decision import coordinator
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import NO_OFFICE, by_token, demand, known
from libraries.runtime.web.auth import Initiator, Principal, Role
from services.intake import store
from services.intake.domain.case import Case
from services.intake.domain.numbers import id_or_number
from services.intake.domain.relations import Relations
from services.intake.relations import list_relations


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A case, the offices that have or had to do with it, and what the caller is to it."""

    case: Case
    offices: Relations
    relations: frozenset[Relation]


async def find_visible(conn: AsyncConnection, user: Principal, key: str, *parts: Part) -> Case:
    """The case, if there is one and the caller may know of it; an outsider learns nothing, not even that it exists.

    Raises `Rejected("not_allowed")` for a caller who may know of it, and may not read one of these parts.
    """
    found = await find(conn, user, key)
    for part in parts:
        demand(found.relations, part)
    return found.case


async def find(conn: AsyncConnection, user: Principal, key: str) -> Found:
    """As `find_visible`, with what the caller is to the case."""
    wanted = id_or_number(key)
    case = await store.find_case(conn, wanted) if wanted is not None else None
    if case is None:
        raise Rejected("not_found")
    offices = (await list_relations(conn, [case.id])).get(case.id, ())
    relations = relations_of(user, case, offices)
    known(relations)
    return Found(case=case, offices=offices, relations=relations)


def relations_of(user: Principal, case: Case, offices: Relations) -> frozenset[Relation]:
    """By the token, and by the referrals of the office for which it speaks."""
    found = known_by_token(user, case)
    if user.role in NO_OFFICE or user.office is None:
        return found
    held = [one for one in offices if user.referral in {None, one.referral_id}]
    return found | {one.holds(case.state) for one in held if user.speaks_for(one.office)}


def window_of(user: Principal, policy: Policy) -> str | None:
    """The office of the token, or the desk of its township; `None` for who speaks for a larger area."""
    if user.office in policy.offices:
        return user.office
    desk = policy.office_near("township", user.area) if user.area is not None else None
    return desk.code if desk is not None else None


def acts_as(user: Principal, case: Case, policy: Policy) -> Initiator:
    """Who does something with the case; a token that names no office speaks for the one of its role there."""
    if user.role is Role.APPLICANT:
        return Initiator.of(user)
    if user.role is Role.COORDINATOR:
        return Initiator.of(user, coordinator(policy, user.area or case.area))
    return Initiator.of(user, window_of(user, policy) or case.first_contact_office)


def sees(user: Principal, case: Case) -> bool:
    """Whether a token alone lets its bearer know of the case, whatever referrals its office may have."""
    return bool(known_by_token(user, case))


def known_by_token(user: Principal, case: Case) -> frozenset[Relation]:
    return by_token(user, case_id=case.id, area=case.area, window=case.first_contact_office)
