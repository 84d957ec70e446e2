"""Sends the journal to Kafka: reads below the oldest running transaction, waits for acknowledgements, moves a mark.

No transaction is open while Kafka works. A relay that lost its lease in the middle cannot move the mark any more; what
was sent twice is dropped by the readers, who know the sequences.
"""

import asyncio
import os
import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import BigInteger, Date, SmallInteger, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.ids import new_id
from libraries.runtime import metrics
from libraries.runtime.database import wakeups
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import explain
from libraries.runtime.kafka.producers import close_producer, open_producer, supports_idempotence
from libraries.runtime.kafka.topics import make_missing
from libraries.runtime.outbox.journal import rebase_after_restore
from libraries.runtime.outbox.leases import LEASE_SECONDS, Leases
from libraries.runtime.outbox.sending import send
from libraries.runtime.pacing import Pace

ROWS_PER_SHARD: Final = 512
FLUSH_SECONDS: Final = 30.0
SHORTEST_WAIT: Final = 0.02
LONGEST_WAIT: Final = 0.25
LONGEST_BACK_OFF: Final = 10.0
DATABASE_ERRORS: Final = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What is asked straight of the driver fails with its own."""

log = structlog.get_logger()

# Rows of a transaction that began before midnight stand in the partition of the day before.
_UNSENT: Final = """
    SELECT s.shard, s.epoch, j.*
    FROM relay_shards AS s
    CROSS JOIN LATERAL (
        SELECT xid, id, recorded_on, topic, key, case_id, event_id, type, sequence, at, traceparent, value
        FROM journal
        WHERE shard = s.shard
          AND recorded_on >= s.position_on - 1
          AND (xid, id) > (s.position_xid, s.position_id)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY xid, id
        LIMIT $2
    ) AS j
    WHERE s.owner = $1 AND s.leased_until > clock_timestamp()
    ORDER BY s.shard, j.xid, j.id
"""

_MARK = text(
    """
    UPDATE relay_shards AS s
    SET position_xid = k.xid, position_id = k.id, position_on = greatest(s.position_on, k.recorded_on)
    FROM unnest(:shards, :epochs, :xids, :ids, :days) AS k (shard, epoch, xid, id, recorded_on)
    WHERE s.shard = k.shard AND s.epoch = k.epoch
    RETURNING s.shard
    """
).bindparams(
    bindparam("shards", type_=ARRAY(SmallInteger)),
    bindparam("epochs", type_=ARRAY(BigInteger)),
    bindparam("xids", type_=ARRAY(BigInteger)),
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("days", type_=ARRAY(Date)),
)


class Relay:
    """One per process; several processes of a service share the shards."""

    def __init__(
        self, engine: AsyncEngine, connection: dict[str, Any], service: str, *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._service = service
        self._lease_seconds = lease_seconds
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{new_id().hex[-8:]}"
        self.leases = Leases(engine, service, self._owner, lease_seconds)
        self._producer: AIOKafkaProducer | None = None
        self._idempotent: bool | None = None
        self._topics: set[str] = set()
        self._stopping = asyncio.Event()
        self._wakeup = wakeups.listen(service)

    def stop(self) -> None:
        """What is being sent is finished and marked; then `run` returns."""
        self._stopping.set()
        self._wakeup.set()

    async def run(self) -> None:
        """Until `stop`. An outage of Kafka or of the database is waited for, whatever it takes."""
        keeping = asyncio.create_task(self._keep_leases())
        wait, failures, pace = SHORTEST_WAIT, 0, Pace()
        try:
            with suppress(KafkaError, OSError, TimeoutError):
                # Finding out what a broker can do takes seconds on some, and the first row should not wait for it.
                await self._open_producer()
            while not self._stopping.is_set():
                pace.begin()
                try:
                    sent = await self.turn()
                except (KafkaError, *DATABASE_ERRORS, OSError, TimeoutError) as error:
                    failures += 1
                    await self._recover(error, failures)
                    continue
                failures = 0
                await pace.rest(sent)
                wait = SHORTEST_WAIT if sent else min(LONGEST_WAIT, wait * 1.5)
                if not sent and await self._woken(wait):
                    wait = SHORTEST_WAIT
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            wakeups.unlisten(self._service, self._wakeup)
            await self._drop_producer()
            with suppress(SQLAlchemyError, OSError):
                await self.leases.release()

    async def turn(self) -> int:
        """Read, send, mark, once. Returns the number of rows that the broker has."""
        rows = await self._unsent()
        if not rows:
            return 0
        with metrics.RELAY_BATCH_SECONDS.labels(self._service).time():
            producer = await self._open_producer()
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._see_to_topics(producer, {row["topic"] for row in rows})
                await send(producer, self._service, rows)
            await self._mark(rows)
        metrics.RELAYED.labels(self._service).inc(len(rows))
        return len(rows)

    async def _unsent(self) -> Sequence[Any]:
        async with self._engine.connect() as conn:
            # Straight to the driver: one statement outside any transaction, and no row objects in between.
            driver: Any = (await conn.get_raw_connection()).driver_connection
            rows: Sequence[Any] = await driver.fetch(_UNSENT, self._owner, ROWS_PER_SHARD)
            return rows

    async def _mark(self, rows: Sequence[Any]) -> None:
        last = {row["shard"]: row for row in rows}
        async with transaction(self._engine) as conn:
            marked = await conn.scalars(
                _MARK,
                {
                    "shards": list(last),
                    "epochs": [row["epoch"] for row in last.values()],
                    "xids": [row["xid"] for row in last.values()],
                    "ids": [row["id"] for row in last.values()],
                    "days": [row["recorded_on"] for row in last.values()],
                },
            )
        if fenced := set(last) - set(marked):
            log.warning("lease lost while sending", service=self._service, shards=sorted(fenced))
            metrics.RELAY_ERRORS.labels(self._service, "fenced").inc()

    async def _open_producer(self) -> AIOKafkaProducer:
        if self._idempotent is None:
            self._idempotent = await supports_idempotence(self._connection)
            log.info("relay producer", service=self._service, idempotent=self._idempotent)
        if self._producer is None:
            self._producer = await open_producer(self._connection, idempotent=self._idempotent)
        return self._producer

    async def _drop_producer(self) -> None:
        """An idempotent producer that failed once may be stuck until its end: always begin with a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_producer(producer)

    async def _recover(self, error: Exception, failures: int) -> None:
        cause = "database" if isinstance(error, DATABASE_ERRORS) else "kafka"
        log.warning("relay failed, sends again", service=self._service, cause=cause, error=explain(error))
        metrics.RELAY_ERRORS.labels(self._service, cause).inc()
        await self._drop_producer()
        self._topics = set()
        longest = min(LONGEST_BACK_OFF, 0.1 * 2 ** min(failures, 10))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), longest * random.uniform(0.5, 1))  # noqa: S311 -- jitter

    async def _see_to_topics(self, producer: AIOKafkaProducer, names: set[str]) -> None:
        """One missing topic of one office must not hold up everything else: the client would wait for it in vain."""
        if names <= self._topics:
            return
        self._topics = set((await producer.client.fetch_all_metadata()).topics())
        if missing := names - self._topics:
            made = await make_missing(self._connection, missing)
            log.warning("missing topics made", service=self._service, topics=made)

    async def _woken(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._wakeup.wait(), seconds)
        except TimeoutError:
            return False
        self._wakeup.clear()
        return True

    async def _keep_leases(self) -> None:
        adopted = False
        while True:
            try:
                if not adopted and await rebase_after_restore(self._engine):
                    log.warning("journal of another cluster adopted", service=self._service)
                adopted = True
                await self.leases.tick()
            except Exception as error:  # noqa: BLE001 -- without leases the relay would stand still without a word
                log.warning("leases not renewed", service=self._service, error=explain(error))
            await asyncio.sleep(self._lease_seconds / 3)
