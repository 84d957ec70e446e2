"""What benchmarks stand on: engines of their own, a topic full of events, and how long something took."""

import os
import platform
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from console.engines.brokers import ApacheKafka, Tansu, java_and_maven
from console.engines.postgres import Postgres
from console.topics import create
from contracts.cloudevents import attributes
from contracts.codes import CaseState, SubmissionChannel
from contracts.events import CaseBound
from contracts.events.cases import CaseAccepted
from libraries.ids import new_id
from libraries.policies import Policy
from libraries.runtime.database.engine import open_engine
from libraries.runtime.database.migrate import upgrade

PACK = Path(__file__).parents[2] / "deploy" / "policies" / "zhangjiakou"
NOW = datetime.now(UTC)
ALONE = ("social_security.personal_registration", "employment.training_subsidy", "petition.suggestion")
"""Matters that one office handles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Engines that nobody else uses."""

    database: str
    kafka: str
    broker: str
    quick: bool

    def connection(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.kafka, "security_protocol": "PLAINTEXT"}

    @asynccontextmanager
    async def schema(self, service: str) -> AsyncIterator[AsyncEngine]:
        """A fresh database with the tables of one service."""
        url = await self.fresh()
        await upgrade(url, service)
        engine = open_engine(SimpleNamespace(database_url=url), service)
        yield engine
        await engine.dispose()

    async def fresh(self) -> str:
        """The address of an empty database."""
        name = f"bench_{uuid4().hex[:8]}"
        conn = await asyncpg.connect(self.database)
        await conn.execute(f"CREATE DATABASE {name}")
        await conn.close()
        return f"{self.database.rpartition('/')[0]}/{name}"

    async def topic(self, partitions: int = 12) -> str:
        name = f"bench.{uuid4().hex[:8]}"
        await create(self.kafka, {name: (partitions, 3_600_000)})
        return name


@contextmanager
def engines(*, quick: bool) -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="yimen-bench-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder) / "postgres")
        broker = ApacheKafka(Path(folder) / "kafka") if java_and_maven() else Tansu(Path(folder) / "kafka")
        server.start()
        broker.start()
        try:
            yield Ground(database=server.url, kafka=broker.servers, broker=broker.kind, quick=quick)
        finally:
            broker.stop()
            server.stop()


def machine() -> dict[str, object]:
    return {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}


def accepted(policy: Policy, number: int, seed: int = 1) -> list[CaseAccepted]:
    """Cases of matters that one office handles, all over the city."""
    chosen = random.Random(seed)
    townships = [area.code for area in policy.areas.values() if area.level == "township"]
    return [
        CaseAccepted(
            state=CaseState.ACCEPTED,
            case_id=new_id(),
            number=f"130722-20260302-{index:05d}-1",
            category=(category := chosen.choice(ALONE)),
            field=policy.categories[category].field,
            area=chosen.choice(townships),
            channel=SubmissionChannel.WINDOW,
            accepted_at=NOW,
            first_contact_office="township-130722100000",
        )
        for index in range(number)
    ]


async def fill(ground: Ground, topic: str, events: list[Any]) -> int:
    """Produce the events as their service would; returns the size of one record."""
    size = 0
    async with AIOKafkaProducer(bootstrap_servers=ground.kafka, linger_ms=20, max_batch_size=512 * 1024) as producer:
        for event in events:
            value = msgspec.json.encode(event)
            headers = head(event)
            size = len(value) + sum(len(name) + len(content) for name, content in headers)
            await producer.send(topic, value, key=str(event.case_id).encode(), headers=headers)
        await producer.flush()
    return size


def head(event: CaseBound, sequence: int = 1) -> list[tuple[str, bytes]]:
    return attributes(
        event_id=UUID(int=random.getrandbits(128)),
        wire_type=event.wire_type(),
        writer="intake",
        time=NOW,
        subject=event.case_id,
        sequence=sequence,
        traceparent=None,
    )


def rate(work: Callable[[], object], number: int, *, tries: int = 3) -> float:
    """Times a second, the best of some tries."""
    best = float("inf")
    for _ in range(tries):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return number / best


async def spent(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
