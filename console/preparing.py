"""Makes engines fit for the services: schemas at their newest, topics there, and what a broker lost sent again."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from console import topics
from console.engines.child import EngineFailed
from console.in_force import policy_in_force
from console.partner import applying
from console.partner.kafka import BrokerRefused
from contracts.topics import HOME
from libraries.runtime.database.engine import open_engine
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.outbox.journal import replay_from
from libraries.runtime.settings import RuntimeSettings

SERVICES: Final = ("intake", "routing", "notify")
"""Those on Kafka."""
PROCESSES: Final = (*SERVICES, "portal")
"""Each with a schema of its own and an address."""


def prepare(settings: RuntimeSettings, services: Sequence[str]) -> dict[str, int]:
    """Rows that go out again, by service. Safe to repeat. Raises `EngineFailed` if an engine is away."""
    try:
        return asyncio.run(_prepare(settings, services))
    except (SQLAlchemyError, KafkaError, OSError, TimeoutError) as error:
        raise EngineFailed(f"{type(error).__name__}: {error}") from error


def prepare_users(settings: RuntimeSettings, services: Mapping[str, str]) -> int:
    """Users and rights of our services and of all partners at the broker. Raises `EngineFailed`."""

    async def give() -> int:
        return len(await applying.apply(settings, await policy_in_force(settings), services))

    try:
        return asyncio.run(give())
    except (SQLAlchemyError, KafkaError, BrokerRefused, OSError, TimeoutError) as error:
        raise EngineFailed(f"{type(error).__name__}: {error}") from error


async def _prepare(settings: RuntimeSettings, services: Sequence[str]) -> dict[str, int]:
    for process in PROCESSES:
        await upgrade(settings.database_url, process)
    wanted = topics.needed(await policy_in_force(settings))
    kafka = settings.kafka_connection()
    # Before the topics are made: if this is cut short, the next start sees again that they were missing.
    sent_again = await refill(settings, await topics.absent(kafka, wanted), services)
    await topics.create(kafka, wanted)
    await topics.restamp(kafka, wanted)
    return sent_again


async def refill(settings: RuntimeSettings, missing: set[str], services: Sequence[str]) -> dict[str, int]:
    """A service whose own topic is gone says everything again; whoever heard it before knows by the sequences."""
    sent_again = {}
    for service in services:
        if HOME[service].name not in missing:
            continue
        engine = open_engine(settings, service)
        try:
            sent_again[service] = await replay_from(engine)
        finally:
            await engine.dispose()
    return sent_again
