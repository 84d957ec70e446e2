"""When a record came, on a broker over a socket: a sender may write any stamp on it, and gains nothing by it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from console.topics import create, restamp
from contracts.topics import BY_THE_BROKER, OFFICE_FEEDBACK
from libraries.runtime.kafka.consumer import ConsumerLoop, RobustBroker
from libraries.runtime.kafka.progress import Progress, read_until
from libraries.runtime.kafka.records import Incoming, Reader, Record
from libraries.runtime.kafka.settling import ConsumerContext
from tests.sealing import SEALER

pytestmark = pytest.mark.engines
CREATE_TIME = {"message.timestamp.type": "CreateTime"}
YEAR = timedelta(days=365)


class TopicConsumer:
    """Reads one topic, and knows of each record when it came."""

    def __init__(self, engine: AsyncEngine, topic: str) -> None:
        self.came: dict[bytes, datetime] = {}
        self.context = ConsumerContext(
            service="intake",
            engine=engine,
            sealer=SEALER,
            reader=Reader(
                name=f"consumer-{topic}",
                group=f"consumer-{topic}",
                topics=(topic,),
                decode=self.read,
                handle=self.hear,
                deduplicated=False,
            ),
        )

    def read(self, record: Record) -> Incoming[Record]:
        return Incoming(record=record, event_id=f"{record.offset}", received_at=record.came_at, data=record)

    async def hear(self, batch: Sequence[Incoming[Record]], _: AsyncConnection) -> None:
        self.came |= {incoming.data.value or b"": incoming.received_at for incoming in batch}

    @asynccontextmanager
    async def listening(self, connection: dict[str, Any]) -> AsyncIterator[Progress]:
        broker = RobustBroker(connection, graceful_seconds=5)
        progress = Progress(
            engine=self.context.engine, loops=[ConsumerLoop(broker, self.context)], process=uuid.uuid4().hex
        )
        try:
            await progress.begin()
            await broker.start()
            async with asyncio.timeout(20):
                while not progress.loops[0].assigned():  # noqa: ASYNC110 -- the group has no event to wait for
                    await asyncio.sleep(0.05)
            yield progress
        finally:
            await broker.stop()

    async def consumes(self, *values: bytes) -> None:
        async with asyncio.timeout(20):
            while not self.came.keys() >= set(values):  # noqa: ASYNC110 -- another task reads
                await asyncio.sleep(0.02)


@pytest.fixture
def topic_with(connection: dict[str, Any]) -> Callable[[dict[str, str]], Awaitable[str]]:
    async def make(settings: dict[str, str]) -> str:
        name = f"test.{uuid.uuid4().hex[:12]}.v1"
        async with admin(connection) as client:
            await client.create_topics([NewTopic(name, 1, 1, topic_configs=settings)])
        return name

    return make


@asynccontextmanager
async def admin(connection: dict[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**connection)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.mark.apache_kafka
@pytest.mark.parametrize("settings", [CREATE_TIME, BY_THE_BROKER], ids=["sender", "broker"])
async def test_no_stamp_takes_a_record_back_before_the_last_look(
    engine: AsyncEngine,
    connection: dict[str, Any],
    producer: AIOKafkaProducer,
    topic_with: Callable[[dict[str, str]], Awaitable[str]],
    settings: dict[str, str],
) -> None:
    topic = await topic_with(settings)
    consumer = TopicConsumer(engine, topic)
    async with consumer.listening(connection) as progress:
        await asyncio.sleep(1.5)
        await progress.note()
        begun = datetime.now(UTC)
        stamps = (0, 1, ms(begun - YEAR), ms(begun - timedelta(days=2)), ms(begun - timedelta(minutes=5)), -7)
        for stamp in stamps:
            await producer.send_and_wait(topic, str(stamp).encode(), timestamp_ms=stamp)
        await producer.send_and_wait(topic, b"ahead", timestamp_ms=ms(begun + timedelta(minutes=30)))
        await producer.send_and_wait(topic, b"honest")
        await consumer.consumes(b"ahead", b"honest", *(str(stamp).encode() for stamp in stamps))
        ended = datetime.now(UTC)
    low = begun - timedelta(seconds=3)
    assert {value: at for value, at in consumer.came.items() if not low <= at <= ended} == {}


@pytest.mark.apache_kafka
async def test_what_came_while_nobody_read_came_after_the_last_look_of_the_process_before(
    engine: AsyncEngine,
    connection: dict[str, Any],
    producer: AIOKafkaProducer,
    topic_with: Callable[[dict[str, str]], Awaitable[str]],
) -> None:
    topic = await topic_with(CREATE_TIME)
    first = TopicConsumer(engine, topic)
    async with first.listening(connection) as progress:
        await asyncio.sleep(1.5)
        await progress.note()
    async with engine.connect() as conn:
        (known,) = (await read_until(conn)).values()
    away = datetime.now(UTC)
    await producer.send_and_wait(topic, b"back", timestamp_ms=ms(away - timedelta(hours=1)))
    await producer.send_and_wait(topic, b"honest")
    await asyncio.sleep(2)
    second = TopicConsumer(engine, topic)
    async with second.listening(connection):
        await second.consumes(b"back", b"honest")
    assert second.came[b"back"] == known, "not before it was known that nothing lay there"
    assert away - timedelta(seconds=1) <= second.came[b"honest"] <= away + timedelta(seconds=1)


@pytest.mark.apache_kafka
async def test_topics_that_partners_write_are_stamped_by_the_broker_also_those_made_before(
    connection: dict[str, Any], kafka: str
) -> None:
    office = f"education-{uuid.uuid4().int % 10**12:012}"
    old, new = OFFICE_FEEDBACK.named(office), OFFICE_FEEDBACK.named(office.replace("education", "housing"))
    async with admin(connection) as client:
        kept = {"retention.ms": "7200000", "max.message.bytes": "77777"}
        await client.create_topics([NewTopic(old, 1, 1, topic_configs=kept)])
    wanted = dict.fromkeys((old, new), (1, 3600000))
    await create(kafka, wanted)
    await restamp(kafka, wanted)
    assert await restamp(kafka, wanted) == 0, "nothing is left to change"
    async with admin(connection) as client:
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in (old, new)]
        found = {
            name: {entry[0]: entry[1] for entry in entries}
            for answer in await client.describe_configs(asked)
            for *_, name, entries in answer.resources
        }
    assert {name: one["message.timestamp.type"] for name, one in found.items()} == dict.fromkeys(
        (old, new), "LogAppendTime"
    )
    assert (found[old]["retention.ms"], found[old]["max.message.bytes"]) == ("7200000", "77777")


async def test_how_far_it_is_moves_on_while_records_come_without_a_break(
    engine: AsyncEngine, connection: dict[str, Any], producer: AIOKafkaProducer, make_topic: Callable[..., Any]
) -> None:
    """There is never a moment at which nothing is left to read."""
    topic = await make_topic(partitions=1)
    consumer = TopicConsumer(engine, topic)
    ending = asyncio.Event()

    async def flood() -> None:
        while not ending.is_set():
            for _ in range(50):
                await producer.send(topic, b"more")
            await producer.flush()

    async with consumer.listening(connection) as progress:
        flooding = asyncio.create_task(flood())
        try:
            begun, found = datetime.now(UTC), []
            async with asyncio.timeout(30):
                while not any(moment > begun + timedelta(seconds=2) for moment in found):
                    moment = await progress.loops[0].caught_up()
                    found += [moment] if moment is not None else []
                    await asyncio.sleep(0.1)
            assert found == sorted(found)
            assert max(found) <= datetime.now(UTC)
        finally:
            ending.set()
            await flooding
