"""Rows of the journal become Kafka records: batches by partition, built by us, sent and waited for together."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from contracts.cloudevents import attributes


async def send(producer: AIOKafkaProducer, service: str, rows: Sequence[Any]) -> None:
    """Returns when the broker has acknowledged every row. Raises the first error; nothing is known then of the others.

    Batches are filled here, because one future for each record costs more than all the rest.
    """
    partitions = {topic: sorted(await producer.partitions_for(topic)) for topic in {row["topic"] for row in rows}}
    open_batches: dict[tuple[str, int], BatchBuilder] = {}
    waiting: list[asyncio.Future[Any]] = []
    for row in rows:
        topic, case_id = row["topic"], row["case_id"]
        key = (row["key"] if case_id is None else str(case_id)).encode()
        there = partitions[topic]
        place = (topic, there[_hash(key) % len(there)])
        headers = attributes(
            event_id=row["event_id"],
            wire_type=row["type"],
            writer=service,
            time=row["at"],
            subject=case_id,
            sequence=row["sequence"],
            traceparent=row["traceparent"],
        )
        batch = open_batches.get(place)
        if batch is None or batch.append(timestamp=None, key=key, value=row["value"], headers=headers) is None:
            if batch is not None:
                waiting.append(await producer.send_batch(batch, topic, partition=place[1]))
            batch = open_batches[place] = producer.create_batch()
            batch.append(timestamp=None, key=key, value=row["value"], headers=headers)
    for (topic, partition), batch in open_batches.items():
        waiting.append(await producer.send_batch(batch, topic, partition=partition))
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


@lru_cache(maxsize=65536)
def _hash(key: bytes) -> int:
    """As every Kafka client chooses the partition of a key."""
    return int(murmur2(key)) & 0x7FFFFFFF
