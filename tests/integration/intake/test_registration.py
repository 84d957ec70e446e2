"""A submission becomes exactly one case, by whichever road and however often it comes."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import CaseState, Door, Role
from contracts.events.base import Actor
from contracts.refusals import Refused
from contracts.submissions import Submission
from libraries.partners.holding import Partners
from libraries.partners.store import Partner
from libraries.partners.tokens import Known
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import CannotOpen, Sealer, check_key
from libraries.runtime.kafka.records import Incoming, Record
from libraries.runtime.web.auth import Initiator
from services.intake.domain.submission import canonical, parse
from services.intake.handlers import Registrar
from services.intake.registration import Body, Outcome, Registered, Sent, fingerprint, register
from tests.sealing import SEALER

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
IDENTITY, MOBILE = "00000019900101000X", "13000000000"
"""Nobody's: no region has this code."""
WINDOW = Initiator(actor=Actor(door=Door.HTTP, role=Role.CLERK, post="window-1"), subject="clerk-1")


@pytest.fixture(scope="module")
def watch() -> PolicyWatch:
    return PolicyWatch(PACK)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    yield engine
    await engine.dispose()


def a_submission(number: int = 1, **changes: object) -> bytes:
    body: dict[str, object] = {
        "submission_id": f"2026-{number:06d}",
        "source": "zhangbei-one-window",
        "category": "education.student_aid",
        "area": "130722100",
        "applicant": {"name": "张示例", "phone": "000-0000000"},
        "summary": "申请教育救助（示例）",
    }
    return json.dumps(body | changes).encode()


async def registered(engine: AsyncEngine, watch: PolicyWatch, *bodies: bytes) -> list[Outcome]:
    async with transaction(engine) as conn:
        sent = [Sent(body=body, initiator=WINDOW) for body in bodies]
        return await register(sent, conn, policy=watch.policy, sealer=SEALER, now=NOW)


async def count(engine: AsyncEngine, table: str) -> Any:
    async with engine.connect() as conn:
        return await conn.scalar(text(f"SELECT count(*) FROM {table}"))


async def test_a_whole_submission_is_accepted_and_said(engine: AsyncEngine, watch: PolicyWatch) -> None:
    (outcome,) = await registered(engine, watch, a_submission())

    assert isinstance(outcome, Registered)
    assert outcome.case.state is CaseState.ACCEPTED
    assert outcome.case.number.startswith("130722-20260302-00001-")
    assert outcome.case.first_contact_office == "township-130722100000"
    async with engine.connect() as conn:
        rows = await conn.execute(text("SELECT type, sequence, topic FROM journal ORDER BY id"))
        assert [tuple(row) for row in rows] == [
            ("yimen.case.registered.v1", 1, "intake.cases.v1"),
            ("yimen.case.accepted.v1", 2, "intake.cases.v1"),
        ]


async def test_missing_material_leaves_it_with_the_window(engine: AsyncEngine, watch: PolicyWatch) -> None:
    body = a_submission(category="social_security.pension_claim")
    (outcome,) = await registered(engine, watch, body)
    assert isinstance(outcome, Registered)
    assert outcome.case.state is CaseState.REGISTERED
    assert outcome.case.missing == ("identity_card",)
    assert await count(engine, "journal") == 1


async def test_the_same_submission_a_thousand_times_is_one_case(engine: AsyncEngine, watch: PolicyWatch) -> None:
    outcomes = await registered(engine, watch, *[a_submission()] * 1000)
    again = await registered(engine, watch, a_submission())

    assert await count(engine, "cases") == 1
    cases = [outcome.case.id for outcome in outcomes + again if isinstance(outcome, Registered)]
    assert len(cases) == 1001
    assert len(set(cases)) == 1
    assert [outcome.repeated for outcome in outcomes[:2] + again if isinstance(outcome, Registered)] == [
        False,
        True,
        True,
    ]


async def test_eight_at_once_make_one_case(engine: AsyncEngine, watch: PolicyWatch) -> None:
    outcomes = await asyncio.gather(*(registered(engine, watch, a_submission()) for _ in range(8)))

    assert await count(engine, "cases") == 1
    assert len({outcome.case.number for (outcome,) in outcomes if isinstance(outcome, Registered)}) == 1
    assert sum(not outcome.repeated for (outcome,) in outcomes if isinstance(outcome, Registered)) == 1
    assert await count(engine, "journal") == 2


async def test_the_same_id_with_another_content_is_a_conflict(engine: AsyncEngine, watch: PolicyWatch) -> None:
    await registered(engine, watch, a_submission())
    (outcome,) = await registered(engine, watch, a_submission(summary="another matter"))
    assert isinstance(outcome, Refused)
    assert [fault.code for fault in outcome.faults] == ["conflict"]
    assert await count(engine, "cases") == 1


async def test_many_at_once_get_numbers_without_a_hole(engine: AsyncEngine, watch: PolicyWatch) -> None:
    outcomes = await registered(engine, watch, *(a_submission(number) for number in range(300)))
    serials = [int(outcome.case.number.split("-")[2]) for outcome in outcomes if isinstance(outcome, Registered)]
    assert serials == list(range(1, 301))


async def test_nothing_readable_of_a_person_is_stored(engine: AsyncEngine, watch: PolicyWatch) -> None:
    await registered(engine, watch, a_submission())
    async with engine.connect() as conn:
        for table in ("cases", "journal", "case_timeline"):
            stored = str((await conn.execute(text(f"SELECT * FROM {table}"))).all())
            assert "张示例" not in stored
            assert "张示例".encode().hex() not in stored
            assert repr("张示例".encode())[2:-1] not in stored
            assert "000-0000000" not in stored


async def test_another_sealing_key_refuses_to_start(engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        await check_key(conn, SEALER)
    with pytest.raises(CannotOpen):
        async with transaction(engine) as conn:
            await check_key(conn, Sealer(b64encode(b"o" * 32).decode()))


def a_record(
    value: bytes | None, key: bytes | None = b"k-1", offset: int = 0, topic: str = "intake.submissions.v1"
) -> Record:
    return Record(topic=topic, partition=0, offset=offset, timestamp=NOW, key=key, value=value, headers={})


async def test_bad_records_are_rejected_with_every_fault_and_good_ones_pass(
    engine: AsyncEngine, watch: PolicyWatch
) -> None:
    registrar = Registrar(policy=watch, sealer=SEALER, clock=Clock())
    values = [None, b"{", b"\xff", a_submission(area="99", category="no.such"), b'"x"', b" " * 300_000, a_submission()]
    batch: list[Incoming[bytes]] = [registrar.read(a_record(value, offset=at)) for at, value in enumerate(values)]
    batch.append(registrar.read(a_record(b"[" * 100_000, key=None, offset=9)))
    personal = a_submission(submission_id=IDENTITY, source="张示例")
    batch.append(registrar.read(a_record(personal, key="张示例".encode(), offset=10)))
    batch.append(registrar.read(a_record(personal, key=MOBILE.encode(), offset=11)))

    async with transaction(engine) as conn:
        await registrar.take(batch, conn)

    assert await count(engine, "cases") == 1
    async with engine.connect() as conn:
        rows = await conn.execute(
            text("SELECT key, convert_from(value, 'UTF8') AS said FROM journal WHERE topic = :topic ORDER BY id"),
            {"topic": "intake.rejections.v1"},
        )
        rejections = [(row.key, json.loads(row.said)) for row in rows]
    codes = [[fault["code"] for fault in said["faults"]] for _, said in rejections]
    assert codes == [
        ["no_value"],
        ["not_json"],
        ["not_utf8"],
        ["unknown_category", "unknown_area"],
        ["not_json"],
        ["too_large"],
        ["not_json"],
        ["bad_identifier", "personal_id"],
        ["bad_identifier", "personal_id"],
    ]
    keys = [key for key, _ in rejections]
    assert keys[:7] == ["k-1"] * 6 + [""]
    assert [len(key) for key in keys[7:]] == [64, 64], "keyed hashes"
    assert keys[7] != keys[8]
    assert rejections[3][1]["submission_id"] == "2026-000001"
    named = [said.get("submission_id") or said.get("source") for _, said in rejections[7:]]
    assert named == [None, None], "a person's number or name is never told back"
    assert [said["record"]["offset"] for _, said in rejections] == [0, 1, 2, 3, 4, 5, 9, 10, 11]


async def test_on_a_topic_of_its_own_a_system_registers_for_nobody_else(
    engine: AsyncEngine, watch: PolicyWatch
) -> None:
    own = json.loads(a_submission())
    system = Partner(
        name="window-system",
        version=1,
        role=Role.TOWNSHIP,
        office="",
        area="130722100000",
        sources=(own["source"],),
        issuer="",
        issuer_subject="",
        disabled=False,
        tokens_from=NOW,
        changed_at=NOW,
    )
    gone = msgspec.structs.replace(system, name="gone", disabled=True)
    known = Known(partners={one.name: one for one in (system, gone)})
    partners = Partners(engine=engine, audience="yimen", known=known)
    registrar = Registrar(policy=watch, sealer=SEALER, clock=Clock(), partners=partners)
    sent = [
        ("window-system", a_submission(1)),
        ("window-system", a_submission(2, source="another")),
        ("window-system", a_submission(3, area="130730000000")),
        ("gone", a_submission(4)),
        ("nobody", a_submission(5)),
    ]
    batch: list[Incoming[Body]] = [
        registrar.read(a_record(value, offset=at, topic=f"partners.{name}.submissions.v1"))
        for at, (name, value) in enumerate(sent)
    ]
    async with transaction(engine) as conn:
        await registrar.take(batch, conn)
    assert await count(engine, "cases") == 1
    async with engine.connect() as conn:
        rows = await conn.execute(
            text("SELECT topic, convert_from(value, 'UTF8') AS said FROM journal WHERE type LIKE '%rejected%'")
        )
        found = {
            (row.topic, json.loads(row.said)["faults"][0]["code"], json.loads(row.said)["record"]["offset"])
            for row in rows
        }
    refused = {("window-system", "not_your_source", 1), ("window-system", "not_your_area", 2)}
    refused |= {("gone", "not_your_source", 3), ("nobody", "not_your_source", 4)}
    assert found == {
        (topic, code, at)
        for name, code, at in refused
        for topic in ("intake.rejections.v1", f"partners.{name}.rejections.v1")
    }


async def test_a_guess_about_a_person_is_not_confirmed_by_the_database(engine: AsyncEngine, watch: PolicyWatch) -> None:
    body = a_submission()
    (outcome,) = await registered(engine, watch, body)
    submission = parse(body, watch.policy, NOW)
    assert isinstance(outcome, Registered)
    assert isinstance(submission, Submission)
    assert outcome.case.fingerprint != sha256(canonical(submission)).digest()
    other = Sealer(b64encode(b"o" * 32).decode())
    assert outcome.case.fingerprint != fingerprint(submission, other)
    assert outcome.case.fingerprint != SEALER.keyed_hash("another purpose", canonical(submission))
