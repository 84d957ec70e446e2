"""Merging duplicates into one case, and taking a wrong merge back, over HTTP: several cases in one transaction."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.refusals import Fault, Refused
from contracts.submissions import Applicant
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.preconditions import etag
from libraries.runtime.web.problems import problem
from services.intake import store
from services.intake.acting import refuse_stale
from services.intake.actions import CHANGES_CASES
from services.intake.contents import open_sealed
from services.intake.domain import merging
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.possible import with_possible
from services.intake.lookup import Found, acts_as, find, relations_of
from services.intake.publishing import record
from services.intake.views import CaseView, to_view

Call = Request[Principal, Any, State]
MOST: Final = 50
Key = Annotated[str, Meta(min_length=1, max_length=64)]


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cases are duplicates of this one, by number or id."""

    duplicates: Annotated[tuple[Key, ...], Meta(min_length=1, max_length=MOST)]


class Unmerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing needs to be said."""


NOTHING_SAID: Final = Unmerge()


@post(
    "/v1/cases/{key:str}/merge",
    guards=[CHANGES_CASES],
    status_code=200,
    tags=["acts"],
    opt=Described(answers={200: CaseView}).opt(),
)
async def merge(request: Call, state: State, key: FromPath[str], data: JSONBody[Merge]) -> Response[Any]:
    """Merge duplicates into this case (并案): all of them or none.

    They are of the same category and applicant, neither solved nor over, and none has to be done earlier than this
    one. The applicant finds this case under the number and the receipt of each.
    """
    user, sealer = request.user, state.sealer
    await state.policy.fresh()
    at = state.clock.now()
    policy = state.policy.at(at)
    async with transaction(state.engine) as conn:
        found = await find(conn, user, key)
        named, faults = await _named(conn, user, data.duplicates)
        if faults:
            return problem(request, Refused.of(*faults))
        before = await store.lock_cases(conn, [found.case.id, *(one.case.id for one in named.values())])
        if stale := await refuse_stale(request, conn, found.case.id):
            return stale
        duplicates = {field: before[one.case.id] for field, one in named.items()}
        survivor = before[found.case.id]
        outcome = merging.merge(
            survivor,
            duplicates,
            at,
            policy,
            applicants={field: await _applicant(conn, case, sealer) for field, case in duplicates.items()},
            own=await _applicant(conn, survivor, sealer),
        )
        if isinstance(outcome, Refused):
            return problem(request, with_possible(outcome, survivor, policy, at))
        return await _done(request, state, conn, found, before, outcome, survivor)


@post(
    "/v1/cases/{key:str}/unmerge",
    guards=[CHANGES_CASES],
    status_code=200,
    tags=["acts"],
    opt=Described(answers={200: CaseView}).opt(),
)
async def unmerge(
    request: Call, state: State, key: FromPath[str], data: JSONBody[Unmerge] = NOTHING_SAID
) -> Response[Any]:
    """Take a wrong merge back: the case goes on by itself as accepted, with the time that it has used."""
    del data
    await state.policy.fresh()
    at = state.clock.now()
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        into = found.case.merged_into
        before = await store.lock_cases(conn, [found.case.id, *([into] if into is not None else [])])
        if stale := await refuse_stale(request, conn, found.case.id):
            return stale
        case = before[found.case.id]
        survivor = before.get(case.merged_into, case) if case.merged_into is not None else case
        outcome = merging.unmerge(case, survivor, at, state.policy.at(at))
        if isinstance(outcome, Refused):
            return problem(request, with_possible(outcome, case, state.policy.at(at), at))
        return await _done(request, state, conn, found, before, outcome, case)


async def _named(conn: AsyncConnection, user: Principal, keys: tuple[str, ...]) -> tuple[dict[str, Found], list[Fault]]:
    """By the field that names it; a case that the caller may not know of is like one that there is not."""
    named: dict[str, Found] = {}
    faults: list[Fault] = []
    for number, key in enumerate(dict.fromkeys(keys)):
        field = f"duplicates[{number}]"
        try:
            named[field] = await find(conn, user, key)
        except Rejected:
            faults.append(Fault(field, "no_such_case"))
    seen: dict[Any, str] = {}
    for field, one in list(named.items()):
        if seen.setdefault(one.case.id, field) != field:  # the same case by number and by id
            del named[field]
    return named, faults


async def _applicant(conn: AsyncConnection, case: Case, sealer: Sealer) -> Applicant | None:
    """To compare, and for nobody to read."""
    sealed = await store.get_sealed(conn, case.id)
    opened = open_sealed(sealer, sealed, sealed.applicant, case, Part.APPLICANT)
    return msgspec.json.decode(opened, type=Applicant) if opened is not None else None


async def _done(
    request: Call,
    state: State,
    conn: AsyncConnection,
    found: Found,
    before: dict[Any, Case],
    changes: list[Change],
    about: Case,
) -> Response[Any]:
    user, policy = request.user, state.policy.policy
    done = [change.done_by(acts_as(user, change.case, policy).actor) for change in changes]
    await record(conn, before, done, policy, subject=acts_as(user, about, policy).subject)
    case = next(change.case for change in done if change.case.id == about.id)
    version = await store.get_version(conn, case.id)
    view = to_view(case, policy, relations_of(user, case, found.offices))
    return Response(view, status_code=200, headers=etag(str(version)))


MERGING: list[HTTPRouteHandler] = [merge, unmerge]
