"""Cases of one person or household: found by keyed hashes of what tells them apart, and by nothing that can be read.

Whoever has a copy of the table alone cannot try out names or numbers; the key belongs to the installation.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.submissions import Applicant
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.bulk import among, insert_rows
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal
from services.intake import store
from services.intake.contents import SEES_PEOPLE, CaseListed, to_listed
from services.intake.domain.case import Case
from services.intake.domain.people import Same, match_keys_of, persons, without_links
from services.intake.domain.states import Move, after
from services.intake.lookup import Found, find, relations_of
from services.intake.relations import list_relations
from services.intake.tables import match_keys

Call = Request[Principal, Any, State]
HASH_BYTES: Final = 16
MOST: Final = 50
OF_ONE_PERSON: Final = frozenset({Same.ID_NUMBER, Same.NAME_AND_PHONE})
COLUMNS: Final = ("case_id", "kind", "match_key")


class Related(CaseListed, frozen=True, kw_only=True):
    """Another case of the same person or household."""

    same: tuple[Same, ...]
    duplicate: bool
    """Whether it may be the same matter brought twice: it can be merged as far as category, person and state go."""


@get("/v1/cases/{key:str}/related", guards=[SEES_PEOPLE], tags=["cases"])
async def show_related(request: Call, state: State, key: FromPath[str]) -> list[Related]:
    """Other cases of the same person or household that the caller may know of, at most 50, the latest first.

    A person decides whether one is the same matter; nothing is merged by itself.
    """
    user, policy = request.user, state.policy.policy
    async with transaction(state.engine) as conn:
        found = await find(conn, user, key)
        for part in (Part.STATE, Part.APPLICANT):
            demand(found.relations, part)
        await note_read(conn, "related", case_id=found.case.id)
        same = await _find_same(conn, found.case.id)
        cases = await store.find_cases(conn, same)
        offices = await list_relations(conn, list(same))
    seen = [
        Found(case=case, offices=had, relations=relations_of(user, case, had))
        for case in cases
        for had in [offices.get(case.id, ())]
    ]
    return [_view(one, found.case, same[one.case.id], policy) for one in seen if one.relations]


async def save_match_keys(conn: AsyncConnection, people: Mapping[UUID, Applicant], sealer: Sealer) -> None:
    """Of cases that were just registered."""
    rows = [
        [case_id, kind, hashed(sealer, kind, key)]
        for case_id, applicant in people.items()
        for kind, key in sorted(match_keys_of(applicant))
    ]
    await insert_rows(conn, match_keys, COLUMNS, rows)


def hashed(sealer: Sealer, kind: str, key: bytes) -> bytes:
    return sealer.keyed_hash(f"applicant/{kind}", key)[:HASH_BYTES]


async def erase_match_keys(conn: AsyncConnection, case_ids: Iterable[UUID]) -> None:
    await conn.execute(delete(match_keys).where(among(match_keys.c.case_id, list(case_ids))))


async def _find_same(conn: AsyncConnection, case_id: UUID) -> dict[UUID, set[Same]]:
    """The latest cases with a match key of this one, and which."""
    own, others = match_keys, match_keys.alias("others")
    wanted = (
        select(others.c.case_id, others.c.kind)
        .join(own, (own.c.kind == others.c.kind) & (own.c.match_key == others.c.match_key))
        .where(own.c.case_id == case_id, others.c.case_id != case_id, own.c.kind.in_(list(Same)))
        .order_by(others.c.case_id.desc())
        .limit(MOST * len(Same))
    )
    found: defaultdict[UUID, set[Same]] = defaultdict(set)
    for row in await conn.execute(wanted):
        if row.case_id in found or len(found) < MOST:
            found[row.case_id].add(Same(row.kind))
    return dict(found)


async def keys_of(conn: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, dict[Same, bytes]]:
    """What tells their applicants apart."""
    k = match_keys.c
    found: dict[UUID, dict[Same, bytes]] = {case_id: {} for case_id in case_ids}
    wanted = select(k.case_id, k.kind, k.match_key).where(among(k.case_id, list(case_ids)), k.kind.in_(list(Same)))
    for row in await conn.execute(wanted):
        found[row.case_id][Same(row.kind)] = bytes(row.match_key)
    return found


async def linked_to(conn: AsyncConnection, case_ids: Collection[UUID]) -> set[UUID]:
    """Others of which a window has said that they are the same people."""
    own, others = match_keys, match_keys.alias("others")
    wanted = (
        select(others.c.case_id)
        .join(own, (own.c.kind == others.c.kind) & (own.c.match_key == others.c.match_key))
        .where(among(own.c.case_id, sorted(case_ids)), own.c.kind == Same.LINKED)
        .order_by(others.c.case_id.desc())
        .limit(MOST)
    )
    return set(await conn.scalars(wanted)) - set(case_ids)


async def cases_of_person(conn: AsyncConnection, case_id: UUID, *, linked: bool = True) -> list[UUID]:
    """The latest others of the same applicant; by what they gave alone, if not as `linked`."""
    near = {case_id, *await _same_person(conn, case_id)}
    for one in sorted(await linked_to(conn, near)) if linked else ():
        near |= {one, *await _same_person(conn, one)}
    keys = await keys_of(conn, near)
    (person,) = [ids for ids in persons(keys if linked else without_links(keys)) if case_id in ids] or [[]]
    return [one for one in person if one != case_id]


async def _same_person(conn: AsyncConnection, case_id: UUID) -> list[UUID]:
    found = await _find_same(conn, case_id)
    return [one for one, kinds in found.items() if not kinds.isdisjoint(OF_ONE_PERSON)]


def _view(other: Found, case: Case, same: set[Same], policy: Policy) -> Related:
    mergeable = all(after(one.state, Move.MERGE) is not None for one in (other.case, case))
    duplicate = mergeable and other.case.category == case.category and not same.isdisjoint(OF_ONE_PERSON)
    listed = msgspec.structs.asdict(to_listed(other, policy))
    return Related(**listed, same=tuple(sorted(same)), duplicate=duplicate)


PEOPLE: list[HTTPRouteHandler] = [show_related]
