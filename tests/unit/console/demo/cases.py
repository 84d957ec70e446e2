"""Stories of made-up cases, as a reader of the topics keeps them."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from console.demo.ledger import Case
from contracts.cloudevents import Envelope
from contracts.codes import CaseState, ClockKind, Field, ReferralRole, SubmissionChannel
from contracts.events import CaseBound, cases, clocks, referrals
from tests.events import AFTER

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
EDUCATION = "education-130722000000"
CIVIL_AFFAIRS = "civil_affairs-130722000000"
AREA = "130722100000"
LEAD, CO = ReferralRole.LEAD, ReferralRole.CO
HANDLING = ClockKind.HANDLING


class FakeCase:
    """One case, told event by event; each says how many days after Monday it happened."""

    def __init__(self, number: int, field: Field = Field.EDUCATION) -> None:
        self.case_id = UUID(int=number)
        registered = cases.CaseRegistered(
            state=CaseState.REGISTERED,
            case_id=self.case_id,
            number=f"130722-20260302-{number:05}-1",
            category="education.student_aid",
            field=field,
            area=AREA,
            channel=SubmissionChannel.WINDOW,
            source="window",
            submission_id=f"{number}",
            received_at=MONDAY,
            registered_at=MONDAY,
            first_contact_office=f"township-{AREA}",
        )
        self.case = Case(registered=registered)
        self._says(registered, 0)

    def _says(self, event: CaseBound, days: float) -> "FakeCase":
        number = len(self.case.events) + 1
        self.case.events.append(
            Envelope(
                id=UUID(int=self.case_id.int * 1000 + number),
                writer="test",
                time=MONDAY + timedelta(days=days),
                sequence=number,
                data=event,
            )
        )
        return self

    def referral(
        self, kind: type[referrals.ReferralEvent], days: float, role: ReferralRole = LEAD, **more: object
    ) -> "FakeCase":
        at = MONDAY + timedelta(days=days)
        office = EDUCATION if role is LEAD else CIVIL_AFFAIRS
        event = kind(
            state=AFTER[kind], case_id=self.case_id, referral_id=UUID(int=1), office=office, role=role, at=at, **more
        )
        return self._says(event, days)

    def dispatched(self, days: float, role: ReferralRole = LEAD) -> "FakeCase":
        more = {"number": "n", "category": "c", "field": Field.EDUCATION, "area": AREA, "decision_id": UUID(int=2)}
        return self.referral(referrals.ReferralDispatched, days, role, **more)

    def completed(self, days: float, role: ReferralRole = LEAD) -> "FakeCase":
        return self.referral(referrals.ReferralCompleted, days, role)

    def breached(self, days: float, kind: ClockKind = HANDLING) -> "FakeCase":
        at = MONDAY + timedelta(days=days)
        event = clocks.ClockBreached(
            case_id=self.case_id,
            clock_id=UUID(int=3),
            kind=kind,
            version=1,
            office=EDUCATION,
            area=AREA,
            due_at=at,
            fired_at=at,
        )
        return self._says(event, days)

    def closed(self, days: float, *, satisfied: bool = True) -> "FakeCase":
        at = MONDAY + timedelta(days=days)
        return self._says(
            cases.CaseClosed(state=CaseState.CLOSED, case_id=self.case_id, closed_at=at, satisfied=satisfied), days
        )


def smooth(number: int) -> FakeCase:
    """Lead and co-handler in time, and everybody content."""
    told = FakeCase(number).dispatched(1).dispatched(1, CO)
    return told.completed(3, CO).completed(5).closed(6)


def sent_on(number: int) -> FakeCase:
    told = FakeCase(number).dispatched(1).referral(referrals.ReferralReturned, 2, reason="not_competent")
    return told.dispatched(2).completed(12).closed(13)


def late(number: int) -> FakeCase:
    return FakeCase(number).dispatched(1).breached(21).completed(25).closed(26)
