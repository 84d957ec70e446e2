"""A migrated schema of one service, its engine, and a way to write and read raw records."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.codes import CaseState
from contracts.events.cases import CaseWithdrawn
from libraries.ids import new_id
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours
from libraries.runtime.kafka.settling import ConsumerContext
from libraries.runtime.outbox.journal import Outgoing
from tests.sealing import SEALER

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FIRST = """
from alembic import op
from libraries.runtime.audit.tables import create_audit
from libraries.runtime.database.migrations.plumbing import (
    create_plumbing, create_progress, create_watermarks, keep_answers, seal_parked
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_plumbing(op)
    create_progress(op)
    create_watermarks(op)
    seal_parked(op)
    keep_answers(op)
    create_audit(op)
    op.execute("CREATE TABLE notes (place bigint GENERATED ALWAYS AS IDENTITY, case_id uuid, reason varchar NOT NULL)")
"""


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history of a small service that writes down what it hears."""
    folder = tmp_path_factory.mktemp("versions")
    (folder / "0001_pre_plumbing.py").write_text(FIRST)
    return folder


@pytest.fixture
async def engine(database: str, versions: Path) -> AsyncIterator[AsyncEngine]:
    await upgrade(database, "intake", versions=versions)
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    yield engine
    await engine.dispose()


@pytest.fixture
def connection(kafka: str) -> dict[str, Any]:
    return {"bootstrap_servers": kafka}


@pytest.fixture
async def make_topic(connection: dict[str, Any]) -> Callable[..., Awaitable[str]]:
    """Topics that only this test knows."""

    async def make(name: str | None = None, partitions: int = 3) -> str:
        topic = name or f"test.{uuid.uuid4().hex[:12]}.v1"
        admin = AIOKafkaAdminClient(**connection)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, partitions, 1)])
        finally:
            await admin.close()
        return topic

    return make


@pytest.fixture
async def producer(connection: dict[str, Any]) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**connection, acks="all")
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
def read_topic(connection: dict[str, Any]) -> Callable[..., Awaitable[list[Any]]]:
    """Everything that is on a topic, as soon as that many records are there."""

    async def read(topic: str, number: int, seconds: float = 20) -> list[Any]:
        consumer = AIOKafkaConsumer(topic, **connection, auto_offset_reset="earliest", fetch_max_wait_ms=50)
        await consumer.start()
        found: list[Any] = []
        try:
            async with asyncio.timeout(seconds):
                while len(found) < number:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found.extend(records)
            for records in (await consumer.getmany(timeout_ms=300)).values():
                found.extend(records)
        finally:
            await consumer.stop()
        return found

    return read


@dataclass
class Notebook:
    """The handler of the small service: writes down each reason, and fails when told to."""

    poison: dict[str, Callable[[], Exception]] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)

    async def __call__(self, batch: Sequence[Incoming[Any]], conn: AsyncConnection) -> None:
        self.batches.append(len(batch))
        for incoming in batch:
            if (fail := self.poison.get(incoming.data.reason)) is not None:
                raise fail()
        await conn.execute(
            text("INSERT INTO notes (case_id, reason) VALUES (:case_id, :reason)"),
            [{"case_id": incoming.case_id, "reason": incoming.data.reason} for incoming in batch],
        )


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def reader(notebook: Notebook) -> Reader:
    return Reader(
        name="notes",
        group=f"test-{uuid.uuid4().hex[:8]}",
        topics=("test.v1",),
        decode=events_of_ours(Clock()),
        handle=notebook,
        deduplicated=True,
    )


@pytest.fixture
def context(engine: AsyncEngine, reader: Reader) -> ConsumerContext:
    return ConsumerContext(service="intake", reader=reader, engine=engine, sealer=SEALER)


@pytest.fixture
def notes(engine: AsyncEngine) -> Callable[..., Awaitable[list[str]]]:
    async def read(case_id: UUID | None = None) -> list[str]:
        async with transaction(engine) as conn:
            rows = await conn.scalars(
                text("SELECT reason FROM notes WHERE case_id = coalesce(CAST(:id AS uuid), case_id) ORDER BY place"),
                {"id": case_id},
            )
            return list(rows)

    return read


@pytest.fixture
def a_message() -> Callable[..., Outgoing]:
    def make(case_id: UUID | None = None, reason: str = "moved_away", copies: tuple[str, ...] = ()) -> Outgoing:
        event = CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=case_id or new_id(), reason=reason, withdrawn_at=NOW)
        return Outgoing(event=event, at=NOW, copies=copies)

    return make


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    async def wait(holds: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not await holds():  # noqa: ASYNC110 -- what is waited for happens in another process
                await asyncio.sleep(0.05)

    return wait
