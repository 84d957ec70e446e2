"""Receipts: the code with which an applicant looks at the own case, made of the installation's key and never stored.

The code of a case follows from its id and from how often a window issued it again. So registering writes nothing more
than before, sending a submission twice gives the same code, and a table that is read tells no code.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Uuid, bindparam, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part, Relation
from contracts.refusals import Refused
from libraries.clocks.wording import office_if_any
from libraries.ids import new_id
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_change, note_read
from libraries.runtime.database.bulk import among
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, Role, requires
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.problems import problem
from services.intake import store
from services.intake.domain.numbers import is_case_number
from services.intake.domain.receipts import code_of, is_code, plain_number
from services.intake.lookup import find, find_visible
from services.intake.registration import Registered
from services.intake.tables import cases, receipts
from services.intake.views import CaseView

Call = Request[Principal, Any, State]

ISSUES = requires(Role.TOWNSHIP, Role.CLERK)
SEES_ISSUES = requires(Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR)
SHOWS = requires(Role.APPLICANT)
PURPOSE: Final = "receipt"
_GOES_ON: Final = text(
    """
    WITH RECURSIVE chain AS (
        SELECT case_id, number, merged_into FROM cases WHERE case_id = :case_id
        UNION
        SELECT c.case_id, c.number, c.merged_into FROM chain JOIN cases AS c ON c.case_id = chain.merged_into
    )
    SELECT case_id, number FROM chain WHERE merged_into IS NULL
    """
).bindparams(bindparam("case_id", type_=Uuid))
Codes = Mapping[UUID, str]
"""By case."""


class RegisteredCase(CaseView, frozen=True, kw_only=True):
    """A case as it was registered."""

    receipt: str | UnsetType = UNSET
    """The code for the applicant's receipt: it and the number open the status page. For the window that took the case
    alone, and nowhere else to be read."""


class IssueAgain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing needs to be said: who asks has shown who it is, and the window has looked."""


NOTHING_SAID: Final = IssueAgain()


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that was issued again; the ones before open nothing any more."""

    case_id: UUID
    number: str
    receipt: str
    issued_at: datetime


class IssueView(msgspec.Struct, frozen=True, kw_only=True):
    """When a receipt was issued again, and by whom."""

    issued_at: datetime
    subject: str
    """Who, as the token names it."""
    role: str
    office: str | None
    office_zh: str | None
    office_en: str | None


class Shown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands on a receipt, as somebody typed it."""

    number: Annotated[str, Meta(max_length=64)]
    receipt: Annotated[str, Meta(max_length=64)]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The case of a receipt; of one that was merged, the case in which the matter goes on."""

    case_id: UUID
    number: str


@post(
    "/v1/receipts/open",
    guards=[SHOWS],
    status_code=200,
    media_type=MediaType.JSON,
    tags=["receipts"],
    opt=Described(answers={200: Opened}).opt(),
)
async def open_receipt(request: Call, state: State, data: JSONBody[Shown]) -> Response[Any]:
    """Which case a receipt opens. Of what is no receipt nobody learns whether number or code is wrong.

    Whoever takes receipts from the public counts the tries; the portal does.
    """
    number = plain_number(data.number)
    async with transaction(state.engine) as conn:
        case = await _find(conn, number if is_case_number(number) else "")
        # Without a case the code of none is compared, so that the answer takes as long.
        case_id, issue = case if case is not None else (new_id(), 0)
        right = is_code(data.receipt, code(state.sealer, case_id, issue))
        if not right or case is None:
            return problem(request, Refused(code="no_such_receipt"))
        await note_read(conn, "receipt", case_id=case_id)
        goes_on = (await conn.execute(_GOES_ON, {"case_id": case_id})).one()
    return Response(Opened(case_id=goes_on.case_id, number=goes_on.number), status_code=200)


@post(
    "/v1/cases/{key:str}/receipt",
    guards=[ISSUES],
    status_code=200,
    media_type=MediaType.JSON,
    tags=["receipts"],
    opt=Described(answers={200: Issued}, gone=True).opt(),
)
async def issue_again(
    request: Call, state: State, key: FromPath[str], data: JSONBody[IssueAgain] = NOTHING_SAID
) -> Issued:
    """Issue the receipt again for an applicant who lost it, by the window that took the case; it stands on record."""
    del data
    at = state.clock.now()
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        if Relation.WINDOW not in found.relations:
            raise Rejected("not_the_window")
        case = (await store.lock_cases(conn, [found.case.id]))[found.case.id]
        if case.erased:
            raise Rejected("erased")
        issue = (await _issues(conn, [case.id])).get(case.id, 0) + 1
        user = request.user
        who = {"subject": user.subject, "role": user.role.value, "office": user.office}
        await note_change(conn, "receipt.issued", case_id=case.id, about=issue)
        await conn.execute(insert(receipts).values(case_id=case.id, issue=issue, issued_at=at, **who))
    return Issued(case_id=case.id, number=case.number, receipt=code(state.sealer, case.id, issue), issued_at=at)


@get("/v1/cases/{key:str}/receipts", guards=[SEES_ISSUES], tags=["receipts"])
async def show_issues(request: Call, state: State, key: FromPath[str]) -> list[IssueView]:
    """When its receipt was issued again, and by whom; the latest first."""
    async with transaction(state.engine) as conn:
        case = await find_visible(conn, request.user, key, Part.STORY)
        wanted = select(receipts).where(receipts.c.case_id == case.id).order_by(receipts.c.issue.desc())
        rows = (await conn.execute(wanted)).all()
    return [_view(row, state.policy.policy) for row in rows]


def code(sealer: Sealer, case_id: UUID, issue: int) -> str:
    return code_of(sealer.keyed_hash(PURPOSE, f"{case_id}/{issue}".encode()))


async def list_codes(conn: AsyncConnection, registered: Collection[Registered], sealer: Sealer) -> Codes:
    """Of each case the code that holds; of one that is new nothing needs to be looked up."""
    repeated = [one.case.id for one in registered if one.repeated]
    issues = await _issues(conn, repeated) if repeated else {}
    return {one.case.id: code(sealer, one.case.id, issues.get(one.case.id, 0)) for one in registered}


def to_registered(view: CaseView, relations: Collection[Relation], codes: Codes) -> RegisteredCase:
    mine = not {Relation.WINDOW, Relation.ASSISTANT}.isdisjoint(relations)
    return RegisteredCase(**msgspec.structs.asdict(view), receipt=codes.get(view.case_id, UNSET) if mine else UNSET)


async def _find(conn: AsyncConnection, number: str) -> tuple[UUID, int] | None:
    """Case and issue; none of a case whose data was erased."""
    latest = select(func.coalesce(func.max(receipts.c.issue), 0)).where(receipts.c.case_id == cases.c.case_id)
    wanted = select(cases.c.case_id, latest.scalar_subquery()).where(
        cases.c.number == number, func.length(cases.c.fingerprint) > 0
    )
    row = (await conn.execute(wanted)).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def _issues(conn: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, int]:
    wanted = select(receipts.c.case_id, func.max(receipts.c.issue)).where(among(receipts.c.case_id, list(case_ids)))
    return {row[0]: row[1] for row in await conn.execute(wanted.group_by(receipts.c.case_id))}


def _view(row: Any, policy: Policy) -> IssueView:
    zh, en = office_if_any(policy, row.office)
    return IssueView(
        issued_at=row.issued_at, subject=row.subject, role=row.role, office=row.office, office_zh=zh, office_en=en
    )


RECEIPTS: list[HTTPRouteHandler] = [open_receipt, issue_again, show_issues]
