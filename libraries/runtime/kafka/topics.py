"""Topics of the registry that a broker lacks, made when they are needed."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.topics import topic_of

AS_THE_BROKER_SAYS = -1
"""Replication factor; the broker's own default (KIP-464)."""


async def make_missing(connection: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Make those of our topics that are not there; returns their names. What is in no registry is left alone."""
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = {name: topic for name in names if name not in there and (topic := topic_of(name)) is not None}
        for name, topic in wanted.items():
            new = NewTopic(
                name, topic.partitions, AS_THE_BROKER_SAYS, replica_assignments={}, topic_configs=topic.settings
            )
            await admin.create_topics([new])
        return sorted(wanted)
    finally:
        await admin.close()
