"""Two records of one person are merged and parted, over HTTP: a window says that cases have the same applicant.

What somebody gave stays as it is. A link is a number of chance at cases of both, among their match keys: it goes with
the case that is erased, and says nothing of anybody.
"""

import secrets
from collections.abc import Collection
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta
from sqlalchemy import delete, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.refusals import Fault
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_change
from libraries.runtime.database.bulk import among, insert_rows
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal
from libraries.runtime.web.openapi import Described
from services.intake.domain.case import Case
from services.intake.domain.people import Same
from services.intake.lookup import find
from services.intake.people import COLUMNS, HASH_BYTES, cases_of_person, keys_of
from services.intake.registry import SEARCHES
from services.intake.tables import match_keys

Call = Request[Principal, Any, State]
Key = Annotated[str, Meta(min_length=1, max_length=64)]
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('people.links', 29))")
"""Two who link the same people do it one after the other; it is done seldom."""


class MergePeople(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case of each, by number or id, and for what the window looked at both."""

    one: Key
    other: Key
    purpose: Annotated[str, Meta(max_length=64)]
    """A code of the policy's `purposes.yaml`."""


class PartPeople(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case of the person who was merged wrongly."""

    case: Key
    purpose: Annotated[str, Meta(max_length=64)]


class PeopleLinked(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the cases that were named."""

    cases: tuple[str, ...]


@post(
    "/v1/people/merge",
    guards=[SEARCHES],
    status_code=200,
    tags=["people"],
    opt=Described(answers={200: PeopleLinked}, refuses=(404, 409), gone=True).opt(),
)
async def merge_people(request: Call, state: State, data: JSONBody[MergePeople]) -> PeopleLinked:
    """Two records are one person: another name, a new telephone, a number that was typed wrongly.

    The caller may open the applicant of both. From then on the registry finds the cases together, and what was handed
    in with the ones is on file for the others.
    """
    policy = state.policy.policy
    async with transaction(state.engine) as conn:
        await conn.execute(_ALONE)
        one, other = [await _openable(conn, request.user, key, data.purpose, policy) for key in (data.one, data.other)]
        if other.id in {one.id, *await cases_of_person(conn, one.id)}:
            raise Rejected("one_person_already")
        await _link(conn, one.id, other.id)
        for case, about in ((one, other), (other, one)):
            await note_change(conn, "people.merged", case_id=case.id, about=about.id, purpose=data.purpose)
    return PeopleLinked(cases=(one.number, other.number))


@post(
    "/v1/people/part",
    guards=[SEARCHES],
    status_code=200,
    tags=["people"],
    opt=Described(answers={200: PeopleLinked}, refuses=(404, 409), gone=True).opt(),
)
async def part_people(request: Call, state: State, data: JSONBody[PartPeople]) -> PeopleLinked:
    """A wrong merge is taken back: this person is told apart by what they gave alone. What was done meanwhile stays."""
    policy = state.policy.policy
    async with transaction(state.engine) as conn:
        await conn.execute(_ALONE)
        case = await _openable(conn, request.user, data.case, data.purpose, policy)
        own = {case.id, *await cases_of_person(conn, case.id, linked=False)}
        k = match_keys.c
        gone = await conn.execute(delete(match_keys).where(among(k.case_id, sorted(own)), k.kind == Same.LINKED))
        if not gone.rowcount:
            raise Rejected("people_not_merged")
        await note_change(conn, "people.parted", case_id=case.id, purpose=data.purpose)
    return PeopleLinked(cases=(case.number,))


async def _openable(conn: AsyncConnection, user: Principal, key: str, purpose: str, policy: Policy) -> Case:
    """Raises `Rejected` for who may not open the applicant; for the erased, of whom nobody knows who they were."""
    if purpose not in policy.purposes:
        raise Rejected("invalid", Fault("purpose", "unknown_purpose", {"allowed": list(policy.purposes)}))
    found = await find(conn, user, key)
    demand(found.relations, Part.APPLICANT)
    if found.case.erased:
        raise Rejected("erased")
    return found.case


async def _link(conn: AsyncConnection, one: UUID, other: UUID) -> None:
    """One link for both: an older one of each goes on, and two of them become one."""
    k = match_keys.c
    known = {case_id: await _links(conn, {case_id, *await cases_of_person(conn, case_id)}) for case_id in (one, other)}
    links = sorted(known[one] | known[other])
    link = links[0] if links else secrets.token_bytes(HASH_BYTES)
    if links[1:]:
        await conn.execute(
            update(match_keys).where(k.kind == Same.LINKED, k.match_key.in_(links[1:])).values(match_key=link)
        )
    own = await keys_of(conn, [one, other])
    rows = [[case_id, Same.LINKED.value, link] for case_id in (one, other) if Same.LINKED not in own[case_id]]
    await insert_rows(conn, match_keys, COLUMNS, rows)


async def _links(conn: AsyncConnection, case_ids: Collection[UUID]) -> set[bytes]:
    found = await keys_of(conn, sorted(case_ids))
    return {own[Same.LINKED] for own in found.values() if Same.LINKED in own}


PERSONS: list[HTTPRouteHandler] = [merge_people, part_people]
