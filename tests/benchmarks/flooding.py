"""How long an office's answer takes while another office floods routing, against the same on a quiet installation."""

import asyncio
import statistics
import time
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from console.topics import create
from contracts.events.cases import CaseAccepted
from contracts.topics import CASES, OFFICE_FEEDBACK
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka.consumer import ConsumerLoop, RobustBroker
from libraries.runtime.kafka.records import Record, read_record
from libraries.runtime.kafka.settling import ConsumerContext, settle
from services.routing.handlers import Router
from tests.benchmarks.consuming import KEY
from tests.benchmarks.ground import NOW, PACK, Ground, accepted, head

FLOOD: Final = 3000
"""Answers about referrals that nobody knows, of one office, at once."""
AREA: Final = "130722100000"
PARTITIONS: Final = 3
POLL_SECONDS: Final = 0.002
LIMIT_SECONDS: Final = 60


async def measure(ground: Ground) -> dict[str, Any]:
    rounds = 3 if ground.quick else 8
    policy = PolicyWatch(PACK)
    async with ground.schema("routing") as engine:
        router = Router(policy=policy, sealer=Sealer(KEY), clock=Clock())
        cases, feedback = (
            ConsumerContext(service="routing", reader=reader, engine=engine, sealer=Sealer(KEY))
            for reader in router.readers()
        )
        near = [replace(case, area=AREA) for case in accepted(policy.policy, 200)]
        await settle(cases, [read_record(cases.reader, _record(case)) for case in near])
        async with engine.connect() as conn:
            office, referrals = await _busiest(conn)
        loud = next(code for code, one in policy.policy.offices.items() if "kafka" in one.channels and code != office)
        topics = [OFFICE_FEEDBACK.named(one) for one in (office, loud)]
        await create(ground.kafka, dict.fromkeys(topics, (PARTITIONS, 3_600_000)))
        broker = RobustBroker(ground.connection(), graceful_seconds=5)
        ConsumerLoop(broker, feedback)
        await broker.start()
        try:
            async with (
                engine.connect() as conn,
                AIOKafkaProducer(bootstrap_servers=ground.kafka, linger_ms=5) as producer,
            ):
                waits = iter(referrals)
                await _answered(producer, conn, topics[0], next(waits))  # the first waits for the partitions
                quiet = [await _answered(producer, conn, topics[0], next(waits)) for _ in range(rounds)]
                flooded = []
                for _ in range(rounds):
                    await _flood(producer, topics[1])
                    flooded.append(await _answered(producer, conn, topics[0], next(waits)))
                    await asyncio.sleep(1)
        finally:
            await broker.stop()
    return {
        "flood": FLOOD,
        "quiet_ms_median": round(statistics.median(quiet) * 1000),
        "flooded_ms_first": round(flooded[0] * 1000),
        "flooded_ms_median": round(statistics.median(flooded) * 1000),
        "flooded_ms_worst": round(max(flooded) * 1000),
        "ratio": round(statistics.median(flooded) / statistics.median(quiet), 1),
        "note": "from producing an answer to its row; each flood lies on the topic before the answer is sent",
    }


async def _flood(producer: AIOKafkaProducer, topic: str) -> None:
    sent = [await producer.send(topic, _answer(uuid4()), key=uuid4().bytes) for _ in range(FLOOD)]
    await asyncio.gather(*sent)


async def _answered(producer: AIOKafkaProducer, conn: AsyncConnection, topic: str, referral: UUID) -> float:
    began = time.perf_counter()
    await producer.send_and_wait(topic, _answer(referral), key=referral.bytes)
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await conn.scalar(_TAKEN, {"referral": referral}):
            await conn.rollback()
            await asyncio.sleep(POLL_SECONDS)
    await conn.rollback()
    return time.perf_counter() - began


_TAKEN: Final = text("SELECT EXISTS (SELECT FROM answers_of_offices WHERE referral_id = :referral)")


def _answer(referral: UUID) -> bytes:
    return msgspec.json.encode({"feedback_id": str(uuid4()), "referral_id": str(referral), "action": "sign"})


async def _busiest(conn: AsyncConnection) -> tuple[str, list[UUID]]:
    """The office with most referrals, and which."""
    statement = "SELECT office, array_agg(referral_id) FROM referrals GROUP BY office ORDER BY count(*) DESC LIMIT 1"
    office, referrals = (await conn.execute(text(statement))).one()
    return office, referrals


def _record(case: CaseAccepted) -> Record:
    headers = head(case)
    return Record(
        topic=CASES.name,
        partition=0,
        offset=int(case.number.split("-")[2]),
        timestamp=NOW,
        key=str(case.case_id).encode(),
        value=msgspec.json.encode(case),
        headers=dict(headers),
        raw_headers=tuple(headers),
    )
