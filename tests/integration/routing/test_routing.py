"""Cases become referrals, and offices' answers move them: on a real database, through the plumbing's own functions."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.cloudevents import attributes
from contracts.codes import CaseState, SubmissionChannel
from contracts.events import CaseBound
from contracts.events.cases import CaseAccepted, CaseMerged, CaseReopened, CaseUnmerged, CaseWithdrawn
from contracts.topics import CASES, OFFICE_FEEDBACK
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka.records import Record, read_record
from libraries.runtime.kafka.settling import ConsumerContext, settle
from services.routing.handlers import Router
from tests.sealing import SEALER
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, PACK, TOWNSHIP

NOW = NOON


class Routing:
    """Routing's two readers on a database, fed with records by hand."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None, policy: PolicyWatch | None = None) -> None:
        sealer = Sealer(b64encode(b"k" * 32).decode())
        self.engine = engine
        self.router = Router(
            policy=policy or PolicyWatch(PACK),
            sealer=sealer,
            clock=clock or Clock(origin=NOW, anchor=datetime.now(UTC)),
        )
        self.cases, self.feedback = (
            ConsumerContext(service="routing", reader=reader, engine=engine, sealer=SEALER)
            for reader in self.router.readers()
        )
        self.offset = 0
        self.sequences: dict[UUID, int] = {}

    async def consumes(self, *events: CaseBound) -> None:
        records = []
        for event in events:
            self.sequences[event.case_id] = self.sequences.get(event.case_id, 0) + 1
            headers = attributes(
                event_id=new_id(),
                wire_type=event.wire_type(),
                writer="intake",
                time=NOW,
                subject=event.case_id,
                sequence=self.sequences[event.case_id],
                traceparent=None,
            )
            records.append(self._record(CASES.name, str(event.case_id), msgspec.json.encode(event), headers))
        await settle(self.cases, [read_record(self.cases.reader, record) for record in records])

    async def is_answered(self, *answers: object, office: str = EDUCATION) -> int:
        topic = OFFICE_FEEDBACK.named(office)
        values = [answer if isinstance(answer, bytes) else msgspec.json.encode(answer) for answer in answers]
        records = [self._record(topic, "", value, []) for value in values]
        return await settle(self.feedback, [read_record(self.feedback.reader, record) for record in records])

    def _record(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> Record:
        self.offset += 1
        return Record(
            topic=topic,
            partition=0,
            offset=self.offset,
            timestamp=datetime.now(UTC),
            key=key.encode() or None,
            value=value,
            headers=dict(headers),
            raw_headers=tuple(headers),
        )

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as conn:
            return [tuple(row) for row in await conn.execute(text(statement))]

    async def referral(self, office: str) -> UUID:
        found = await self.rows(f"SELECT referral_id FROM referrals WHERE office = '{office}' ORDER BY 1 DESC")
        return UUID(str(found[0][0]))

    async def said(self) -> list[str]:
        found = await self.rows("SELECT type FROM journal WHERE topic = 'routing.referrals.v1' ORDER BY sequence")
        return [row[0].removeprefix("yimen.").removesuffix(".v1") for row in found]


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Routing(engine)
    await engine.dispose()


def an_accepted_case(category: str = "education.student_aid", **changes: Any) -> CaseAccepted:
    policy_field = category.partition(".")[0]
    values: dict[str, Any] = {
        "case_id": new_id(),
        "number": "130722-20260302-00001-1",
        "category": category,
        "field": policy_field,
        "area": TOWNSHIP,
        "channel": SubmissionChannel.WINDOW,
        "accepted_at": NOW,
        "first_contact_office": f"township-{TOWNSHIP}",
        "state": "accepted",
    }
    return msgspec.convert(values | changes, CaseAccepted)


def an_answer(referral_id: UUID, action: str, number: int = 1, **more: object) -> dict[str, object]:
    return {"feedback_id": f"{action}-{number}", "referral_id": str(referral_id), "action": action} | more


async def test_an_accepted_case_reaches_its_offices(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())

    assert await routing.rows("SELECT office, role, state FROM referrals ORDER BY role DESC") == [
        (EDUCATION, "lead", "dispatched"),
        (CIVIL_AFFAIRS, "co", "dispatched"),
    ]
    assert await routing.said() == [
        "routing.decided",
        "referral.dispatched",
        "referral.dispatched",
    ]
    ((rule, lead, trace),) = await routing.rows("SELECT rule, lead, trace FROM decisions")
    assert (rule, lead) == ("category.education.student_aid", EDUCATION)
    assert trace[0]["outcome"] == f"holds: education is {EDUCATION}"


async def test_an_office_gets_copies_of_its_own_alone(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())

    copies = await routing.rows(
        "SELECT topic, type, sequence, event_id FROM journal WHERE topic LIKE 'departments.%' ORDER BY sequence"
    )
    assert [row[:3] for row in copies] == [
        (f"departments.{EDUCATION}.referrals.v1", "yimen.referral.dispatched.v1", 2),
        (f"departments.{CIVIL_AFFAIRS}.referrals.v1", "yimen.referral.dispatched.v1", 3),
    ]
    originals = await routing.rows("SELECT event_id FROM journal WHERE topic = 'routing.referrals.v1' AND sequence > 1")
    assert {row[3] for row in copies} == {row[0] for row in originals}


async def test_a_batch_of_cases_is_one_transaction(routing: Routing) -> None:
    await routing.consumes(*(an_accepted_case() for _ in range(200)))

    assert await routing.rows("SELECT count(*), count(DISTINCT xid) FROM journal") == [(200 * 5, 1)]
    assert await routing.rows("SELECT count(*) FROM clocks") == [(200 * 6,)]


async def test_an_office_takes_a_referral_to_its_end(routing: Routing) -> None:
    await routing.consumes(an_accepted_case("social_security.pension_claim"))
    office = "social_security-130722000000"
    lead = await routing.referral(office)

    # In one batch, as after an outage.
    answers = [an_answer(lead, action) for action in ("sign", "accept", "progress", "complete")]
    assert await routing.is_answered(*answers, office=office) == 0

    assert await routing.rows("SELECT state, ended_at IS NOT NULL FROM referrals") == [("completed", True)]
    assert await routing.rows("SELECT DISTINCT status FROM clocks") == [("met",)]
    assert await routing.said() == [
        "routing.decided",
        "referral.dispatched",
        "referral.signed",
        "referral.accepted",
        "referral.progress_reported",
        "referral.completed",
    ]


async def test_the_same_answer_a_hundred_times_counts_once(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)

    await routing.is_answered(*(an_answer(lead, "sign") for _ in range(100)))
    await routing.is_answered(an_answer(lead, "sign"))

    said = await routing.said()
    assert said.count("referral.signed") == 1
    assert said.count("feedback.received") == 100
    assert await routing.rows("SELECT count(*) FROM answers_of_offices") == [(1,)]


@pytest.mark.parametrize(
    ("action", "more", "outcome"),
    [
        ("resume", {}, "illegal_move"),
        ("hold", {"reason": "appraisal", "occurred_at": "2026-03-02T09:00:00"}, "invalid_feedback"),
        ("hold", {"reason": "appraisal", "occurred_at": "2026-03-02T09:00:00+26:00"}, "invalid_feedback"),
        ("hold", {"reason": "appraisal", "occurred_at": "2025-03-02T09:00:00+08:00"}, "occurred_out_of_range"),
        ("hold", {"reason": "bored"}, "unknown_reason"),
        ("extend", {"reason": "complex", "attributes": {"by": "-5wd"}}, "limit_form"),
        ("extend", {"reason": "complex", "attributes": {"by": "0wd"}}, "limit_range"),
        ("extend", {"reason": "complex", "attributes": {"by": "1000000wd"}}, "limit_range"),
        ("extend", {"reason": "complex", "attributes": {"by": "99wd"}}, "extension_too_long"),
    ],
)
async def test_what_time_does_not_allow_changes_no_clock(
    routing: Routing, action: str, more: dict[str, object], outcome: str
) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)
    await routing.is_answered(an_answer(lead, "accept"))
    clocks = "SELECT clock_id, version, status, clock::text FROM clocks ORDER BY clock_id"
    before = await routing.rows(clocks)
    await routing.is_answered(an_answer(lead, action, 7, **more))
    refused = await routing.rows(
        "SELECT convert_from(value, 'UTF8')::json->>'code' FROM journal"
        " WHERE type = 'yimen.feedback.received.v1' AND topic = 'routing.referrals.v1'"
        " AND convert_from(value, 'UTF8')::json->>'outcome' = 'refused'"
    )
    assert refused == [(outcome,)]
    assert await routing.rows(clocks) == before


async def test_text_is_sealed_before_it_is_stored(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)

    await routing.is_answered(an_answer(lead, "sign", text="王示例已到场"))

    ((sealed,),) = await routing.rows("SELECT sealed_text FROM answers_of_offices")
    assert "王示例".encode() not in bytes(sealed)
    assert await routing.rows("SELECT count(*) FROM journal WHERE convert_from(value, 'UTF8') LIKE '%王%'") == [(0,)]


async def test_a_withdrawn_case_takes_its_referrals_back(routing: Routing) -> None:
    case = an_accepted_case()
    await routing.consumes(
        case,
        CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=case.case_id, reason="applicant_request", withdrawn_at=NOW),
    )

    assert await routing.rows("SELECT DISTINCT state FROM referrals") == [("cancelled",)]
    assert await routing.rows("SELECT DISTINCT status FROM clocks") == [("cancelled",)]


async def test_a_merged_case_is_taken_back_and_goes_on_with_its_time_when_that_was_wrong(routing: Routing) -> None:
    case, survivor = an_accepted_case(), {"survivor": UUID(int=9), "survivor_number": "130722-20260302-00009-9"}
    merged = {"into": UUID(int=9), "into_number": "130722-20260302-00009-9"}
    await routing.consumes(case)
    ((was,),) = await routing.rows("SELECT referral_id FROM referrals WHERE role = 'lead'")
    await routing.consumes(CaseMerged(state=CaseState.MERGED, case_id=case.case_id, merged_at=NOW, **merged))
    assert await routing.rows("SELECT DISTINCT state FROM referrals") == [("cancelled",)]
    said = await routing.rows("SELECT value FROM journal WHERE type = 'yimen.referral.cancelled.v1'")
    assert {msgspec.json.decode(value)["reason"] for (value,) in said} == {"case_merged"}

    await routing.consumes(CaseUnmerged(state=CaseState.ACCEPTED, case_id=case.case_id, unmerged_at=NOW, **survivor))
    live = await routing.rows("SELECT state, supersedes FROM referrals WHERE role = 'lead' AND ended_at IS NULL")
    assert live == [("dispatched", was)]
    started = await routing.rows("SELECT DISTINCT clock->>'started_at' FROM clocks WHERE kind = 'handling'")
    assert len(started) == 1, "the time that it has used counts"


async def test_what_was_never_accepted_is_nothing_to_routing(routing: Routing) -> None:
    case_id, number = UUID(int=8), "130722-20260302-00009-9"
    await routing.consumes(
        CaseMerged(state=CaseState.MERGED, case_id=case_id, into=UUID(int=9), into_number=number, merged_at=NOW),
        CaseUnmerged(
            state=CaseState.ACCEPTED, case_id=case_id, survivor=UUID(int=9), survivor_number=number, unmerged_at=NOW
        ),
    )
    assert await routing.rows("SELECT count(*) FROM referrals") == [(0,)]


async def test_a_reopened_case_is_worked_on_again(routing: Routing) -> None:
    case = an_accepted_case("social_security.pension_claim")
    office = "social_security-130722000000"
    await routing.consumes(case)
    lead = await routing.referral(office)
    await routing.is_answered(*(an_answer(lead, action) for action in ("accept", "complete")), office=office)

    await routing.consumes(
        CaseReopened(
            state=CaseState.IN_PROGRESS, case_id=case.case_id, reopened_at=NOW, round=2, reason="not_satisfied"
        )
    )

    assert await routing.rows("SELECT state, round, ended_at FROM referrals") == [("in_progress", 2, None)]
    assert await routing.rows("SELECT status FROM clocks WHERE kind = 'rework'") == [("running",)]
    assert await routing.is_answered(an_answer(lead, "complete", 2), office=office) == 0
    assert await routing.rows("SELECT state FROM referrals") == [("completed",)]
