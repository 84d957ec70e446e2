"""Says to the other services how far this one has come, as soon as all that it had to say stands on its topics."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.cloudevents import Envelope, encode
from contracts.events.progress import ProgressNoted
from contracts.topics import PROGRESS
from libraries.ids import new_id
from libraries.marks import Mark, Need
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka.producers import close_producer, open_producer
from libraries.runtime.kafka.progress import note_progress, process_name, read_until
from libraries.runtime.kafka.topics import make_missing
from libraries.runtime.kafka.watermarks import (
    OWN_REQUESTS,
    OpenRequests,
    ProgressSources,
    forget_marks,
    known_marks,
    look_at_outbox,
    moments,
)

NOTHING: Final = 0
AGAIN_SECONDS: Final = 1.0
_LEAVE: Final = text("DELETE FROM reading_progress WHERE reader = :reader AND process = :process")

log = structlog.get_logger()


class Checkpoint(NamedTuple):
    """How far it had come at a moment, and what has to go out before it may say so."""

    until: tuple[datetime, ...]
    ended: int
    """Transactions below this id have to end."""
    before: int | None = None
    """What stands below this id has to go out; none until they have ended."""


@dataclass(slots=True, kw_only=True)
class Announcer:
    """Of one process: what it says holds for all processes of its service."""

    service: str
    engine: AsyncEngine
    clock: Clock
    connection: dict[str, Any]
    progress_sources: ProgressSources
    open_requests: OpenRequests = field(default_factory=OpenRequests)
    process: str = field(default_factory=process_name)
    _checkpoint: Checkpoint | None = None
    _producer: AIOKafkaProducer | None = None

    async def turn(self) -> None:
        """One step: how far it is, who is still writing, what is still to be sent; then it says so."""
        async with transaction(self.engine) as conn:
            # Whoever loses this is asked again at once.
            await conn.execute(text("SET LOCAL synchronous_commit = off"))
            until = await self._progress(conn)
            before = self._checkpoint.before if self._checkpoint is not None else None
            outbox = await look_at_outbox(conn, before=before or NOTHING)
        checkpoint = self._checkpoint
        if (
            checkpoint is not None
            and checkpoint.before is not None
            and not outbox.waits
            and await self._send(checkpoint.until)
        ):
            checkpoint = None
        elif checkpoint is not None and checkpoint.before is None and outbox.oldest >= checkpoint.ended:
            checkpoint = checkpoint._replace(before=outbox.own)
        self._checkpoint = checkpoint or (Checkpoint(until, outbox.own) if until else None)

    async def stop(self) -> None:
        """Nobody waits for a process that has ended."""
        async with transaction(self.engine) as conn:
            await conn.execute(_LEAVE, {"reader": OWN_REQUESTS, "process": self.process})
        await self._drop_producer()

    async def _progress(self, conn: AsyncConnection) -> tuple[datetime, ...]:
        """Asked for before the transactions are counted: what follows from it was written before that."""
        now = datetime.now(UTC)
        await note_progress(
            conn, OWN_REQUESTS, self.process, until=self.open_requests.settled(now), seen=now, parts=1, of_parts=1
        )
        settled = await read_until(conn)
        known: dict[Need, Mark] = {}
        for writer, readers in self.progress_sources.follows.items():
            read = min((settled[name] for name in readers if name in settled), default=None)
            known |= {
                need: mark for need, mark in (await known_marks(conn, read=read)).items() if need.writer == writer
            }
            await forget_marks(conn, read=read)
        return moments(settled, known, self.progress_sources, self.clock)

    async def _send(self, until: tuple[datetime, ...]) -> bool:
        """Whether the broker has it."""
        topic = PROGRESS[self.service].name
        event = ProgressNoted(service=self.service, until=until)
        headers, value = encode(Envelope(id=new_id(), writer=self.service, time=until[0], data=event))
        try:
            if self._producer is None:
                await make_missing(self.connection, {topic})
                self._producer = await open_producer(self.connection, idempotent=False)
            await self._producer.send_and_wait(topic, value, key=self.service.encode(), headers=headers)
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("progress not told", service=self.service, error=type(error).__name__)
            await self._drop_producer()
            await asyncio.sleep(AGAIN_SECONDS)
            return False
        return True

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_producer(producer)
