"""Consents to information checks (核对) over HTTP: taken at the window with a paper to sign, withdrawn at any time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.codes import Consent, Role
from contracts.documents import DocumentKind
from contracts.refusals import Refused
from libraries.clocks.check_wording import purpose_of
from libraries.clocks.wording import office_if_any
from libraries.ids import new_id
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Initiator, Principal, requires
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.preconditions import etag
from libraries.runtime.web.problems import problem
from services.intake import store
from services.intake.acting import refuse_stale
from services.intake.actions import CALLERS, CHANGES_CASES
from services.intake.domain import check_consents as rules
from services.intake.domain.check_consents import CheckConsent
from services.intake.issuing import issue_one
from services.intake.lookup import Found, acts_as, find
from services.intake.publishing import record
from services.intake.tables import check_consents

Call = Request[Principal, Any, State]
SEES_CONSENTS = requires(Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR, Role.OFFICER, Role.HEAD, Role.APPLICANT)
TAKES_BACK = requires(*CALLERS, Role.APPLICANT)


class GiveConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For what, and how the applicant agreed."""

    purpose: Annotated[str, Meta(max_length=64)]
    """A code of the policy's `purposes.yaml` with `check: true`."""
    consent: Consent


class WithdrawConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing needs to be said: no reason is asked for."""


class CheckConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """A consent to checks, who put it on record, and whether it stands."""

    consent_id: UUID
    purpose: str
    purpose_zh: str
    purpose_en: str
    consent: Consent
    consent_zh: str
    consent_en: str
    given_at: datetime
    office: str | None
    """The window that took it."""
    office_zh: str | None
    office_en: str | None
    withdrawn_at: datetime | None


NOTHING_SAID: Final = WithdrawConsent()


@get("/v1/cases/{key:str}/check-consents", guards=[SEES_CONSENTS], tags=["checks"])
async def list_consents(request: Call, state: State, key: FromPath[str]) -> list[CheckConsentView]:
    """To what checks the applicant agreed, withdrawn ones too; in the order in which they were given."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.STORY)
        rows = await _rows(conn, found.case.id)
    return [_view(row, state.policy.policy) for row in rows]


@post(
    "/v1/cases/{key:str}/check-consents",
    guards=[CHANGES_CASES],
    tags=["checks"],
    opt=Described(answers={201: CheckConsentView}).opt(),
)
async def give_consent(request: Call, state: State, key: FromPath[str], data: JSONBody[GiveConsent]) -> Response[Any]:
    """Put on record that the applicant agrees to checks for one purpose; its paper is a document of the case."""
    await state.policy.fresh()
    at = state.clock.now()
    policy = state.policy.at(at)
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        before = await store.lock_cases(conn, [found.case.id])
        if stale := await refuse_stale(request, conn, found.case.id):
            return stale
        case = before[found.case.id]
        wanted = CheckConsent(id=new_id(), purpose=data.purpose, consent=data.consent, given_at=at)
        known = await consents_of(conn, case.id)
        outcome = rules.give(case, known, wanted, policy)
        if isinstance(outcome, Refused):
            return problem(request, outcome)
        by = acts_as(request.user, case, policy)
        await _insert(conn, case.id, wanted, by)
        await record(conn, before, [outcome.done_by(by.actor)], policy, subject=by.subject)
        more = {
            "purpose": purpose_of(policy, data.purpose),
            "agreed": (data.consent.zh, data.consent.en),
        }
        await issue_one(conn, case, DocumentKind.CHECK_CONSENT, more, state.sealer, policy, at)
        return await _told(conn, found, wanted.id, policy, status=201)


@post(
    "/v1/cases/{key:str}/check-consents/{consent_id:uuid}/withdraw",
    guards=[TAKES_BACK],
    status_code=200,
    tags=["checks"],
    opt=Described(answers={200: CheckConsentView}).opt(),
)
async def withdraw_consent(
    request: Call,
    state: State,
    key: FromPath[str],
    consent_id: FromPath[UUID],
    data: JSONBody[WithdrawConsent] = NOTHING_SAID,
) -> Response[Any]:
    """The applicant takes it back: checks that are not answered yet end, and none is asked under it any more."""
    del data
    at = state.clock.now()
    policy = state.policy.at(at)
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.STORY)
        before = await store.lock_cases(conn, [found.case.id])
        case = before[found.case.id]
        row = next((one for one in await _rows(conn, case.id) if one.consent_id == consent_id), None)
        if row is None:
            raise Rejected("not_found")
        outcome = rules.withdraw(case, _consent(row), at)
        if isinstance(outcome, Refused):
            return problem(request, outcome)
        change, _ = outcome
        by = acts_as(request.user, case, policy)
        gone = update(check_consents).where(check_consents.c.consent_id == consent_id)
        who = {"withdrawn_by": by.subject, "withdrawn_role": by.actor.role or ""}
        await conn.execute(gone.values(withdrawn_at=at, **who))
        await record(conn, before, [change.done_by(by.actor)], policy, subject=by.subject)
        return await _told(conn, found, consent_id, policy, status=200)


async def _told(
    conn: AsyncConnection, found: Found, consent_id: UUID, policy: Policy, *, status: int
) -> Response[CheckConsentView]:
    row = next(one for one in await _rows(conn, found.case.id) if one.consent_id == consent_id)
    version = await store.get_version(conn, found.case.id)
    return Response(_view(row, policy), status_code=status, headers=etag(str(version)))


async def _insert(conn: AsyncConnection, case_id: UUID, given: CheckConsent, by: Initiator) -> None:
    values = {
        "consent_id": given.id,
        "case_id": case_id,
        "purpose": given.purpose,
        "consent": given.consent.value,
        "given_at": given.given_at,
        "subject": by.subject,
        "role": by.actor.role or "",
        "office": by.actor.office or None,
    }
    await conn.execute(insert(check_consents).values(**values))


async def _rows(conn: AsyncConnection, case_id: UUID) -> Sequence[Row[Any]]:
    found = select(check_consents).where(check_consents.c.case_id == case_id).order_by(check_consents.c.consent_id)
    return (await conn.execute(found)).all()


async def consents_of(conn: AsyncConnection, case_id: UUID) -> list[CheckConsent]:
    """All that were given, withdrawn ones too."""
    return [_consent(row) for row in await _rows(conn, case_id)]


def _consent(row: Row[Any]) -> CheckConsent:
    return CheckConsent(
        id=row.consent_id,
        purpose=row.purpose,
        consent=Consent(row.consent),
        given_at=row.given_at,
        withdrawn_at=row.withdrawn_at,
    )


def _view(row: Row[Any], policy: Policy) -> CheckConsentView:
    consent, purpose, office = Consent(row.consent), purpose_of(policy, row.purpose), office_if_any(policy, row.office)
    return CheckConsentView(
        consent_id=row.consent_id,
        purpose=row.purpose,
        purpose_zh=purpose[0],
        purpose_en=purpose[1],
        consent=consent,
        consent_zh=consent.zh,
        consent_en=consent.en,
        given_at=row.given_at,
        office=row.office,
        office_zh=office[0],
        office_en=office[1],
        withdrawn_at=row.withdrawn_at,
    )


CHECK_CONSENTS: list[HTTPRouteHandler] = [list_consents, give_consent, withdraw_consent]
