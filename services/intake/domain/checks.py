"""An information check (核对) that a window asks for, while the case is still with it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.codes import CaseState
from contracts.events.cases import CaseCheckRequested
from contracts.refusals import Fault, Refused
from libraries.policies import Policy
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.check_consents import CheckConsent, purpose_faults

WITH_THE_WINDOW: Final = frozenset({CaseState.REGISTERED, CaseState.AWAITING_SUPPLEMENT})
"""Afterwards the case has a lead, and the lead asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whom the window asks, for what and what."""

    id: UUID
    office: str
    purpose: str
    text: str


def ask(
    case: Case,
    wanted: Question,
    consents: Iterable[CheckConsent],
    open_offices: Collection[str],
    at: datetime,
    policy: Policy,
    *,
    asker: str,
) -> Change | Refused:
    """Any office of the policy, but only under a consent that stands, and one question to each at a time."""
    office = policy.offices.get(wanted.office)
    faults = [Fault("office", "unknown_office")] if office is None else []
    faults += purpose_faults(policy, wanted.purpose)
    faults += [] if wanted.text.strip() else [Fault("question", "question_missing")]
    if office is None or faults:
        return Refused.of(*faults)
    if case.state not in WITH_THE_WINDOW:
        return Refused(code="lead_asks", facts={"state": case.state, "lead": case.lead_office})
    if policy.same_office(office.code, asker):
        return Refused(code="same_office")
    if office.outside:
        return Refused(code="organisation_only")
    consent = next((one for one in consents if one.purpose == wanted.purpose and one.withdrawn_at is None), None)
    if consent is None:
        facts = {"purpose": wanted.purpose, "window": case.first_contact_office}
        return Refused(code="consent_needed", facts=facts)
    if office.code in open_offices:
        return Refused(code="question_open")
    return Change(case=case, at=at).emit(
        CaseCheckRequested,
        check_id=wanted.id,
        office=office.code,
        purpose=wanted.purpose,
        consent_id=consent.id,
        consent=consent.consent,
        number=case.number,
        category=case.category,
        field=case.field,
        area=case.area,
        first_contact_office=case.first_contact_office,
        requested_at=at,
    )
