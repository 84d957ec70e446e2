"""What a window asks another office about the applicant (核对), before it has accepted the case: asked, and read."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part, Relation
from contracts.refusals import Refused
from contracts.submissions import LongText
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.preconditions import etag
from libraries.runtime.web.problems import problem
from services.intake import reads, store
from services.intake.acting import refuse_stale
from services.intake.actions import CHANGES_CASES
from services.intake.check_consents import consents_of
from services.intake.contents import SEES_PEOPLE
from services.intake.domain import checks as rules
from services.intake.domain.checks import Question
from services.intake.lookup import Found, acts_as, find
from services.intake.publishing import record
from services.intake.tables import window_checks

Call = Request[Principal, Any, State]


class RequestCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom, for what and what."""

    office: Annotated[str, Meta(max_length=64)]
    purpose: Annotated[str, Meta(max_length=64)]
    """To which a consent of the applicant stands."""
    question: LongText


class CheckAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The referral that the other office gets, with its answer; routing has it in a moment."""

    check_id: UUID
    referral: str


class WindowQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a window asks."""

    text: str
    """Empty where it was erased."""


@post(
    "/v1/cases/{key:str}/request-check",
    guards=[CHANGES_CASES],
    tags=["checks"],
    opt=Described(answers={201: CheckAsked}).opt(),
)
async def request_check(request: Call, state: State, key: FromPath[str], data: JSONBody[RequestCheck]) -> Response[Any]:
    """Ask another office about the applicant, while the case is with the window; afterwards its lead asks."""
    await state.policy.fresh()
    at = state.clock.now()
    policy = state.policy.at(at)
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        before = await store.lock_cases(conn, [found.case.id])
        if stale := await refuse_stale(request, conn, found.case.id):
            return stale
        case = before[found.case.id]
        by = acts_as(request.user, case, policy)
        wanted = Question(id=new_id(), office=data.office, purpose=data.purpose, text=data.question)
        known = await consents_of(conn, case.id)
        open_ = await _open(conn, found)
        outcome = rules.ask(case, wanted, known, open_, at, policy, asker=by.actor.office)
        if isinstance(outcome, Refused):
            return problem(request, outcome)
        sealed = await store.get_sealed(conn, case.id)
        text = state.sealer.seal(sealed.wrapped_key, wanted.text.encode(), _context(case.id, wanted.id))
        row = {
            "check_id": wanted.id,
            "case_id": case.id,
            "office": wanted.office,
            "asked_at": at,
            "subject": by.subject,
        }
        await conn.execute(insert(window_checks).values(sealed_question=text, **row))
        await record(conn, before, [outcome.done_by(by.actor)], policy, subject=by.subject)
        version = await store.get_version(conn, case.id)
    told = CheckAsked(check_id=wanted.id, referral=f"/v1/referrals/{wanted.id}")
    return Response(told, status_code=201, headers=etag(str(version)))


@get("/v1/cases/{key:str}/checks/{check_id:uuid}/question", guards=[SEES_PEOPLE], tags=["checks"])
async def show_question(request: Call, state: State, key: FromPath[str], check_id: FromPath[UUID]) -> WindowQuestion:
    """What the window asked, unsealed. Each call is put on record before the question leaves."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        wanted = select(window_checks).where(
            window_checks.c.check_id == check_id, window_checks.c.case_id == found.case.id
        )
        row = (await conn.execute(wanted)).one_or_none()
        if row is None:
            raise Rejected("not_found")
        if not _is_asked(request.user, found, check_id):
            demand(found.relations, Part.CHECK_ANSWERS)
        await reads.save_question_read(conn, found.case.id, check_id, at=state.clock.now(), user=request.user)
        wrapped = (await store.get_sealed(conn, found.case.id)).wrapped_key
    if not wrapped:
        return WindowQuestion(text="")
    return WindowQuestion(
        text=state.sealer.open(wrapped, row.sealed_question, _context(row.case_id, check_id)).decode()
    )


def _is_asked(user: Principal, found: Found, check_id: UUID) -> bool:
    """Whether the caller is the office that was asked, or was."""
    own = (one for one in found.offices if one.referral_id == check_id and one.relation is Relation.CHECKER)
    return any(user.referral in {None, check_id} and user.speaks_for(one.office) for one in own)


async def _open(conn: AsyncConnection, found: Found) -> frozenset[str]:
    """Offices that were asked and have not answered, as far as it was heard."""
    asked = select(window_checks.c.check_id, window_checks.c.office).where(window_checks.c.case_id == found.case.id)
    over = {one.referral_id for one in found.offices if one.ended_at is not None}
    return frozenset(row.office for row in await conn.execute(asked) if row.check_id not in over)


def _context(case_id: UUID, check_id: UUID) -> str:
    return f"{case_id}/check-{check_id}"


CHECKS: list[HTTPRouteHandler] = [request_check, show_question]
