"""The routing step against the raw loop: the same events, batches, broker and database in one run."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer
from sqlalchemy import Column, DateTime, MetaData, String, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.events.cases import CaseAccepted
from contracts.events.referrals import RoutingDecided
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.bulk import insert_rows
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka.consumer import ConsumerLoop, RobustBroker
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours
from libraries.runtime.kafka.settling import ConsumerContext
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.routing.handlers import Router
from tests.benchmarks.ground import PACK, Ground, accepted, fill

BATCH = 2000
KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
states = Table(
    "bench_states",
    MetaData(),
    Column("case_id", Uuid, primary_key=True),
    Column("category", String),
    Column("area", String),
    Column("accepted_at", DateTime(timezone=True)),
)
CREATE = "CREATE TABLE bench_states (case_id uuid PRIMARY KEY, category varchar, area varchar, accepted_at timestamptz)"


async def measure(ground: Ground) -> dict[str, Any]:
    policy = PolicyWatch(PACK)
    number = 10_000 if ground.quick else 40_000
    topic = await ground.topic()
    size = await fill(ground, topic, accepted(policy.policy, number))
    raw = number / await _raw(ground, topic, number)
    step = number / await _step(ground, topic, number)
    whole = number / 2 / await _routing(ground, topic, number // 2, policy)
    return {
        "record_bytes": size,
        "batch": BATCH,
        "raw_loop_per_second": round(raw),
        "step_per_second": round(step),
        "step_ratio": round(step / raw, 2),
        "whole_routing_per_second": round(whole),
        "whole_routing_ratio": round(whole / raw, 2),
        "note": "step: sequence guard, one state row, one outgoing event. whole: decision with trace, referral, three"
        " clocks, three events and two copies for the office (10 rows a case)",
    }


async def _raw(ground: Ground, topic: str, number: int) -> float:
    """Fetch, decode, COPY, commit, and nothing that makes it safe."""
    async with ground.schema("routing") as engine:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        conn = await asyncpg.connect(url, server_settings={"search_path": "routing"})
        await conn.execute(CREATE)
        decode = msgspec.json.Decoder(CaseAccepted).decode
        async with AIOKafkaConsumer(
            topic,
            bootstrap_servers=ground.kafka,
            group_id=f"raw-{uuid4()}",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as consumer:
            seen, began = 0, 0.0
            while seen < number:
                fetched = await consumer.getmany(max_records=BATCH, timeout_ms=1000)
                began = began or time.perf_counter()
                events = [decode(record.value) for records in fetched.values() for record in records]
                rows = [(event.case_id, event.category, event.area, event.accepted_at) for event in events]
                async with conn.transaction():
                    await conn.copy_records_to_table("bench_states", records=rows)
                await consumer.commit()
                seen += len(events)
            took = time.perf_counter() - began
        await conn.close()
    return took


async def _step(ground: Ground, topic: str, number: int) -> float:
    """What the plumbing costs: guard, one state row, one outgoing event, explicit offsets."""

    async def handle(batch: Sequence[Incoming[CaseAccepted]], conn: AsyncConnection) -> None:
        events = [incoming.data for incoming in batch]
        rows = [(event.case_id, event.category, event.area, event.accepted_at) for event in events]
        await insert_rows(conn, states, ("case_id", "category", "area", "accepted_at"), rows)
        said = [
            RoutingDecided(
                case_id=event.case_id,
                decision_id=event.case_id,
                policy_version="p",
                rule="r",
                lead="education-130722000000",
                decided_at=event.accepted_at,
            )
            for event in events
        ]
        await journal.add(conn, "routing", [Outgoing(event=one, at=one.decided_at) for one in said])

    async with ground.schema("routing") as engine:
        async with engine.begin() as conn:
            await conn.execute(text(CREATE))
        reader = Reader(
            name="bench.step",
            group=f"step-{uuid4()}",
            topics=(topic,),
            decode=events_of_ours(Clock()),
            handle=handle,
            deduplicated=True,
            max_records=BATCH,
        )
        return await _until_settled(ground, reader, engine, number, "bench_states")


async def _routing(ground: Ground, topic: str, number: int, policy: PolicyWatch) -> float:
    async with ground.schema("routing") as engine:
        router = Router(policy=policy, sealer=Sealer(KEY), clock=Clock())
        whole = router.readers()[0]
        reader = Reader(
            name=whole.name,
            group=f"whole-{uuid4()}",
            topics=(topic,),
            decode=whole.decode,
            handle=whole.handle,
            deduplicated=True,
            only=whole.only,
            max_records=BATCH,
        )
        return await _until_settled(ground, reader, engine, number, "routed_cases")


async def _until_settled(ground: Ground, reader: Reader, engine: AsyncEngine, number: int, table: str) -> float:
    """From the first batch in hand to so many rows."""
    began: list[float] = []
    handle = reader.handle

    async def timed(batch: Sequence[Incoming[Any]], conn: AsyncConnection) -> None:
        began.append(time.perf_counter())
        await handle(batch, conn)

    object.__setattr__(reader, "handle", timed)
    broker = RobustBroker(ground.connection(), graceful_seconds=5)
    ConsumerLoop(broker, ConsumerContext(service="routing", reader=reader, engine=engine, sealer=Sealer(KEY)))
    await broker.start()
    try:
        async with engine.connect() as conn:
            while True:
                count = await conn.scalar(text(f"SELECT count(*) FROM {table}"))
                ended = time.perf_counter()
                await conn.rollback()
                if count >= number:
                    return (ended - began[0]) * number / count
                await asyncio.sleep(0.05)
    finally:
        await broker.stop()
