"""The intake service as it runs: a process of its own, a real database, a real broker, foreign clients."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from console.engines.child import free_port
from console.topics import create
from contracts.topics import ALERTS, CASES, PARTNERS, POLICY_VERSIONS, PROGRESS, REFERRALS, REJECTIONS, SUBMISSIONS
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.kafka.records import Record
from libraries.runtime.web.auth import Principal, Role, issue_token
from tests.acceptance.test_mission import upload_heads
from tests.integration.intake import fake_events
from tests.integration.intake.test_registration import a_submission
from tests.pictures import jpeg

KEY = "t" * 32
TOPICS_OF_INTAKE = (SUBMISSIONS, REJECTIONS, CASES, REFERRALS, ALERTS)


class Installation:
    """One intake process that a test may kill and start again."""

    def __init__(self, database: str, kafka: str, log: Path) -> None:
        self.database = database
        self.kafka = kafka
        self.log = log
        self.port = free_port()
        self.environment = os.environ | {
            "YIMEN_DATABASE_URL": database,
            "YIMEN_KAFKA_SERVERS": kafka,
            "YIMEN_TOKEN_KEY": KEY,
            "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode(),
            "YIMEN_HTTP_PORT": str(self.port),
            "YIMEN_ATTACHMENTS": str(log.parent / "attachments"),
        }
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: ASYNC220 -- returns at once
                [sys.executable, "-m", "services.intake"], env=self.environment, stdout=output, stderr=output
            )
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                try:
                    if (await client.get(f"http://127.0.0.1:{self.port}/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def client(self) -> httpx.AsyncClient:
        token = issue_token(KEY, Principal(subject="window-1", role=Role.CLERK, installation=True))
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers={"authorization": f"Bearer {token}"})


@pytest.fixture
async def installation(database: str, kafka: str, tmp_path: Path) -> AsyncIterator[Installation]:
    await upgrade(database, "intake")
    wanted = {topic.name: (4, 3_600_000) for topic in TOPICS_OF_INTAKE}
    more = (*PROGRESS.values(), POLICY_VERSIONS, PARTNERS)
    await create(kafka, wanted | {topic.name: (topic.partitions, 3_600_000) for topic in more})
    installation = Installation(database, kafka, tmp_path / "intake.log")
    await installation.start()
    yield installation
    if installation.process is not None and installation.process.poll() is None:
        installation.kill()


async def heard(kafka: str, topic: str, source: str, *, wanted: int) -> list[tuple[str, str]]:
    """Submission id and case id (or fault) of what the topic says about one sender, until so many came."""
    found: list[tuple[str, str]] = []
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        async with asyncio.timeout(40):
            while len(found) < wanted:
                record = await consumer.getone()
                said = json.loads(record.value)
                if said.get("source") == source:
                    found.append((said["submission_id"], said.get("case_id") or said["faults"][0]["code"]))
    return found


@pytest.mark.engines
async def test_both_roads_lead_to_one_case(installation: Installation) -> None:
    source = "acceptance-roads"
    async with installation.client() as client:
        told = (await client.post("/v1/cases", content=a_submission(1, source=source))).json()
    async with AIOKafkaProducer(bootstrap_servers=installation.kafka) as producer:
        for body in (
            a_submission(1, source=source),
            a_submission(2, source=source),
            a_submission(1, source=source, summary="other"),
        ):
            await producer.send_and_wait(SUBMISSIONS.name, body, key=b"sender-1", headers=[("reply_to", b"elsewhere")])

    cases = await heard(installation.kafka, CASES.name, source, wanted=2)
    assert cases[0] == ("2026-000001", told["case_id"]) or cases[1] == ("2026-000001", told["case_id"])
    assert {submission for submission, _ in cases} == {"2026-000001", "2026-000002"}
    rejected = await heard(installation.kafka, REJECTIONS.name, source, wanted=1)
    assert rejected == [("2026-000001", "conflict")]
    assert installation.stop() == 0, installation.log.read_text()


@pytest.mark.engines
async def test_a_kill_in_the_middle_loses_and_doubles_nothing(installation: Installation) -> None:
    source = "acceptance-kill"
    async with AIOKafkaProducer(bootstrap_servers=installation.kafka) as producer:
        for number in range(1500):
            await producer.send(SUBMISSIONS.name, a_submission(number, source=source), key=str(number).encode())
            if number == 700:
                await producer.flush()
                installation.kill()
        await producer.flush()
    await installation.start()

    cases = await heard(installation.kafka, CASES.name, source, wanted=1500)
    assert len({submission for submission, _ in cases}) == 1500
    assert len(set(cases)) == 1500


async def send(kafka: str, records: Sequence[Record]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for record in records:
            await producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=list(record.headers.items())
            )


async def seen(client: httpx.AsyncClient, number: str, state: str) -> dict[str, Any]:
    """The case once it is in that state."""
    async with asyncio.timeout(40):
        while (case := (await client.get(f"/v1/cases/{number}")).json())["state"] != state:  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.05)
    return dict(case)


LAST = "case.closed"


@pytest.mark.engines
async def test_a_case_lives_from_registration_to_closed_through_a_kill(installation: Installation) -> None:
    routing, lead = fake_events.FakeWriter("routing", REFERRALS.name), uuid4()
    async with installation.client() as client:
        told = (await client.post("/v1/cases", content=a_submission(1, source="acceptance-life"))).json()
        number, case_id = told["number"], UUID(told["case_id"])
        assert (told["state"], told["answer_by"]["announced"]) == ("accepted", False)

        records = routing.records([fake_events.dispatched(case_id, lead), fake_events.started(case_id, lead)])
        await send(installation.kafka, [*records, *records])
        case = await seen(client, number, "in_progress")
        assert (case["lead_office"], case["lead_referral"]) == (fake_events.OFFICE, str(lead))

        installation.kill()
        await send(
            installation.kafka, routing.records([fake_events.held(case_id, lead), fake_events.paused(case_id, lead)])
        )
        await installation.start()
        await seen(client, number, "suspended")
        finish = [fake_events.resumed(case_id, lead), fake_events.completed(case_id, lead, at=datetime.now(UTC))]
        await send(installation.kafka, routing.records(finish))
        assert (await seen(client, number, "resolved"))["answer_by"]["clock"] == "callback"

        path = f"/v1/cases/{number}"
        unhappy = {"satisfied": False, "reason": "not_satisfied"}
        reopened = (await client.post(f"{path}/callback", json=unhappy)).json()
        assert (reopened["state"], reopened["round"], reopened["resolved_at"]) == ("in_progress", 2, None)
        assert (reopened["answer_by"]["office"], reopened["answer_by"]["clock"]) == (fake_events.OFFICE, "rework")
        second = [
            fake_events.rework(case_id, lead),
            fake_events.completed(case_id, lead, at=datetime.now(UTC), round=2),
        ]
        await send(installation.kafka, routing.records(second))
        await seen(client, number, "resolved")
        assert (await client.post(f"{path}/callback", json={"satisfied": True})).json()["state"] == "closed"
        again = await client.post(f"{path}/callback", json={"satisfied": True})
        assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert await said_of(installation.kafka, case_id) == [
        "case.registered",
        "case.accepted",
        "case.progressed",
        "case.suspended",
        "case.applicant_to_be_told",
        "case.resumed",
        "case.resolved",
        "case.reopened",
        "case.progressed",
        "case.resolved",
        "case.closed",
    ]


async def said_of(kafka: str, case_id: UUID) -> list[str]:
    """What intake said of a case until it was closed, in order; what was sent twice counts once."""
    found: dict[int, str] = {}
    async with AIOKafkaConsumer(
        CASES.name, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        async with asyncio.timeout(40):
            while LAST not in found.values():
                record = await consumer.getone()
                headers = {name: value.decode() for name, value in record.headers}
                if record.key == str(case_id).encode():
                    kind = headers["ce_type"].removeprefix("yimen.").removesuffix(".v1")
                    found.setdefault(int(headers["ce_sequence"]), kind)
    assert list(found) == sorted(found)
    return list(found.values())


@pytest.mark.engines
async def test_silence_is_acceptance_and_a_stranger_holds_up_nobody(installation: Installation) -> None:
    routing, notify = fake_events.FakeWriter("routing", REFERRALS.name), fake_events.FakeWriter("notify", ALERTS.name)
    async with installation.client() as client:
        body = a_submission(1, source="acceptance-silence", category="petition.request")
        told = (await client.post("/v1/cases", content=body)).json()
        case_id, lead, stranger = UUID(told["case_id"]), uuid4(), uuid4()
        assert told["answer_by"]["clock"] == "acceptance"
        await send(installation.kafka, notify.records([fake_events.breached(stranger), fake_events.breached(case_id)]))
        await seen(client, told["number"], "accepted")
        heard = [
            fake_events.dispatched(stranger, lead),
            fake_events.dispatched(case_id, lead),
            fake_events.failed(case_id, lead),
        ]
        await send(installation.kafka, routing.records(heard))
        await seen(client, told["number"], "terminated")
    conn = await asyncpg.connect(installation.database)
    try:
        parked = await conn.fetch("SELECT reader, code, case_id FROM intake.parked_records ORDER BY reader")
    finally:
        await conn.close()
    assert [tuple(row) for row in parked] == [
        ("intake.alerts", "unknown_case", stranger),
        ("intake.referrals", "unknown_case", stranger),
    ]


@asynccontextmanager
async def held(database: str, table: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Nobody writes to the table; what is given waits until somebody tries."""
    async with asyncio.timeout(60):
        conn, watch = await asyncpg.connect(database), await asyncpg.connect(database)
        waits = "SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND NOT granted"

        async def tried() -> None:
            while not await watch.fetchval(waits, f"intake.{table}"):  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.02)

        try:
            async with conn.transaction():
                await conn.execute(f"LOCK TABLE intake.{table} IN SHARE MODE")
                yield tried
        finally:
            await conn.close()
            await watch.close()


async def killed_while(installation: Installation, table: str, path: str, body: object) -> None:
    """The request is cut off where it writes to the table, and the process comes back."""
    async with installation.client() as client, held(installation.database, table) as tried:
        asked = asyncio.create_task(client.post(path, json=body, timeout=60))
        await tried()
        installation.kill()
        with pytest.raises(httpx.TransportError):
            await asked
    await installation.start()


@pytest.mark.engines
async def test_a_kill_while_a_paper_is_issued_or_a_file_is_taken_over_leaves_nothing_half_done(
    installation: Installation,
) -> None:
    """文书签发与材料沿用：要么全有，要么全无."""
    source = {"source": "acceptance-paper", "category": "civil_affairs.temporary_aid", "attributes": {"urgent": False}}
    async with installation.client() as client:
        first, second = [
            (await client.post("/v1/cases", content=a_submission(number, **source))).json()["number"]
            for number in (1, 2)
        ]
        path = f"/v1/cases/{first}"
        heads = upload_heads(jpeg(), "身份证.jpg", "identity_card")
        card = (await client.post(f"{path}/attachments", headers=heads, content=jpeg())).json()["id"]

    await killed_while(installation, "documents", f"{path}/request-supplement", {})
    async with installation.client() as client:
        assert (await client.get(path)).json()["state"] == "registered"
        assert [one["kind"] for one in (await client.get(f"{path}/documents")).json()] == ["receipt"]
        assert (await client.post(f"{path}/request-supplement", json={})).status_code == 200
        assert [one["kind"] for one in (await client.get(f"{path}/documents")).json()] == ["receipt", "notice"]
        story = (await client.get(f"{path}/timeline")).json()
    assert [one["type"] for one in story].count("case.supplement_requested") == 1

    wanted, path = {"attachments": [card], "consent": "in_person"}, f"/v1/cases/{second}"
    await killed_while(installation, "take_overs", f"{path}/take-overs", wanted)
    async with installation.client() as client:
        assert (await client.get(f"{path}/attachments")).json() == []
        assert (await client.get(path)).json()["missing"] == ["identity_card"]
        assert (await client.post(f"{path}/take-overs", json=wanted)).status_code == 201
        assert len((await client.get(f"{path}/attachments")).json()) == 1
    assert installation.stop() == 0, installation.log.read_text()
