"""The traps of reading from Kafka, each sprung on a broker over a socket."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiokafka.consumer.fetcher as aiokafka_fetcher
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.cloudevents import Envelope, encode
from contracts.topics import FEEDBACK_PATTERN
from libraries.ids import new_id
from libraries.runtime import metrics
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka import dead_letters
from libraries.runtime.kafka.consumer import LONG_FETCH_MS, ConsumerLoop, RobustBroker
from libraries.runtime.kafka.fetching import SHORT_FETCH_MS
from libraries.runtime.kafka.records import Incoming, Record
from libraries.runtime.kafka.settling import ConsumerContext
from libraries.runtime.kafka.timestamps import as_written
from tests.sealing import SEALER

pytestmark = pytest.mark.engines


@pytest.fixture
async def topic(make_topic: Callable[..., Awaitable[str]]) -> str:
    return await make_topic()


@pytest.fixture
def read(connection: dict[str, Any], context: ConsumerContext) -> Callable[..., Any]:
    """A running reader of the small service."""

    @asynccontextmanager
    async def run(graceful: float = 5, **changed: Any) -> AsyncIterator[ConsumerLoop]:
        broker = RobustBroker(connection, graceful_seconds=graceful)
        loop = ConsumerLoop(broker, replace(context, reader=replace(context.reader, **changed)))
        try:
            await broker.start()
            yield loop
        finally:
            await broker.stop()

    return run


@pytest.fixture
def say(producer: AIOKafkaProducer, a_message: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def send(topic: str, reason: str, case_id: Any = None, sequence: int = 1, **more: Any) -> Any:
        message = a_message(case_id, reason)
        envelope = Envelope(id=new_id(), writer="intake", time=message.at, sequence=sequence, data=message.event)
        headers, value = encode(envelope)
        key = str(envelope.data.case_id).encode()
        sent = {"value": value, "key": key, "headers": headers + more.pop("headers", [])} | more
        return await producer.send_and_wait(topic, **sent)

    return send


@pytest.fixture
def heard(notes: Any, until: Any) -> Callable[..., Awaitable[None]]:
    async def wait(*expected: str) -> None:
        async def there() -> bool:
            return sorted(await notes()) == sorted(expected)

        try:
            await until(there)
        except TimeoutError:
            assert sorted(await notes()) == sorted(expected)

    return wait


async def parked_codes(engine: AsyncEngine) -> list[str]:
    return sorted(row.code for row in await dead_letters.list_dead_letters(engine))


async def committed(connection: dict[str, Any], group: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(**connection, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        found = [await consumer.committed(TopicPartition(topic, partition)) for partition in range(3)]
        return sum(offset or 0 for offset in found)
    finally:
        await consumer.stop()


async def test_headers_that_are_null_or_not_text_cost_no_record_of_the_batch(
    engine: AsyncEngine, topic: str, read: Any, say: Any, heard: Any
) -> None:
    """F1: the parser of the framework fails on such a header and loses the whole batch."""
    for number in range(20):
        bad = [("note", None), ("note", b"\xff\xfe")] if number % 5 == 0 else []
        await say(topic, f"r{number}", partition=0, headers=bad)
    await say(topic, "lost", partition=0, headers=[("ce_type", b"\xff")])

    async with read(topics=(topic,)):
        await heard(*(f"r{number}" for number in range(20)))

    assert await parked_codes(engine) == ["bad_attribute"]


async def test_a_header_name_that_is_not_text_costs_only_its_own_record(
    engine: AsyncEngine, topic: str, read: Any, say: Any, heard: Any, producer: AIOKafkaProducer
) -> None:
    """The client library itself raises on it, after it has moved past what stood before it in the same fetch."""

    class Bytes(str):
        __slots__ = ()

        def encode(self, *_: Any) -> bytes:
            return b"\xff\xfe"

    for partition in range(3):
        await say(topic, f"before-{partition}", partition=partition)
    builder = _DefaultRecordBatchBuilderPy(
        2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=16384
    )
    batch = producer.create_batch()
    assert isinstance(batch, BatchBuilder)
    batch._builder = builder
    for number in range(3):
        name = Bytes("x") if number == 1 else "x"
        assert batch.append(timestamp=None, key=b"k", value=f"raw-{number}".encode(), headers=[(name, b"")])
    await (await producer.send_batch(batch, topic, partition=1))
    for partition in range(3):
        await say(topic, f"after-{partition}", partition=partition)

    async with read(topics=(topic,)):
        await heard(*(f"{when}-{partition}" for when in ("before", "after") for partition in range(3)))

    assert await parked_codes(engine) == ["no_attribute"] * 3
    whole = await dead_letters.show(engine, (await dead_letters.list_dead_letters(engine))[1].id, SEALER, by="somebody")
    assert (whole.headers, whole.value) == ([("\\xff\\xfe", b"")], b"raw-1")


async def test_values_that_are_no_event_are_kept_and_the_next_one_flows(
    engine: AsyncEngine, topic: str, read: Any, say: Any, heard: Any
) -> None:
    case = new_id()
    await say(topic, "x", partition=0, value=b"not json")
    await say(topic, "x", partition=0, value=b"\xff\xfe")
    await say(topic, "x", partition=0, value=b"[" * 100_000)
    await say(topic, "x", partition=0, value=None)
    await say(topic, "x", partition=0, value=b"{}" + b" " * 900_000)
    await say(topic, "no-key", partition=0, key=None)
    await say(topic, "fine", case, partition=0)

    async with read(topics=(topic,)):
        await heard("no-key", "fine")

    assert await parked_codes(engine) == ["invalid_event", "no_value", "not_json", "not_json", "too_large"]


async def test_an_event_of_an_unknown_type_between_two_known_ones_of_its_case_leaves_no_gap(
    engine: AsyncEngine, topic: str, read: Any, say: Any, heard: Any
) -> None:
    """A newer writer says more than this reader knows: it goes on behind it, and counts what it passed over."""
    before = metrics.UNKNOWN.labels("intake", "notes", "yimen.weather.changed.v1")._value.get()
    case = new_id()
    await say(topic, "first", case, 1)
    await say(topic, "unheard of", case, 2, headers=[("ce_type", b"yimen.weather.changed.v1")], value=b"\x00 no JSON")
    await say(topic, "third", case, 3)

    async with read(topics=(topic,)):
        await heard("first", "third")

    assert await parked_codes(engine) == []
    assert metrics.UNKNOWN.labels("intake", "notes", "yimen.weather.changed.v1")._value.get() == before + 1


async def test_a_poison_record_is_parked_once_and_nothing_spins(
    engine: AsyncEngine, topic: str, read: Any, say: Any, heard: Any, notebook: Any
) -> None:
    """F3: a nack seeks back at once, thousands of times a second."""
    notebook.poison["bad"] = ValueError
    await say(topic, "bad", partition=0)
    for number in range(30):
        await say(topic, f"r{number}", partition=0)

    async with read(topics=(topic,)):
        await heard(*(f"r{number}" for number in range(30)))
        attempts = len(notebook.batches)
        await asyncio.sleep(0.5)
        assert len(notebook.batches) == attempts

    assert await parked_codes(engine) == ["handler_failed"]
    assert attempts < 60


async def test_nothing_is_committed_that_is_not_settled(
    connection: dict[str, Any],
    topic: str,
    context: ConsumerContext,
    read: Any,
    say: Any,
    heard: Any,
    notebook: Any,
    until: Any,
) -> None:
    """F4 and F7: the framework's policies commit failed messages or lose them at the next commit."""
    notebook.poison["r1"] = ConnectionResetError
    await say(topic, "r1", partition=0)
    await say(topic, "r2", partition=0)

    async with read(topics=(topic,)):

        async def tried_twice() -> bool:
            return len(notebook.batches) >= 2

        await until(tried_twice)
        assert await committed(connection, context.reader.group, topic) == 0
        notebook.poison.clear()
        await heard("r1", "r2")

    assert await committed(connection, context.reader.group, topic) == 2


async def test_nobody_is_answered_whatever_reply_to_says(
    topic: str, make_topic: Any, read: Any, say: Any, heard: Any, read_topic: Any
) -> None:
    """F5: the framework sends what a handler returns wherever the sender of a record wants it."""
    elsewhere = await make_topic()
    await say(topic, "r1", headers=[("reply_to", elsewhere.encode()), ("correlation_id", b"1")])

    async with read(topics=(topic,)):
        await heard("r1")

    with pytest.raises(TimeoutError):
        await read_topic(elsewhere, 1, seconds=1)


async def test_a_topic_that_is_not_there_is_not_made_by_reading_it(connection: dict[str, Any], read: Any) -> None:
    """F8."""
    name = f"nobody.{uuid.uuid4().hex}.v1"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2), read(topics=(name,)):
            pass

    consumer = AIOKafkaConsumer(**connection)
    await consumer.start()
    assert name not in await consumer.topics()
    await consumer.stop()


async def test_the_topic_of_a_new_office_is_found_by_its_pattern(
    make_topic: Any, read: Any, say: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    areas = [f"{uuid.uuid4().int % 10**12:012d}" for _ in range(2)]
    first, second = (f"departments.education-{area}.feedback.v1" for area in areas)
    await make_topic(first, partitions=1)
    await say(first, "first")

    async with read(pattern=FEEDBACK_PATTERN, topics=None):
        await heard("first")
        await make_topic(second, partitions=1)
        await say(second, "second")
        await heard("first", "second")


async def test_a_stop_in_the_middle_of_a_batch_finishes_it(
    connection: dict[str, Any], topic: str, context: ConsumerContext, read: Any, say: Any, notes: Any, notebook: Any
) -> None:
    """F11."""
    begun = asyncio.Event()

    async def slowly(batch: Any, conn: Any) -> None:
        begun.set()
        await asyncio.sleep(0.7)
        await notebook(batch, conn)

    await say(topic, "r1")
    async with read(topics=(topic,), handle=slowly):
        await asyncio.wait_for(begun.wait(), 20)

    assert await notes() == ["r1"]
    assert await committed(connection, context.reader.group, topic) == 1


async def test_a_batch_that_outlasts_the_stop_is_left_to_the_next_process(
    connection: dict[str, Any],
    topic: str,
    context: ConsumerContext,
    read: Any,
    say: Any,
    notes: Any,
    heard: Any,
    notebook: Any,
) -> None:
    """F11: cancelled after the graceful time; its transaction is undone and its offset stays."""
    begun = asyncio.Event()

    async def endlessly(batch: Any, conn: Any) -> None:
        await notebook(batch, conn)
        begun.set()
        await asyncio.sleep(60)

    await say(topic, "r1")
    async with read(topics=(topic,), handle=endlessly, graceful=0.3):
        await asyncio.wait_for(begun.wait(), 20)
    assert await notes() == []
    assert await committed(connection, context.reader.group, topic) == 0

    async with read(topics=(topic,)):
        await heard("r1")


async def test_a_stop_does_not_wait_for_a_database_that_is_away(
    topic: str, read: Any, say: Any, notebook: Any, until: Any
) -> None:
    notebook.poison["r1"] = ConnectionResetError
    await say(topic, "r1")

    async with read(topics=(topic,)):

        async def failing() -> bool:
            return len(notebook.batches) >= 3

        await until(failing)
        stopped_at = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - stopped_at < 2


async def test_a_thousand_small_records_are_handled_in_few_transactions(
    topic: str, producer: AIOKafkaProducer, a_message: Any, read: Any, notes: Any, notebook: Any, until: Any
) -> None:
    """F13: one record per transaction is twenty times slower."""
    for _ in range(1000):
        message = a_message()
        headers, value = encode(Envelope(id=new_id(), writer="intake", time=message.at, sequence=1, data=message.event))
        await producer.send(topic, value=value, key=str(message.event.case_id).encode(), headers=headers)
    await producer.flush()

    async with read(topics=(topic,)):

        async def all_there() -> bool:
            return len(await notes()) == 1000

        await until(all_there)
    assert len(notebook.batches) < 50


async def test_partners_records_are_received_when_the_broker_got_them(
    engine: AsyncEngine, topic: str, read: Any, say: Any, until: Any
) -> None:
    """A stamp from the future counts as now: nobody gains time by it. It stays on the record as it was written."""
    seen: list[Record] = []

    async def note(batch: Any, conn: Any) -> None:
        seen.extend(incoming.record for incoming in batch)
        await conn.execute(text("SELECT 1"))

    stamp = int(time.time() * 1000) + 30 * 60 * 1000
    await say(topic, "r1", timestamp_ms=stamp)

    def understand(record: Record) -> Incoming[Any]:
        return Incoming(record=record, event_id="1", received_at=record.came_at, data=None)

    async def there() -> bool:
        return bool(seen)

    async with read(topics=(topic,), handle=note, decode=understand, deduplicated=False):
        await until(there)
    async with transaction(engine) as conn:
        now = await conn.scalar(text("SELECT now()"))
    assert abs((now - seen[0].came_at).total_seconds()) < 60
    assert seen[0].timestamp == as_written(stamp)


@pytest.mark.parametrize(
    "ending",
    [
        lambda consumer: consumer._fetcher._fetch_task,
        lambda consumer: consumer._coordinator._coordination_task,
        lambda consumer: consumer._client._sync_task,
    ],
    ids=["fetching", "membership", "metadata"],
)
async def test_a_client_whose_task_has_ended_is_replaced(
    topic: str, read: Any, say: Any, heard: Any, ending: Callable[[Any], asyncio.Task[Any]]
) -> None:
    """The client says nothing then: the reader would wait for records for ever."""
    await say(topic, "r1")
    async with read(topics=(topic,)) as loop:
        await heard("r1")
        await loop.restart()
        first = loop.consumer
        assert not loop.stalled()
        task = ending(first)
        task.cancel()
        await asyncio.wait({task})
        assert loop.stalled()
        await loop.restart()
        assert loop.consumer is not first
        assert not loop.stalled()
        await say(topic, "r2")
        await heard("r1", "r2")


async def test_only_a_fetch_for_every_partition_is_held_for_long(
    topic: str, read: Any, say: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker is asked for one fetch at a time: what was just fetched would wait until the others have news."""
    asked: list[tuple[int, int]] = []
    request = aiokafka_fetcher.FetchRequest

    def noted(longest: int, fewest: int, most: int, isolation: int, topics: Any, **more: Any) -> Any:
        asked.append((longest, sum(len(parts) for _, parts in topics)))
        return request(longest, fewest, most, isolation, topics, **more)

    monkeypatch.setattr(aiokafka_fetcher, "FetchRequest", noted)
    async with read(topics=(topic,)):
        for number in range(10):
            await say(topic, f"r{number}", partition=0)
            await heard(*(f"r{earlier}" for earlier in range(number + 1)))

    assert {longest for longest, parts in asked if parts == 3} == {LONG_FETCH_MS}
    assert {longest for longest, parts in asked if parts < 3} <= {SHORT_FETCH_MS}
