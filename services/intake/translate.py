"""Between the domain and what others read: events and HTTP bodies."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from contracts.codes import CaseState, ClockKind
from contracts.events import Event
from contracts.events.cases import CaseAccepted, CaseRegistered
from contracts.events.clocks import ClockMet, ClockStarted, LimitBasis
from services.deadlines import due
from services.intake.domain.case import Case, next_to_answer
from services.intake.domain.clocks import basis, facts
from services.policies import Policy
from services.runtime.ids import derived_id


class AnswerBy(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers next, by when, and which law says so."""

    office: str
    office_zh: str
    office_en: str
    clock: ClockKind
    limit: str
    due_at: datetime | None
    provisional: bool
    basis: LimitBasis


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case over HTTP; the applicant is fetched apart, and each fetch is on record."""

    case_id: UUID
    number: str
    state: CaseState
    state_zh: str
    category: str
    area: str
    received_at: datetime
    registered_at: datetime
    missing: tuple[str, ...]
    first_contact_office: str
    answer_by: AnswerBy | None


def acceptance_clock_id(case_id: UUID) -> UUID:
    return derived_id("case", str(case_id), ClockKind.ACCEPTANCE.value)


def to_events(case: Case, policy: Policy) -> Iterator[Event]:
    """What became true when the case was registered."""
    field = policy.categories[case.category].field
    yield CaseRegistered(
        case_id=case.id,
        number=case.number,
        category=case.category,
        field=field,
        area=case.area,
        channel=case.channel,
        source=case.source,
        submission_id=case.submission_id,
        received_at=case.received_at,
        registered_at=case.registered_at,
        first_contact_office=case.first_contact_office,
        attributes=case.attributes,
    )
    clock = case.acceptance_clock(acceptance_clock_id(case.id))
    yield ClockStarted(case_id=case.id, clocks=(facts(clock, policy),))
    if case.accepted_at is not None:
        yield CaseAccepted(
            case_id=case.id,
            number=case.number,
            category=case.category,
            field=field,
            area=case.area,
            channel=case.channel,
            accepted_at=case.accepted_at,
            first_contact_office=case.first_contact_office,
            attributes=case.attributes,
        )
        yield ClockMet(case_id=case.id, clocks=(clock.stop(case.accepted_at),))


def to_view(case: Case, policy: Policy) -> CaseView:
    return CaseView(
        case_id=case.id,
        number=case.number,
        state=case.state,
        state_zh=case.state.zh,
        category=case.category,
        area=case.area,
        received_at=case.received_at,
        registered_at=case.registered_at,
        missing=case.missing,
        first_contact_office=case.first_contact_office,
        answer_by=_answer_by(case, policy) if case.state in (CaseState.REGISTERED, CaseState.ACCEPTED) else None,
    )


def _answer_by(case: Case, policy: Policy) -> AnswerBy:
    office, clock = next_to_answer(case, policy)
    row = policy.limit(clock, case.category)
    end = due(case.accepted_at or case.received_at, row.limit, calendar=policy.calendar, rules=row.rules)
    return AnswerBy(
        office=office.code,
        office_zh=office.zh,
        office_en=office.en,
        clock=clock,
        limit=str(row.limit),
        due_at=end.due_at,
        provisional=end.provisional,
        basis=basis(row, policy),
    )
