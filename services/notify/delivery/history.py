"""What stands on the topics from a moment on: the events of a case from all of its writers, merged by their time."""

import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from contracts.topics import ALERTS, CASES, REFERRALS

TOPICS: Final = (CASES.name, REFERRALS.name, ALERTS.name)
"""All of them have the case as key and as many partitions: a case has the same number on each."""
AT_ONCE: Final = 500
IDLE_MS: Final = 200
SILENT_SECONDS: Final = 30.0

Positions = Mapping[str, int]
"""By `topic/partition`, the offset that is next."""


@asynccontextmanager
async def open_history(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group, with every partition of the topics."""
    consumer = AIOKafkaConsumer(
        *TOPICS,
        **connection,
        group_id=None,
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def starts(consumer: AIOKafkaConsumer, since_ms: int) -> dict[str, int]:
    """The first record that came at that moment or later; a partition without one is left out.

    An event never comes before it happened, so none is missed.
    """
    there = sorted(consumer.assignment())
    begins = await consumer.beginning_offsets(there)
    try:
        found = await consumer.offsets_for_times(dict.fromkeys(there, since_ms))
    except KafkaError:
        # A broker that finds no offsets by time is read from its beginning; what is too old is passed over.
        return {named(one): offset for one, offset in begins.items()}
    return {named(one): max(at.offset, begins[one]) for one, at in found.items() if at is not None}


async def read(consumer: AIOKafkaConsumer, since: Positions) -> AsyncIterator[ConsumerRecord[Any, Any]]:
    """Everything up to now, one number of partition after the other. Raises `TimeoutError` if nothing comes."""
    asked = int(time.time() * 1000)
    ends = await consumer.end_offsets(sorted(consumer.assignment()))
    wanted = {one for one in consumer.assignment() if named(one) in since}
    consumer.pause(*consumer.assignment())
    for number in sorted({one.partition for one in wanted}):
        group = sorted(one for one in wanted if one.partition == number)
        for one in group:
            consumer.seek(one, since[named(one)])
        consumer.resume(*group)
        async for record in _merged(consumer, group, ends, asked):
            yield record
        consumer.pause(*group)


def named(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


async def _merged(
    consumer: AIOKafkaConsumer, group: Iterable[TopicPartition], ends: Mapping[TopicPartition, int], asked: int
) -> AsyncIterator[ConsumerRecord[Any, Any]]:
    waiting: dict[TopicPartition, deque[ConsumerRecord[Any, Any]]] = {one: deque() for one in group}
    while waiting:
        for one in [one for one, records in waiting.items() if not records]:
            waiting[one].extend(await _more(consumer, one, ends[one], asked))
            if not waiting[one]:
                del waiting[one]
        if waiting:
            first = min(waiting, key=lambda one: waiting[one][0].timestamp)
            yield waiting[first].popleft()


async def _more(
    consumer: AIOKafkaConsumer, one: TopicPartition, end: int, asked: int
) -> list[ConsumerRecord[Any, Any]]:
    """Nothing at the end. Tansu names the last batch where Apache Kafka names the place behind it: the time decides."""
    silent = time.monotonic() + SILENT_SECONDS
    while time.monotonic() < silent:
        found = (await consumer.getmany(one, timeout_ms=IDLE_MS, max_records=AT_ONCE)).get(one, [])
        wanted = [record for record in found if record.offset < end or record.timestamp < asked]
        if wanted:
            return wanted
        if found or await consumer.position(one) >= end:
            return []
    raise TimeoutError("the topics cannot be read to their ends")
