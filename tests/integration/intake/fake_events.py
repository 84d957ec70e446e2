"""What routing and notify say of a case, for tests that play their part: numbered, keyed and encoded as they do it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from contracts.clocks import ClockFacts, ClockPaused, ClockResumed, ClockStarted, LimitBasis
from contracts.cloudevents import Envelope, encode
from contracts.codes import ClockKind, Door, Field, ReferralRole, Role, SupervisionLevel
from contracts.events import Actor, CaseBound
from contracts.events.alerts import SupervisionUrged
from contracts.events.clocks import ClockBreached
from contracts.events.referrals import (
    ReferralCompleted,
    ReferralDispatched,
    ReferralEvent,
    ReferralFailed,
    ReferralOnHold,
    ReferralResumed,
    ReferralReturned,
    ReferralReturnRequested,
    ReferralReworkRequested,
    ReferralSigned,
)
from libraries.runtime.kafka.records import Record
from tests.events import AFTER, of_clocks

AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 24, 15, 59, 59, 999999, tzinfo=UTC)
OFFICE = "education-130722000000"
DECIDER = "civil_affairs-130722000000"
BASIS = LimitBasis(policy_version="v", row="row", source="社会救助暂行办法")


def referral_event(
    event: type[ReferralEvent], case_id: UUID, referral: UUID, *, role: ReferralRole = ReferralRole.LEAD, **more: object
) -> ReferralEvent:
    facts: dict[str, object] = {
        "case_id": case_id,
        "referral_id": referral,
        "office": OFFICE,
        "role": role,
        "at": AT,
        "feedback_id": "f-1",
    }
    if (facts | more)["feedback_id"] is not None:
        facts["by"] = Actor(door=Door.KAFKA, role=Role.OFFICER, office=OFFICE)
    return event(**({"state": AFTER[event]} | facts | more))


def dispatched(case_id: UUID, referral: UUID, **more: object) -> ReferralEvent:
    facts: dict[str, object] = {
        "number": "130722-20260302-00001-4",
        "category": "education.student_aid",
        "field": Field.EDUCATION,
        "area": "130722100000",
        "decision_id": uuid4(),
        "feedback_id": None,
    }
    return referral_event(ReferralDispatched, case_id, referral, **(facts | more))


def signed(case_id: UUID, referral: UUID) -> ReferralEvent:
    return referral_event(ReferralSigned, case_id, referral)


def held(case_id: UUID, referral: UUID, *, stops_clock: bool = True, **more: object) -> ReferralEvent:
    return referral_event(ReferralOnHold, case_id, referral, reason="appraisal", stops_clock=stops_clock, **more)


def resumed(case_id: UUID, referral: UUID) -> ReferralEvent:
    return referral_event(ReferralResumed, case_id, referral)


def completed(case_id: UUID, referral: UUID, **more: object) -> ReferralEvent:
    return referral_event(ReferralCompleted, case_id, referral, **more)


def failed(case_id: UUID, referral: UUID) -> ReferralEvent:
    return referral_event(ReferralFailed, case_id, referral, reason="not_eligible")


def return_asked(case_id: UUID, referral: UUID, **more: object) -> ReferralEvent:
    return referral_event(ReferralReturnRequested, case_id, referral, reason="not_competent", **more)


def returned(case_id: UUID, referral: UUID, **more: object) -> ReferralEvent:
    return referral_event(ReferralReturned, case_id, referral, reason="not_competent", feedback_id=None, **more)


def rework(case_id: UUID, referral: UUID) -> ReferralEvent:
    return referral_event(ReferralReworkRequested, case_id, referral, reason="not_satisfied", round=2, feedback_id=None)


def clock(
    referral: UUID | None,
    kind: ClockKind = ClockKind.HANDLING,
    due_at: datetime | None = DUE,
    version: int = 1,
    change: type[ClockFacts] = ClockFacts,
    **more: Any,
) -> Any:
    return change(
        clock_id=uuid4(),
        kind=kind,
        version=version,
        office=OFFICE,
        area="130722100000",
        limit="15wd",
        started_at=AT,
        due_at=due_at,
        referral_id=referral,
        basis=BASIS,
        **more,
    )


def started(case_id: UUID, referral: UUID, *kinds: ClockKind) -> CaseBound:
    clocks = (clock(referral, kind, change=ClockStarted) for kind in kinds or (ClockKind.HANDLING,))
    return of_clocks(case_id, AT, *clocks)


def deciding(case_id: UUID, referral: UUID, *, at: datetime) -> CaseBound:
    """The clock that names who decides on a return."""
    facts = clock(referral, ClockKind.RETURN_DECISION, change=ClockStarted)
    return of_clocks(case_id, at, msgspec.structs.replace(facts, office=DECIDER, started_at=at))


def urged(case_id: UUID, *, at: datetime) -> SupervisionUrged:
    return SupervisionUrged(
        case_id=case_id,
        clock_id=uuid4(),
        office=OFFICE,
        area="130722100000",
        level=SupervisionLevel.URGED,
        recipients=(DECIDER,),
        at=at,
    )


def paused(
    case_id: UUID,
    referral: UUID,
    kind: ClockKind = ClockKind.HANDLING,
    *,
    at: datetime = AT,
    since: datetime | None = None,
) -> CaseBound:
    stands = clock(referral, kind, due_at=None, change=ClockPaused, reason="appraisal", since=since or at)
    return of_clocks(case_id, at, stands)


def going_on(case_id: UUID, referral: UUID) -> CaseBound:
    return of_clocks(case_id, AT, clock(referral, change=ClockResumed, since=AT))


def breached(case_id: UUID, kind: ClockKind = ClockKind.ACCEPTANCE, version: int = 1) -> ClockBreached:
    return ClockBreached(
        case_id=case_id,
        clock_id=uuid4(),
        kind=kind,
        version=version,
        office="township-130722100000",
        area="130722100000",
        due_at=AT + timedelta(days=15),
        fired_at=AT + timedelta(days=15, seconds=1),
    )


class FakeWriter:
    """One service that speaks: it numbers what it says of each case from 1, without a hole."""

    def __init__(self, writer: str, topic: str) -> None:
        self.writer = writer
        self.topic = topic
        self.sequences: dict[UUID, int] = {}
        self.offset = 0

    def records(self, events: Iterable[CaseBound]) -> list[Record]:
        return [self._record(event) for event in events]

    def _record(self, event: CaseBound) -> Record:
        self.sequences[event.case_id] = self.sequences.get(event.case_id, 0) + 1
        self.offset += 1
        headers, value = encode(
            Envelope(id=uuid4(), writer=self.writer, time=AT, sequence=self.sequences[event.case_id], data=event)
        )
        return Record(
            topic=self.topic,
            partition=0,
            offset=self.offset,
            timestamp=AT,
            key=str(event.case_id).encode(),
            value=value,
            headers=dict(headers),
        )
