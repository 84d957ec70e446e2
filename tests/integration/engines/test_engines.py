"""The engines are real, and go on with their data after a kill."""

from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from console.engines.brokers import ApacheKafka
from console.engines.postgres import Postgres


async def test_postgres_keeps_what_was_committed_before_a_kill(engine_folder: Path) -> None:
    server = Postgres(engine_folder / "killed")
    server.start()
    conn = await asyncpg.connect(server.url)
    assert await conn.fetchval("SHOW synchronous_commit") == "on"
    assert await conn.fetchval("SHOW fsync") == "on"
    await conn.execute("CREATE TABLE kept AS SELECT 7 AS number")
    server.kill()
    conn.terminate()

    server.start()
    conn = await asyncpg.connect(server.url)
    assert await conn.fetchval("SELECT number FROM kept") == 7
    await conn.close()
    server.stop()


@pytest.mark.apache_kafka
async def test_apache_kafka_keeps_what_was_acknowledged_before_a_kill(engine_folder: Path) -> None:
    broker = ApacheKafka(engine_folder / "killed-kafka")
    broker.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=broker.servers, enable_idempotence=True) as producer:
        await producer.send_and_wait("kept", b"seven")
    broker.kill()

    broker.start()
    async with AIOKafkaConsumer("kept", bootstrap_servers=broker.servers, auto_offset_reset="earliest") as consumer:
        assert (await consumer.getone()).value == b"seven"
    broker.stop()


async def test_the_shared_broker_carries_a_record(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic("hello", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait("hello", b"world", key=b"k")
    async with AIOKafkaConsumer("hello", bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        assert (await consumer.getone()).key == b"k"
