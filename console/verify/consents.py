"""Information checks: nobody is asked about an applicant without a consent, and nobody after it was withdrawn."""

from collections.abc import Iterator
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, JournalRow, Snapshot
from console.verify.timelines import decoded
from contracts.codes import ReferralRole
from contracts.events.cases import CaseConsentGiven, CaseConsentWithdrawn
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralCompleted,
    ReferralDispatched,
    ReferralEvent,
    ReferralFailed,
)

ENDS = (ReferralCompleted, ReferralFailed, ReferralCancelled)


@check("an office is asked about an applicant only with their consent, and no longer than it stands")
def asked_with_consent(snapshot: Snapshot) -> Iterator[Fault | None]:
    """From the journals alone: intake has the consents, routing the questions."""
    if snapshot.truncated:
        return
    for (service, case_id), rows in snapshot.journal_of.items():
        asked = _asked(rows) if service == "routing" else {}
        if not asked or case_id not in snapshot.settled:
            continue
        given, gone = _consents(snapshot.journal_of.get(("intake", case_id), []))
        over = {event.referral_id for event in _referral_events(rows) if isinstance(event, ENDS)}
        for referral_id, event in asked.items():
            ids = {"office": event.office, "referral_id": str(referral_id)}
            detail = _wrong(event, given, gone, over)
            yield Fault(detail=detail, case_id=case_id, ids=ids) if detail is not None else None


def _wrong(event: ReferralDispatched, given: dict[UUID, str], gone: set[UUID], over: set[UUID]) -> str | None:
    if event.consent_id is None or event.consent_id not in given:
        return "asked without a consent"
    if given[event.consent_id] != event.purpose:
        return f"asked for {event.purpose}, the consent is to {given[event.consent_id]}"
    if event.consent_id in gone and event.referral_id not in over:
        return "still asked, although the consent was withdrawn"
    return None


def _asked(rows: list[JournalRow]) -> dict[UUID, ReferralDispatched]:
    sent = (event for event in _referral_events(rows) if isinstance(event, ReferralDispatched))
    return {event.referral_id: event for event in sent if event.role is ReferralRole.CHECK}


def _consents(rows: list[JournalRow]) -> tuple[dict[UUID, str], set[UUID]]:
    """By id the purpose of each that was given, and those that were withdrawn."""
    given: dict[UUID, str] = {}
    gone: set[UUID] = set()
    for row in rows:
        event = decoded(row) if row.type.startswith("yimen.case.consent_") else None
        if isinstance(event, CaseConsentGiven):
            given[event.consent_id] = event.purpose
        elif isinstance(event, CaseConsentWithdrawn):
            gone.add(event.consent_id)
    return given, gone


def _referral_events(rows: list[JournalRow]) -> Iterator[ReferralEvent]:
    for row in rows:
        event = decoded(row) if row.type.startswith("yimen.referral.") else None
        if isinstance(event, ReferralEvent):
            yield event
