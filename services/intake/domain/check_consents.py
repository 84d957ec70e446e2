"""Consents to information checks (核对): the applicant agrees for one purpose, and takes it back at any time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.codes import Consent
from contracts.events.cases import CaseConsentGiven, CaseConsentWithdrawn
from contracts.refusals import Fault, Refused
from libraries.policies import Policy
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.states import OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConsent:
    """That the applicant agrees that offices are asked about them, for one purpose."""

    id: UUID
    purpose: str
    """A code of the policy."""
    consent: Consent
    given_at: datetime
    withdrawn_at: datetime | None = None


def purpose_faults(policy: Policy, purpose: str) -> list[Fault]:
    known = policy.purposes.get(purpose)
    if known is not None and known.check:
        return []
    allowed = [one.code for one in policy.purposes.values() if one.check]
    return [Fault("purpose", "unknown_purpose", {"allowed": allowed})]


def give(case: Case, known: Iterable[CheckConsent], wanted: CheckConsent, policy: Policy) -> Change | Refused:
    """One consent stands for each purpose; after a withdrawal a new one can be given."""
    if faults := purpose_faults(policy, wanted.purpose):
        return Refused.of(*faults)
    if case.state in OVER:
        return Refused(code="nothing_to_check", facts={"state": case.state})
    if any(one.purpose == wanted.purpose and one.withdrawn_at is None for one in known):
        return Refused(code="consent_stands", facts={"purpose": wanted.purpose})
    return Change(case=case, at=wanted.given_at).emit(
        CaseConsentGiven,
        consent_id=wanted.id,
        purpose=wanted.purpose,
        consent=wanted.consent,
        given_at=wanted.given_at,
    )


def withdraw(case: Case, standing: CheckConsent, at: datetime) -> tuple[Change, CheckConsent] | Refused:
    """At any time, and without a reason (个人信息保护法 15): what is still being asked under it ends."""
    if standing.withdrawn_at is not None:
        return Refused(code="consent_gone", facts={"since": standing.withdrawn_at})
    change = Change(case=case, at=at).emit(
        CaseConsentWithdrawn, consent_id=standing.id, purpose=standing.purpose, withdrawn_at=at
    )
    return change, replace(standing, withdrawn_at=at)
