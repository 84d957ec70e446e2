"""The case as intake keeps it, and what registering one makes true."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from contracts.codes import CaseState, ClockKind, SubmissionChannel
from contracts.submissions import Submission
from services.intake.domain.clocks import CaseClock
from services.policies import Office, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A registered matter, without its applicant."""

    id: UUID
    number: str
    source: str
    submission_id: str
    fingerprint: bytes
    state: CaseState
    category: str
    area: str
    channel: SubmissionChannel
    attributes: dict[str, str | int | bool]
    missing: tuple[str, ...]
    first_contact_office: str
    first_contact_officer: str
    received_at: datetime
    registered_at: datetime
    accepted_at: datetime | None = None

    def acceptance_clock(self, clock_id: UUID) -> CaseClock:
        return CaseClock(
            id=clock_id,
            kind=ClockKind.ACCEPTANCE,
            category=self.category,
            office=self.first_contact_office,
            area=self.area,
            version=1,
            started_at=self.received_at,
        )


def register(
    submission: Submission,
    *,
    case_id: UUID,
    number: str,
    content: bytes,
    officer: str,
    policy: Policy,
    now: datetime,
) -> Case:
    """A case of a whole submission: accepted at once if nothing is missing and no clerk has to decide."""
    category = policy.categories[submission.category]
    area = policy.area(submission.area)
    assert area is not None, "the submission was checked against this policy"  # noqa: S101 - a promise of the caller
    handed_in = set(submission.materials)
    missing = tuple(material.code for material in category.materials if material.code not in handed_in)
    accepted = not missing and not category.by_clerk
    return Case(
        id=case_id,
        number=number,
        source=submission.source,
        submission_id=submission.submission_id,
        fingerprint=content,
        state=CaseState.ACCEPTED if accepted else CaseState.REGISTERED,
        category=category.code,
        area=area.code,
        channel=submission.channel,
        attributes=submission.attributes,
        missing=missing,
        first_contact_office=first_contact(policy, area.code),
        first_contact_officer=officer,
        received_at=(submission.received_at or now).astimezone(UTC),
        registered_at=now,
        accepted_at=now if accepted else None,
    )


def first_contact(policy: Policy, area: str) -> str:
    """The window that stays responsible for informing the applicant (首问首办): the township's, else civil affairs."""
    office = policy.office_near("township", area) or policy.office_near("civil_affairs", area)
    if office is None:
        raise LookupError("the policy has neither a township desk nor civil affairs for this area")
    return office.code


def next_to_answer(case: Case, policy: Policy) -> tuple[Office, ClockKind]:
    """Who owes the next answer: the window while it has not accepted, then the office that leads."""
    lead = policy.office_near(policy.categories[case.category].lead_role, case.area)
    if case.state is CaseState.ACCEPTED and lead is not None:
        return lead, ClockKind.HANDLING
    return policy.offices[case.first_contact_office], ClockKind.ACCEPTANCE
