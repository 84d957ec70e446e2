"""The registry of people and households (对象管理) over HTTP: who stands at the window, and what they have brought.

It answers for cases whose applicant the caller may open anyway, says nothing of a person that was not known before,
and is neither a list nor to be tried out: each search names its purpose, is on record, and there is a limit an hour.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta
from sqlalchemy import ColumnElement, delete, false, func, insert, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Access, Part, access
from contracts.codes import Role
from contracts.refusals import Fault
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.bulk import among
from libraries.runtime.database.engine import transaction
from libraries.runtime.database.ranges import inside
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, requires
from libraries.runtime.web.openapi import Described
from services.intake import store
from services.intake.contents import CaseListed, to_listed
from services.intake.domain.people import MatchKey, Same, Sought, persons, sought_keys
from services.intake.lookup import Found, relations_of
from services.intake.people import hashed, keys_of
from services.intake.relations import list_relations
from services.intake.tables import cases, match_keys, person_searches

Call = Request[Principal, Any, State]
SEARCHES: Final = requires(Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR)
MOST: Final = 50
"""Cases that are found, and as many again of the same people and households."""
STEPS: Final = 2
"""From a case to one of the same person that is linked, to the other record, to its other cases."""
MOST_SEARCHES: Final = 200
SPAN: Final = timedelta(hours=1)
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 28))")
"""Two searches of one subject count one after the other."""

Keys = Mapping[UUID, Mapping[Same, bytes]]


class SearchPeople(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the person, all of which has to fit, and for what they are looked for."""

    purpose: Annotated[str, Meta(max_length=64)]
    """A code of the policy's `purposes.yaml`."""
    id_number: Annotated[str, Meta(max_length=40)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    household: Annotated[str, Meta(max_length=64)] = ""
    name: Annotated[str, Meta(max_length=100)] = ""
    """Or two characters of it that stand side by side."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person, by their cases alone; who it is stands in each case, on record."""

    cases: tuple[CaseListed, ...]
    household: tuple[CaseListed, ...]
    """Of others with the same household number (户有证卡)."""
    linked: bool
    """Whether a window has merged records of this person."""


class PeopleFound(msgspec.Struct, frozen=True, kw_only=True):
    """Those with the latest case first."""

    people: tuple[Person, ...]
    more: bool
    """Whether there are others: say more of the person."""


@post(
    "/v1/people/search",
    guards=[SEARCHES],
    status_code=200,
    tags=["people"],
    opt=Described(answers={200: PeopleFound}, refuses=(429,)).opt(),
)
async def search_people(request: Call, state: State, data: JSONBody[SearchPeople]) -> PeopleFound:
    """Cases of a person by identity number, telephone, household or name, and those of the household.

    It finds the cases whose applicant the caller may open, and with them others that the caller may know of.
    """
    user, policy = request.user, state.policy.policy
    keys = _asked(data, policy)
    async with transaction(state.engine) as conn:
        await _count(conn, user)
        wanted = {(kind, hashed(state.sealer, kind, key)) for kind, key in keys}
        ids, more = await _find(conn, wanted, user, policy)
        seen = await _seen(conn, ids, user)
        hits = {one for one, found in seen.items() if access(found.relations, Part.APPLICANT) is not Access.DENIED}
        others = await _seen(conn, await _near(conn, hits) - hits, user)
        about = " ".join(sorted({kind for kind, _ in keys}))
        await note_read(conn, "people", about=about, purpose=data.purpose)
        for case_id in sorted(hits):
            await note_read(conn, "people", case_id=case_id, about=about, purpose=data.purpose)
        known = await keys_of(conn, {*hits, *others})
    shown = {one: seen[one] for one in hits} | others
    people = [ids for ids in persons({one: known.get(one, {}) for one in shown}) if not hits.isdisjoint(ids)]
    return PeopleFound(people=tuple(_person(ids, known, shown, policy) for ids in people), more=more)


def _asked(data: SearchPeople, policy: Policy) -> set[MatchKey]:
    faults = []
    if data.purpose not in policy.purposes:
        faults.append(Fault("purpose", "unknown_purpose", {"allowed": list(policy.purposes)}))
    sought = Sought(id_number=data.id_number, phone=data.phone, household=data.household, name=data.name)
    keys = sought_keys(sought)
    if isinstance(keys, list):
        raise Rejected("invalid", *faults, *keys)
    if faults:
        raise Rejected("invalid", *faults)
    return keys


async def _count(conn: AsyncConnection, user: Principal) -> None:
    """One search more. Raises `Rejected` for whoever has searched too often within an hour."""
    s = person_searches.c
    await conn.execute(_ALONE, {"subject": user.subject})
    await conn.execute(delete(person_searches).where(s.subject == user.subject, s.searched_at < func.now() - SPAN))
    if (await conn.scalar(select(func.count()).where(s.subject == user.subject)) or 0) >= MOST_SEARCHES:
        raise Rejected("searches_too_many", most=MOST_SEARCHES)
    await conn.execute(insert(person_searches).values(subject=user.subject))


async def _find(
    conn: AsyncConnection, wanted: Collection[MatchKey], user: Principal, policy: Policy
) -> tuple[list[UUID], bool]:
    """The latest that have all of these keys and lie where the caller may look, and whether there are more."""
    k = match_keys.c
    fit = select(k.case_id).where(tuple_(k.match_key, k.kind).in_([(key, kind) for kind, key in wanted]))
    fit = fit.group_by(k.case_id).having(func.count() == len(wanted))
    statement = select(cases.c.case_id).where(cases.c.case_id.in_(fit), _scope(user, policy))
    found = list(await conn.scalars(statement.order_by(cases.c.case_id.desc()).limit(MOST + 1)))
    return found[:MOST], len(found) > MOST


def _scope(user: Principal, policy: Policy) -> ColumnElement[bool]:
    """No more than the matrix gives, which is asked of each case afterwards."""
    ranges = policy.ranges_within(user.area)
    own = cases.c.first_contact_office.in_(policy.codes_of_office(user.office)) if user.office else false()
    if user.role is Role.COORDINATOR:
        return or_(own, inside(cases.c.area, ranges), inside(cases.c.first_contact_area, ranges))
    return own if user.office else inside(cases.c.first_contact_area, ranges)


async def _near(conn: AsyncConnection, case_ids: Collection[UUID]) -> set[UUID]:
    """With other cases of the same people and households; of merged records those of each."""
    near = set(await _with_them(conn, case_ids))
    for _ in range(STEPS):
        if not any(Same.LINKED in own for own in (await keys_of(conn, near)).values()):
            break
        near |= set(await _with_them(conn, near))
    return near


async def _with_them(conn: AsyncConnection, case_ids: Collection[UUID]) -> list[UUID]:
    """The latest of the same people and households."""
    own, others = match_keys, match_keys.alias("others")
    wanted = (
        select(others.c.case_id)
        .distinct()
        .join(own, (own.c.kind == others.c.kind) & (own.c.match_key == others.c.match_key))
        .where(among(own.c.case_id, list(case_ids)), own.c.kind.in_(list(Same)))
        .order_by(others.c.case_id.desc())
        .limit(MOST)
    )
    return list(await conn.scalars(wanted)) if case_ids else []


async def _seen(conn: AsyncConnection, case_ids: Collection[UUID], user: Principal) -> dict[UUID, Found]:
    """Those that the caller may know of."""
    found = await store.find_cases(conn, list(case_ids))
    offices = await list_relations(conn, list(case_ids))
    seen = (
        Found(case=case, offices=had, relations=relations_of(user, case, had))
        for case in found
        for had in [offices.get(case.id, ())]
    )
    return {one.case.id: one for one in seen if access(one.relations, Part.STATE) is not Access.DENIED}


def _person(ids: list[UUID], known: Keys, shown: Mapping[UUID, Found], policy: Policy) -> Person:
    households = {known[one][Same.HOUSEHOLD] for one in ids if Same.HOUSEHOLD in known.get(one, {})}
    kin = sorted((one for one in shown if known.get(one, {}).get(Same.HOUSEHOLD) in households), reverse=True)
    return Person(
        cases=tuple(to_listed(shown[one], policy) for one in ids),
        household=tuple(to_listed(shown[one], policy) for one in kin if one not in ids),
        linked=any(Same.LINKED in known.get(one, {}) for one in ids),
    )


REGISTRY: list[HTTPRouteHandler] = [search_people]
