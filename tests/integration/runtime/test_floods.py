"""What one sender writes in plenty, or packs too small, costs neither the memory of a reader nor the others' time."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.kafka import consumer as brokers
from libraries.runtime.kafka import dead_letters
from libraries.runtime.kafka.budgets import Budgets
from libraries.runtime.kafka.consumer import ConsumerLoop, RobustBroker
from libraries.runtime.kafka.records import Incoming, Reader, Record
from libraries.runtime.kafka.settling import ConsumerContext
from tests.sealing import SEALER

pytestmark = pytest.mark.engines

MIB = 1024 * 1024
BOMB = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

async def main(servers, topic, megabytes):
    options = {"compression_type": "gzip", "max_request_size": 1 << 30, "max_batch_size": 1 << 30}
    async with AIOKafkaProducer(bootstrap_servers=servers, **options) as producer:
        await producer.send_and_wait(topic, b" " * (int(megabytes) << 20), partition=0)

asyncio.run(main(*sys.argv[1:]))
"""


class Listener:
    """A handler that keeps in mind what it heard, in order, and refuses what begins with a question mark."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.refused_by_topic: Counter[str] = Counter()

    async def __call__(self, batch: Sequence[Incoming[bytes]], _: AsyncConnection) -> None:
        for incoming in batch:
            self.heard.append((incoming.record.topic, incoming.data))
            if incoming.data.startswith(b"?"):
                self.refused_by_topic[incoming.record.topic] += 1

    @staticmethod
    def decode(record: Record) -> Incoming[bytes]:
        return Incoming(record=record, event_id="", received_at=datetime.now(UTC), data=record.value or b"")

    def of(self, topic: str) -> list[bytes]:
        return [value for heard, value in self.heard if heard == topic]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def listening(
    connection: dict[str, Any], engine: AsyncEngine, reader: Reader, listener: Listener
) -> Callable[..., Any]:
    @asynccontextmanager
    async def run(*topics: str, **changed: Any) -> AsyncIterator[ConsumerLoop]:
        broker = RobustBroker(connection, graceful_seconds=5)
        changed = {
            "topics": topics,
            "decode": listener.decode,
            "handle": listener,
            "deduplicated": False,
            "only": None,
        } | changed
        loop = ConsumerLoop(
            broker, ConsumerContext(service="intake", reader=replace(reader, **changed), engine=engine, sealer=SEALER)
        )
        await broker.start()
        try:
            yield loop
        finally:
            await broker.stop()

    return run


async def flood(producer: AIOKafkaProducer, topic: str, number: int, value: bytes = b"? nonsense") -> None:
    await asyncio.gather(*[await producer.send(topic, value + b" %d" % n, partition=0) for n in range(number)])


@pytest.mark.apache_kafka
@pytest.mark.timeout(120)
async def test_a_packed_record_of_150_megabytes_is_never_unpacked(
    kafka: str,
    engine: AsyncEngine,
    make_topic: Callable[..., Awaitable[str]],
    producer: AIOKafkaProducer,
    listening: Callable[..., Any],
    listener: Listener,
    until: Any,
) -> None:
    topic = await make_topic(partitions=1)
    await producer.send_and_wait(topic, b"before", partition=0)
    bomb = await asyncio.create_subprocess_exec(sys.executable, "-c", BOMB, kafka, topic, "150")
    assert await bomb.wait() == 0
    await producer.send_and_wait(topic, b"after", partition=0)

    this, peak = psutil.Process(), 0
    at_rest = this.memory_info().rss
    async with listening(topic):

        async def both() -> bool:
            nonlocal peak
            peak = max(peak, this.memory_info().rss)
            return listener.of(topic) == [b"before", b"after"]

        await until(both)
    assert peak - at_rest < 60 * MIB, f"{(peak - at_rest) / MIB:.0f} MiB more"

    (parked,) = await dead_letters.list_dead_letters(engine)
    assert parked.code == "too_large"
    assert int(parked.facts["value_bytes"]) > 100_000
    assert len(parked.facts["value_sha256"]) == 64
    whole = await dead_letters.show(engine, parked.id, SEALER, by="somebody")
    assert len(whole.value or b"") == 1024


async def test_a_value_beyond_the_readers_bound_leaves_an_excerpt(
    engine: AsyncEngine,
    make_topic: Callable[..., Awaitable[str]],
    producer: AIOKafkaProducer,
    listening: Callable[..., Any],
    listener: Listener,
    until: Any,
) -> None:
    topic = await make_topic(partitions=1)
    for value in (b"x" * 2000, b"y" * 2001, b"z"):
        await producer.send_and_wait(topic, value, partition=0)

    async with listening(topic, largest=2000):

        async def two() -> bool:
            return listener.of(topic) == [b"x" * 2000, b"z"]

        await until(two)
    (parked,) = await dead_letters.list_dead_letters(engine)
    assert (parked.code, parked.facts["value_bytes"]) == ("too_large", "2001")


async def test_what_others_write_is_not_read_behind_a_flood(
    make_topic: Callable[..., Awaitable[str]],
    producer: AIOKafkaProducer,
    listening: Callable[..., Any],
    listener: Listener,
    until: Any,
) -> None:
    """All of it lies there when the reader begins; the quiet ones have their turn in each batch."""
    loud = await make_topic(partitions=1)
    quiet = [await make_topic(partitions=1) for _ in range(3)]
    await flood(producer, loud, 3000)
    for topic in quiet:
        await flood(producer, topic, 2, b"right")

    async with listening(loud, *quiet, max_records=100):

        async def all_of_it() -> bool:
            return len(listener.heard) == 3006

        await until(all_of_it)
    for topic in quiet:
        # The first fetch may bring the flood alone; what was fetched has its turn at once.
        behind = next(place for place, (heard, _) in enumerate(listener.heard) if heard == topic)
        assert behind < 1000, behind
    assert listener.of(loud) == [b"? nonsense %d" % n for n in range(3000)]


async def test_a_topic_of_which_too_much_is_refused_rests_and_loses_nothing(
    make_topic: Callable[..., Awaitable[str]],
    producer: AIOKafkaProducer,
    listening: Callable[..., Any],
    listener: Listener,
    until: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(brokers, "Budgets", lambda: Budgets(per_second=100, burst=100))
    loud, quiet = await make_topic(partitions=1), await make_topic(partitions=1)
    await flood(producer, loud, 400)
    async with listening(loud, quiet, max_records=100, refused_by_topic=listener.refused_by_topic) as loop:

        async def rests() -> bool:
            return loop.consumer is not None and loop.consumer.resting() == {loud}

        await until(rests)
        heard = len(listener.of(loud))
        assert 100 < heard < 400
        await producer.send_and_wait(quiet, b"right", partition=0)

        async def taken() -> bool:
            return listener.of(quiet) == [b"right"]

        await until(taken)
        assert len(listener.of(loud)) < 400

        async def all_of_it() -> bool:
            return len(listener.of(loud)) == 400

        await until(all_of_it)
    assert listener.of(loud) == [b"? nonsense %d" % n for n in range(400)]
