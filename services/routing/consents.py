"""Applicants' consents to information checks, as intake tells of them: SQL, and what a withdrawal ends."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, assert_never
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Consent
from contracts.events.cases import CaseConsentGiven, CaseConsentWithdrawn
from libraries.runtime.database.bulk import among, insert_rows
from services.routing.domain.referral import CheckConsent, Routing
from services.routing.tables import check_consents

COLUMNS: Final = ("consent_id", "case_id", "purpose", "consent", "given_at")
KNOWN: Final = "ON CONFLICT (consent_id) DO NOTHING"
"""What is told again long after changes nothing."""


async def save_consents(conn: AsyncConnection, told: Iterable[CaseConsentGiven | CaseConsentWithdrawn]) -> None:
    """In the order in which they were told; a case that is routed is locked by the caller."""
    c = check_consents.c
    for event in told:
        match event:
            case CaseConsentGiven(consent_id=id_, purpose=purpose, consent=consent, given_at=at):
                row = [id_, event.case_id, purpose, consent.value, at]
                await insert_rows(conn, check_consents, COLUMNS, [row], then=KNOWN)
            case CaseConsentWithdrawn(consent_id=id_, withdrawn_at=at):
                await conn.execute(update(check_consents).where(c.consent_id == id_).values(withdrawn_at=at))
            case _:
                assert_never(event)


async def with_consents(conn: AsyncConnection, routings: Mapping[UUID, Routing]) -> dict[UUID, Routing]:
    """The same with the consents of their applicants."""
    statement = select(check_consents).where(among(check_consents.c.case_id, routings))
    found: dict[UUID, list[CheckConsent]] = {case_id: [] for case_id in routings}
    for row in await conn.execute(statement.order_by(check_consents.c.consent_id)):
        consent = CheckConsent(
            id=row.consent_id, purpose=row.purpose, consent=Consent(row.consent), withdrawn_at=row.withdrawn_at
        )
        found[row.case_id].append(consent)
    return {case_id: replace(routing, consents=tuple(found[case_id])) for case_id, routing in routings.items()}
