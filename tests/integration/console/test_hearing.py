"""Verify hears what is on the topics, on whatever broker; it must never take silence for health."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from contracts.topics import CASES, SUBMISSIONS
from services.console.topics import create
from services.console.verify.hearing import ends_for_groups, listen

pytestmark = pytest.mark.engines


async def test_what_lies_on_a_topic_is_heard_and_counted(kafka: str) -> None:
    case_id = uuid4()
    await create(kafka, {CASES.name: (4, 3_600_000), SUBMISSIONS.name: (4, 3_600_000)})
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        headers = [("ce_subject", str(case_id).encode()), ("ce_sequence", b"7")]
        await producer.send_and_wait(CASES.name, b"{}", key=str(case_id).encode(), headers=headers)
        sent = await producer.send_and_wait(SUBMISSIONS.name, b"{}", key=b"1")

    heard, whole = await listen({"bootstrap_servers": kafka})
    assert [(one.topic, one.sequence) for one in heard if one.case_id == case_id] == [(CASES.name, 7)]
    assert CASES.name in whole

    ends = await ends_for_groups({"bootstrap_servers": kafka})
    there = {one.partition: end for one, end in ends["intake.submissions"].items()}
    assert there[sent.partition] >= sent.offset
