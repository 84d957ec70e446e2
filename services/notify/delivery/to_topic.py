"""One attempt to deliver to a topic of the subscriber's own: a CloudEvent in structured mode, with the case as key.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import AttemptResult
from libraries.runtime.kafka.producers import close_producer, open_producer
from libraries.runtime.kafka.topics import make_missing
from services.notify.delivery.carriers import CLOUDEVENT, Carry, marked
from services.notify.delivery.sender import Answer
from services.notify.delivery.store import Attempt, Claimed, Due
from services.notify.domain.retrying import GIVEN_UP_AFTER

ATTEMPT_SECONDS: Final = 10.0
CONTENT_TYPE: Final = "content-type"


@dataclass(slots=True)
class TopicClient:
    """A producer while one subscription is served; opened by the first attempt, and anew after one that failed."""

    connection: Mapping[str, Any]
    _producer: AIOKafkaProducer | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, topic: str, key: bytes | None, body: bytes, content_type: str) -> None:
        """Returns when all replicas have it."""
        async with self._opening:
            if self._producer is None:
                await make_missing(self.connection, {topic})
                self._producer = await open_producer(dict(self.connection), idempotent=False)
            producer = self._producer
        await producer.send_and_wait(topic, body, key=key, headers=[(CONTENT_TYPE, content_type.encode())])

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_producer(producer)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCarrier:
    """`connection` is that of the broker."""

    connection: Mapping[str, Any]
    seconds: float = ATTEMPT_SECONDS
    given_up_after: timedelta = GIVEN_UP_AFTER

    @asynccontextmanager
    async def open(self, claimed: Claimed) -> AsyncIterator[Carry]:
        client = TopicClient(self.connection)
        try:
            yield _Topic(client, claimed.target, self.seconds)
        finally:
            await client.close()


@dataclass(frozen=True, slots=True)
class _Topic:
    client: TopicClient
    topic: str
    seconds: float

    async def send(self, due: Due) -> Answer:
        at, began = datetime.now(UTC), time.monotonic()
        result = await self._result(due)
        milliseconds = int((time.monotonic() - began) * 1000)
        return Answer(attempt=Attempt(at=at, result=result, status=None, milliseconds=milliseconds))

    async def note(self, conn: AsyncConnection, due: Due, attempt: Attempt, next_at: datetime | None) -> None:
        """The subscriber looks its deliveries up."""

    async def _result(self, due: Due) -> AttemptResult:
        body = marked(due.event) if due.repeated else due.event
        key = str(due.case_id).encode() if due.case_id is not None else None
        try:
            async with asyncio.timeout(self.seconds):
                await self.client.send(self.topic, key, body, CLOUDEVENT)
        except TopicAuthorizationFailedError:
            return AttemptResult.NOT_ALLOWED
        except TimeoutError:
            result = AttemptResult.TIMED_OUT
        except (KafkaError, OSError):
            result = AttemptResult.NO_CONNECTION
        else:
            return AttemptResult.DELIVERED
        await self.client.close()
        return result
