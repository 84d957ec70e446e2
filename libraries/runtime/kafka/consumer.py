"""Readers on FastStream: batches of raw records in, explicit offsets out.

What FastStream would do by itself with replies, acknowledgements, topics and headers is switched off here, because each
of these loses or invents messages; the tests of this room say how.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage

from libraries.runtime import metrics
from libraries.runtime.failures import InfrastructureDown, explain
from libraries.runtime.kafka.bounds import Excerpt
from libraries.runtime.kafka.budgets import Budgets
from libraries.runtime.kafka.fetching import SHORT_FETCH_MS, RobustConsumer
from libraries.runtime.kafka.records import Arrival, Record, Unreadable, place_of, read_record, refused
from libraries.runtime.kafka.replays import resume
from libraries.runtime.kafka.settling import ConsumerContext, settle
from libraries.runtime.kafka.timestamps import ReadEnds, as_written
from libraries.runtime.pacing import Pace

POLL_MS: Final = 20
LONG_FETCH_MS: Final = 500
"""How long a broker holds a fetch for which it has nothing; it answers at once when something comes."""
FETCH_OF_MANY_MS: Final = 250
"""Of a pattern, at a broker that does not answer at once: a fetch over hundreds of topics costs it much."""
FETCH_BYTES: Final = 16 * 1024 * 1024
PARTITION_BYTES: Final = 512 * 1024
"""Of one partition in one fetch: a flood of one office must not fill what is fetched for all."""
NEW_TOPICS_MS: Final = 5_000
"""The topic of a new office is found by the pattern after this long."""
FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 10.0
STOP_SECONDS: Final = 30.0
SETTLE: Final = timedelta(seconds=1)
"""What came just before its end was asked for may still be on its way to a reader of a lighter broker."""
SESSION_SECONDS: Final = 10.0
"""After this long without a word from a process the broker gives its partitions to others."""
HEARTBEAT_SECONDS: Final = 3.0
"""How often a process asks the broker, and so how long it may not know that it has partitions of another."""

log = structlog.get_logger()
quiet = logging.getLogger("yimen.kafka")
quiet.setLevel(logging.ERROR)


class RobustBroker(KafkaBroker):
    """FastStream's broker with our consumer under it; it only consumes."""

    def __init__(
        self, connection: dict[str, Any], *, graceful_seconds: float, answers_waiting_fetches: bool = True
    ) -> None:
        super().__init__(
            connection["bootstrap_servers"],
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=graceful_seconds,
            ack_policy=AckPolicy.MANUAL,
            apply_types=False,
            logger=quiet,
            metadata_max_age_ms=NEW_TOPICS_MS,
        )
        self._connection_options = connection
        self.largest: dict[str, int] = {}
        """Bytes of a value, by group."""
        self.stopping = asyncio.Event()
        self._answers_waiting_fetches = answers_waiting_fetches

    def longest_fetch_ms(self, *, of_many: bool) -> int:
        """For how long this broker may hold a fetch; `of_many` topics, as of a pattern."""
        if self._answers_waiting_fetches:
            return LONG_FETCH_MS
        return FETCH_OF_MANY_MS if of_many else SHORT_FETCH_MS

    async def start(self) -> None:
        """All readers at once: a broker may let the first member of each group wait for others."""
        await self.connect()
        await asyncio.gather(*(subscriber.start() for subscriber in self.subscribers))
        self.running = True

    async def stop(self, *args: Any, **kwargs: Any) -> None:
        """Whoever waits for the infrastructure stops waiting; who holds a batch finishes it."""
        self.stopping.set()
        await super().stop(*args, **kwargs)

    async def _connect(self) -> Any:
        await super()._connect()
        config = self.config.broker_config
        # FastStream makes the plain consumer anew at each connect.
        keywords = config.builder.keywords if isinstance(config.builder, partial) else {}
        config.builder = partial(RobustConsumer, largest=self.largest, **{**keywords, **self._connection_options})
        return config.builder


class EndOffsets(NamedTuple):
    """Where the partitions ended at a moment."""

    at: datetime
    parts: frozenset[TopicPartition]
    ends: Mapping[TopicPartition, int]


class ConsumerLoop:
    """Feeds one reader: batch in hand, settle, commit. Never commits what is not settled, never skips."""

    def __init__(self, broker: RobustBroker, context: ConsumerContext) -> None:
        self.context = context
        self._broker = broker
        self.ends = ReadEnds()
        self._uncommitted: dict[TopicPartition, int] = {}
        self._settled: dict[TopicPartition, int] = {}
        self._whole: frozenset[TopicPartition] | None = None
        self._caught_up_at: datetime | None = None
        self._target: EndOffsets | None = None
        self._waits = 0
        self._budgets = Budgets()
        self._pace = Pace()
        self._may_resume = True  # a process that ended between parking and resuming left it to us
        reader = context.reader
        broker.largest[reader.group] = reader.largest
        self._subscriber: Any = broker.subscriber(
            *(reader.topics or ()),
            pattern=spelled_out(reader.pattern) if reader.pattern else None,
            group_id=reader.group,
            batch=True,
            max_records=reader.max_records,
            batch_timeout_ms=POLL_MS,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
            fetch_max_wait_ms=broker.longest_fetch_ms(of_many=reader.pattern is not None),
            session_timeout_ms=int(SESSION_SECONDS * 1000),
            heartbeat_interval_ms=int(HEARTBEAT_SECONDS * 1000),
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            parser=self._parse,
            decoder=_raw,
            title=reader.name,
        )
        self._subscriber(self.take)

    @property
    def consumer(self) -> RobustConsumer | None:
        consumer: RobustConsumer | None = self._subscriber.consumer
        return consumer

    def idle_seconds(self) -> float:
        """How long the loop has not asked for records; grows without end if it hangs or never began."""
        consumer = self.consumer
        return time.monotonic() - consumer.polled_at if consumer is not None else float("inf")

    def assigned(self) -> bool:
        """Whether the group has given this process its part, which may be nothing."""
        consumer = self.consumer
        if consumer is None or consumer.subscription() is None:
            return False
        # The group may be larger than the topics, or there may be no office that speaks Kafka at all: then the lighter
        # broker takes nobody into the group.
        nothing_there = self.context.reader.pattern is not None and not consumer.subscription()
        return bool(consumer.assignment()) or consumer.is_member() or nothing_there

    def stalled(self) -> str | None:
        """What of its client has ended, if it reads no more and does not know it."""
        return self.consumer.ended() if self.consumer is not None else None

    async def restart(self) -> None:
        """With a new client, if the old one stands still. What was not committed comes again, as after any restart."""
        if (ended := self.stalled()) is None:
            return
        service, name = self.context.service, self.context.reader.name
        log.error("client of a reader stands still, another begins", service=service, handler=name, ended=ended)
        metrics.FAILURES.labels(service, name, "client").inc()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._subscriber.stop()
        except Exception as error:  # noqa: BLE001 -- it is left behind, whatever else is wrong with it
            log.warning("the old client did not stop cleanly", service=service, handler=name, error=explain(error))
        self._uncommitted.clear()
        self._settled.clear()
        await self._subscriber.start()

    async def caught_up(self) -> datetime | None:
        """The last moment of which it is known that everything that lay on our partitions then is settled.

        But for those that rest: nobody waits for a sender of whom too much had to be refused. Where records come
        without a break there is never nothing to read, so what is asked is how far those of a moment ago are.
        Exact on Apache Kafka. Tansu answers with the place of the last batch, so that one may still be on its way.
        """
        consumer = self.consumer
        if consumer is None or not self.assigned() or consumer.is_being_reassigned():
            return None
        assigned, asked = consumer.assignment(), datetime.now(UTC)
        awake = assigned - (rests := consumer.resting_parts())
        self.ends.leave(rests)
        ends = await consumer.end_offsets(list(awake)) if awake else {}
        self._settled = {part: offset for part, offset in self._settled.items() if part in assigned}
        for part, end in ends.items():
            if self._settled.get(part, 0) < end:
                # Another process may have had it meanwhile, or nothing came since we began.
                self._settled[part] = max(self._settled.get(part, 0), await consumer.committed(part) or 0)
        for part, end in ends.items():
            if self._settled.get(part, 0) >= end:
                self.ends.read_to(part, end, asked - SETTLE)
        now = EndOffsets(asked, frozenset(assigned), ends)
        for target in (self._target, now):
            if target is not None and target.parts == assigned and self._is_there(target, rests):
                self._whole, self._caught_up_at, self._target = target.parts, target.at, None
        if self._caught_up_at != asked and (self._target is None or self._target.parts != assigned):
            self._target = now
        return self._caught_up_at if self.caught_up_since_rebalance() else None

    def _is_there(self, target: EndOffsets, rests: AbstractSet[TopicPartition]) -> bool:
        return all(self._settled.get(part, 0) >= end for part, end in target.ends.items() if part not in rests)

    def caught_up_since_rebalance(self) -> bool:
        """Whether it has caught up since it began and since it last got a partition, whatever has come since."""
        consumer = self.consumer
        return consumer is not None and self._whole is not None and consumer.assignment() <= self._whole

    def parts(self) -> int:
        """How many partitions this process has."""
        consumer = self.consumer
        return len(consumer.assignment()) if consumer is not None else 0

    def of_parts(self) -> int:
        """How many there are for all processes of the group."""
        consumer = self.consumer
        topics = consumer.subscription() if consumer is not None else None
        return sum(len(consumer.partitions_for_topic(topic) or ()) for topic in topics or ()) if consumer else 0

    async def take(self, records: Sequence[Any]) -> None:
        """One batch. Leaves it uncommitted and steps back if the infrastructure is away."""
        service, name = self.context.service, self.context.reader.name
        structlog.contextvars.bind_contextvars(service=service, handler=name)
        metrics.BATCH_SIZE.labels(service, name).observe(len(records))
        self._pace.begin()
        try:
            with metrics.BATCH_SECONDS.labels(service, name).time():
                parked = await settle(self.context, self._arrivals(records))
                if self.context.reader.deduplicated and (parked or self._may_resume):
                    await resume(self.context)
        except InfrastructureDown as error:
            log.warning("infrastructure away, batch kept on the topic", error=str(error), records=len(records))
            await self._wait()
            self._step_back(records)
            return
        self._waits, self._may_resume = 0, False
        self._uncommitted.update(_after(records))
        self._settled.update(self._uncommitted)
        await self._commit()
        self._spend(records)
        await self._pace.rest(len(records))

    def _spend(self, records: Sequence[Any]) -> None:
        """A topic of which more had to be refused than its budget has is read on later. Nothing of it is lost."""
        refused_by_topic, consumer = self.context.reader.refused_by_topic, self.consumer
        if refused_by_topic is None or consumer is None:
            return
        service, name = self.context.service, self.context.reader.name
        for topic, number in refused_by_topic.items():
            seconds = self._budgets.spend(topic, number, time.monotonic())
            if seconds:
                log.warning("topic rests, too much of it was refused", topic=topic, seconds=seconds, handler=name)
                metrics.RESTED.labels(service, name, topic).inc(seconds)
                for part in {TopicPartition(raw.topic, raw.partition) for raw in records if raw.topic == topic}:
                    consumer.rest(part, seconds)
        refused_by_topic.clear()

    def _arrivals(self, records: Sequence[Any]) -> list[Arrival]:
        now = datetime.now(UTC)
        arrivals: list[Arrival] = []
        for raw in records:
            part = TopicPartition(raw.topic, raw.partition)
            record = record_of(raw, self.ends.judge(part, raw.offset, raw.timestamp, now))
            if isinstance(raw.value, Excerpt):
                place = place_of(record) if self.context.reader.deduplicated else {}
                unread = Unreadable(record=record, code=raw.value.code, detail=raw.value.reason, **place)
                arrivals.append(refused(self.context.reader, unread))
            else:
                arrivals.append(read_record(self.context.reader, record))
        return arrivals

    async def _wait(self) -> None:
        """Grows from try to try, with jitter; a stop ends it."""
        self._waits += 1
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(self._waits, 10))
        seconds = longest * random.uniform(0.5, 1)  # noqa: S311 -- jitter
        with suppress(TimeoutError):
            await asyncio.wait_for(self._broker.stopping.wait(), seconds)

    def _step_back(self, records: Sequence[Any]) -> None:
        """Read the batch again. What was taken from us meanwhile is read by whoever has it now."""
        consumer = self.consumer
        if consumer is None:
            return
        first: dict[TopicPartition, int] = {}
        for raw in records:
            first.setdefault(TopicPartition(raw.topic, raw.partition), raw.offset)
        for partition, offset in first.items():
            with suppress(IllegalStateError):
                consumer.seek(partition, offset)

    async def _commit(self) -> None:
        """Explicit offsets only: a rebalance may run in the background. What fails goes along with the next batch."""
        consumer = self.consumer
        if consumer is None:
            return
        assigned = consumer.assignment()
        self._uncommitted = {part: offset for part, offset in self._uncommitted.items() if part in assigned}
        if not self._uncommitted:
            return
        try:
            await consumer.commit(self._uncommitted)
        except (KafkaError, IllegalStateError) as error:
            log.info("offsets not committed, the records come again as repeats", error=type(error).__name__)
        else:
            self._uncommitted = {}
        metrics.LAG.labels(self.context.service, self.context.reader.name).set(await _lag(consumer))

    async def _parse(self, records: tuple[Any, ...]) -> KafkaMessage:
        """Total: looks at no header, so none can break it, and knows of no one to reply to."""
        consumer: Any = self.consumer
        message = KafkaMessage(body=b"", raw_message=records, message_id="", correlation_id="", consumer=consumer)
        message.committed = None
        return message


async def _raw(message: KafkaMessage) -> Any:
    return message.raw_message


def spelled_out(pattern: str) -> str:
    """The pattern without counts in braces: FastStream takes braces for names of path parameters."""
    return re.sub(r"(\[[^]]*\]|\\?.)\{(\d+)\}", lambda found: found[1] * int(found[2]), pattern)


def _after(records: Sequence[Any]) -> dict[TopicPartition, int]:
    after = {(raw.topic, raw.partition): raw.offset + 1 for raw in records}
    return {TopicPartition(*place): offset for place, offset in after.items()}


async def _lag(consumer: RobustConsumer) -> int:
    """From what the last fetches said, without asking the broker."""
    waiting = 0
    for partition in consumer.assignment():
        highwater = consumer.highwater(partition)
        if highwater is not None:
            waiting += max(0, highwater - await consumer.position(partition))
    return waiting


def record_of(raw: ConsumerRecord[Any, Any], judged: datetime) -> Record:
    """Total: nothing that a partner writes makes it fail."""
    headers = dict(raw.headers)
    if None in headers.values():
        headers = {name: value for name, value in raw.headers if value is not None}
    return Record(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        timestamp=as_written(raw.timestamp),
        judged=judged,
        key=raw.key,
        value=raw.value,
        headers=headers,
        raw_headers=tuple(raw.headers),
    )
