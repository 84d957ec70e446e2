"""Matters that somebody hands in for another (代办): how the applicant agreed, and who says so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.codes import Consent, Role
from libraries.clocks.wording import office_if_any
from libraries.runtime.audit.doers import Doer
from libraries.runtime.audit.writing import note_change
from libraries.runtime.database.bulk import insert_rows
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import Initiator, Principal, requires
from services.intake.lookup import find_visible
from services.intake.tables import consents

Call = Request[Principal, Any, State]

SEES_CONSENT = requires(Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR, Role.ASSISTANT)


class ConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """How the applicant agreed, and who put it on record."""

    consent: Consent
    consent_zh: str
    consent_en: str
    noted_at: datetime
    subject: str
    """Who, as the token names it."""
    role: str
    office: str | None
    office_zh: str | None
    office_en: str | None


COLUMNS: Final = ("case_id", "consent", "subject", "role", "office", "noted_at")


async def save_consents(
    conn: AsyncConnection, given: Sequence[tuple[UUID, Consent, Initiator, Doer | None]], *, at: datetime
) -> None:
    """Of cases that were just registered, and who says so of each."""
    for case_id, consent, _, doer in given:
        await note_change(conn, "consent.noted", case_id=case_id, about=consent.value, who=doer)
    rows = [
        [case_id, consent.value, by.subject, by.actor.role or "", by.actor.office or None, at]
        for case_id, consent, by, _ in given
    ]
    await insert_rows(conn, consents, COLUMNS, rows)


@get("/v1/cases/{key:str}/consent", guards=[SEES_CONSENT], tags=["cases"])
async def show_consent(request: Call, state: State, key: FromPath[str]) -> list[ConsentView]:
    """How the applicant agreed that somebody else hands it in; empty where the applicant came in person."""
    policy = state.policy.policy
    async with transaction(state.engine) as conn:
        case = await find_visible(conn, request.user, key, Part.STORY)
        rows = (await conn.execute(select(consents).where(consents.c.case_id == case.id))).all()
    views = []
    for row in rows:
        given = Consent(row.consent)
        zh, en = office_if_any(policy, row.office)
        views.append(
            ConsentView(
                consent=given,
                consent_zh=given.zh,
                consent_en=given.en,
                noted_at=row.noted_at,
                subject=row.subject,
                role=row.role,
                office=row.office,
                office_zh=zh,
                office_en=en,
            )
        )
    return views


CONSENTS: list[HTTPRouteHandler] = [show_consent]
