"""Reads our topics from their beginning to where they stood, and asks how far a group has read."""

import time
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from console.verify.snapshot import TopicRecord, as_uuid
from contracts.topics import PARTNER_EVENTS, PROGRESS, TOPICS

GROUPS: Final = {
    "intake.submissions": (r"intake.submissions.v1",),
    "intake.partner_submissions": ("partners.", ".submissions.v1"),
    "routing.feedback": ("departments.", ".feedback.v1"),
    "notify.feedback": ("departments.", ".feedback.v1"),
}
"""Groups that read what partners write, and how the names of their topics begin and end."""
SILENT_SECONDS: Final = 30.0
IDLE_MS: Final = 1500
"""Longer than any broker keeps back a record that it has."""
OURS: Final = tuple(
    topic.named("{}").partition("{}")
    for topic in TOPICS
    if topic.body is None and topic not in PROGRESS.values() and topic is not PARTNER_EVENTS
)
"""What stands in the journals. How far a service has come does not, and what is owed to a partner is a delivery."""


def is_ours(name: str) -> bool:
    return any(name.startswith(head) and name.endswith(tail) for head, _, tail in OURS)


async def read_topics(kafka: dict[str, Any]) -> tuple[list[TopicRecord], frozenset[str]]:
    """Every record of our own topics, and the topics from which nothing was dropped yet."""
    partitions = [one for one in await partitions_of(kafka) if is_ours(one.topic)]
    consumer = AIOKafkaConsumer(**kafka, enable_auto_commit=False, fetch_max_wait_ms=100)
    await consumer.start()
    try:
        consumer.assign(partitions)
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        records = await _read(consumer, begins, ends) if partitions else []
    finally:
        await consumer.stop()
    cut = {one.topic for one in partitions if begins[one] > 0}
    return records, frozenset({one.topic for one in partitions} - cut)


async def _read(
    consumer: AIOKafkaConsumer, begins: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> list[TopicRecord]:
    """Up to the ends. Tansu names the last batch where Apache Kafka names the place behind it: the clock decides.

    A partition on which something newer was heard is not listened to any longer: others may never stop to speak.
    """
    asked = time.time() * 1000
    for one, offset in begins.items():
        consumer.seek(one, offset)
    found: list[TopicRecord] = []
    waiting, speaking = set(begins), set(begins)
    silent = time.monotonic() + SILENT_SECONDS
    while True:
        batches = await consumer.getmany(timeout_ms=IDLE_MS)
        for one, records in batches.items():
            found += [_record(record) for record in records if record.offset < ends[one] or record.timestamp < asked]
            if records[-1].offset >= ends[one] and records[-1].timestamp >= asked:
                consumer.pause(one)
                speaking.discard(one)
        waiting -= {one for one in waiting if await consumer.position(one) >= ends[one]}
        if not waiting and not (batches and speaking):
            break
        if batches:
            silent = time.monotonic() + SILENT_SECONDS
        elif time.monotonic() > silent:
            raise TimeoutError("the topics cannot be read to their ends")
    found.sort(key=lambda record: (record.topic, record.partition, record.offset))
    return found


def _record(record: ConsumerRecord[Any, Any]) -> TopicRecord:
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if value is not None}
    sequence = headers.get("ce_sequence", "")
    return TopicRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=(record.key or b"").decode("utf-8", "replace"),
        case_id=as_uuid(headers.get("ce_subject")),
        event_id=headers.get("ce_id", ""),
        writer=headers.get("ce_source", "").rpartition("/")[2],
        sequence=int(sequence) if sequence.isdecimal() else None,
        content=hash(record.value),
    )


async def ends_for_groups(kafka: dict[str, Any]) -> dict[str, dict[TopicPartition, int]]:
    """By group: up to where it has to read to have read what is there now. Empty partitions are left out."""
    there = await partitions_of(kafka)
    of_group = {
        group: [one for one in there if one.topic.startswith(ends_[0]) and one.topic.endswith(ends_[-1])]
        for group, ends_ in GROUPS.items()
    }
    consumer = AIOKafkaConsumer(**kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign({one for wanted in of_group.values() for one in wanted})
        found = {}
        for group, wanted in of_group.items():
            begins, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
            found[group] = {one: ends[one] for one in wanted if ends[one] > begins[one]}
        return found
    finally:
        await consumer.stop()


async def group_lag(kafka: dict[str, Any], wanted: dict[str, dict[TopicPartition, int]]) -> dict[str, int]:
    """Records that each group has still to read."""
    admin = AIOKafkaAdminClient(**kafka)
    await admin.start()
    try:
        lag = {}
        for group, ends in wanted.items():
            if not ends:
                continue
            # Named one by one: not every broker answers the question for all.
            read = await admin.list_consumer_group_offsets(group, partitions=list(ends))
            lag[group] = sum(max(0, end - max(0, read[one].offset)) for one, end in ends.items() if one in read)
        return {group: rows for group, rows in lag.items() if rows}
    finally:
        await admin.close()


async def partitions_of(kafka: dict[str, Any]) -> list[TopicPartition]:
    """Of all topics. A consumer is no help: Apache Kafka tells it only of topics that it has asked for by name."""
    admin = AIOKafkaAdminClient(**kafka)
    await admin.start()
    try:
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    return sorted(TopicPartition(one["topic"], part["partition"]) for one in topics for part in one["partitions"])
