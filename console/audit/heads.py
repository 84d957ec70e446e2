"""Heads of the audit from wherever they are kept: files outside the database, and the topic."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from console.verify.topic_reader import partitions_of
from contracts.events.audit import AuditHeadSigned
from contracts.topics import AUDIT_HEADS
from libraries.runtime.audit.examining import Fault
from libraries.runtime.audit.heads import read


def of_files(paths: Iterable[Path]) -> tuple[list[AuditHeadSigned], list[Fault]]:
    """In the order in which they were written, and what is no head. Raises `OSError`."""
    heads: list[AuditHeadSigned] = []
    faults = []
    for path in paths:
        for one in read(path):
            if isinstance(one, AuditHeadSigned):
                heads.append(one)
            else:
                faults.append(Fault(code="head_unreadable", service="", detail=f"{path}, line {one} is no head"))
    return heads, faults


async def of_topic(kafka: dict[str, Any]) -> list[AuditHeadSigned]:
    """What the topic has now; a head that is no head there was not written by us."""
    there = [one for one in await partitions_of(kafka) if one.topic == AUDIT_HEADS.name]
    consumer = AIOKafkaConsumer(**kafka, enable_auto_commit=False, fetch_max_wait_ms=100)
    await consumer.start()
    heads = []
    try:
        consumer.assign(there)
        for one, offset in (await consumer.beginning_offsets(there)).items():
            consumer.seek(one, offset)
        while there and (batches := await consumer.getmany(timeout_ms=1500)):
            for records in batches.values():
                heads += [msgspec.json.decode(record.value, type=AuditHeadSigned) for record in records]
    finally:
        await consumer.stop()
    return heads


def merged(*sources: Iterable[AuditHeadSigned]) -> list[AuditHeadSigned]:
    """Each head once, by the moment at which it was signed."""
    once = {head.signature: head for heads in sources for head in heads}
    return sorted(once.values(), key=lambda head: head.signed_at)
