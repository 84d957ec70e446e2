"""How verify hears: all that was there when it asked, and no longer than that, however much is said meanwhile."""

import asyncio
import time
import uuid

import pytest
from aiokafka import AIOKafkaProducer

from console.topics import create
from console.verify.topic_reader import read_topics
from contracts.topics import ALERTS, CASES

pytestmark = pytest.mark.engines


async def test_who_never_stops_to_speak_is_not_waited_for(kafka: str) -> None:
    await create(kafka, {topic.name: (3, 3_600_000) for topic in (CASES, ALERTS)})
    published = [uuid.uuid4().hex for _ in range(60)]
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for number, word in enumerate(published):
            await producer.send_and_wait(CASES.name, b"{}", key=word.encode(), partition=number % 3)

        async def go_on() -> None:
            while True:
                await producer.send_and_wait(CASES.name, b"{}", key=b"later", partition=0)
                await asyncio.sleep(0.05)

        speaking = asyncio.create_task(go_on())
        try:
            await asyncio.sleep(0.5)
            began = time.monotonic()
            async with asyncio.timeout(25):
                records, whole = await read_topics({"bootstrap_servers": kafka})
        finally:
            speaking.cancel()
    assert {record.key for record in records} >= set(published)
    assert CASES.name in whole
    assert time.monotonic() - began < 20
