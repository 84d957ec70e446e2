"""Fires timers that are due: each alert once, by who has locked the row, in the transaction that writes it down."""

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import structlog
from msgspec.structs import replace
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import read_once, transaction
from libraries.runtime.kafka.consumer import ConsumerLoop
from libraries.runtime.kafka.progress import read_until
from libraries.runtime.kafka.watermarks import forget_marks, known_marks
from libraries.runtime.metrics import ALERT_DELAY_SECONDS, ALERT_LAG_SECONDS, ALERTS
from services.notify.delivery.matching import record_outgoing
from services.notify.domain.alerts import Alert, BackOff, Deferred, MetInTime, decide_alert
from services.notify.domain.escalation import after_clock_change
from services.notify.domain.writers import Writers
from services.notify.escalation.store import lock_escalations, save_escalations
from services.notify.messaging.owing import Messages
from services.notify.watching import due, received_feedback, store
from services.notify.watching.alerts import EVENT_OF, SERVICE, publish_and_save
from services.notify.watching.handlers import CASE_EVENTS, EVENTS, READERS
from services.notify.watching.rate_limits import BEGINNING, NEVER, LowWatermark, RateLimit, RestRatio, Uptime
from services.notify.watching.writers import StalledWriters

BATCH_SIZE: Final = 2000
WORKERS: Final = 2
"""Batches of one process at the same time: one is decided while the database writes the other."""
ALERTS_PER_SECOND: Final = 5000
OF_WRITERS: Final = frozenset({EVENTS, CASE_EVENTS})
"""Readers of what the other services say."""
SETTLED_SECONDS: Final = 0.5
"""Real time after which what was to be written for a moment is nearly always written; the sweep finds the rest."""
REST_RATIO: Final = 20
"""Sweeping takes at most one part in so many of a process's time, as long as the rest is not longer than allowed."""
LONGEST_REST_SECONDS: Final = 4.0
"""An alert that was written late waits for the sweep; what is due has to be said within ten seconds."""
SETTLE_SECONDS: Final = 1.0
"""Real time in which an answer over HTTP gets from routing's database to its topic."""
ALIVE_SECONDS: Final = 20.0
"""A process that has said nothing for so long reads no more, and others know that they have its partitions: longer
than the broker waits for it (10 s) and than they may take to hear of it (3 s), with time to write that down."""
WRITER_SECONDS: Final = 120.0
"""Real time for which no breach goes out while a service is stalled that could say that the clock was kept."""
STOPPED_SECONDS: Final = 5.0
"""An alert scheduler that was stopped for so long knows nothing of who was stalled meanwhile."""
FORGOTTEN: Final = timedelta(days=7)
UNSETTLED: Final = Gauge(
    "yimen_unanswered_receipts", "Answers to referrals of their own office that routing has not settled in their time."
)
SHORTEST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 60.0
READING_WAIT_SECONDS: Final = 4.0


log = structlog.get_logger()


class BatchResult(NamedTuple):
    """One batch of due timers."""

    claimed: int
    sent: int
    """How many alerts went out."""
    last_at: datetime
    """The moment of the last of them."""
    next_at: datetime
    """When the first of them is to be looked at again."""


NOTHING_DUE: Final = BatchResult(0, 0, BEGINNING, NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertScheduler:
    """Fires timers. Any number of processes may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    loops: list[ConsumerLoop]
    rate_limit: RateLimit = field(default_factory=lambda: RateLimit(ALERTS_PER_SECOND))
    low_watermark: LowWatermark = field(default_factory=LowWatermark)
    sweep_rest: RestRatio = field(default_factory=lambda: RestRatio(REST_RATIO, LONGEST_REST_SECONDS))
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    writer_seconds: float = WRITER_SECONDS
    uptime: Uptime = field(default_factory=lambda: Uptime(STOPPED_SECONDS))
    stalled: StalledWriters = field(default_factory=StalledWriters)
    messages: Messages | None = None

    async def save_progress(self) -> None:
        """Write down how far this process has read, for all processes that fire.

        Also when it lags: what it has still to read may defer a breach. What it has just got from another process
        it may not have read at all.
        """
        self.uptime.tick(datetime.now(UTC))
        for loop in self.loops:
            asked, reader = datetime.now(UTC), loop.context.reader.name
            caught_up = await loop.caught_up()
            until = self.clock.at(caught_up - timedelta(seconds=SETTLE_SECONDS)) if caught_up is not None else None
            async with transaction(self.engine) as conn:
                if until is not None or loop.caught_up_since_rebalance():
                    await store.save_progress(conn, reader, self.name, until=until, seen=asked)
                else:
                    await store.save_unknown_progress(conn, reader, self.name, seen=asked)

    async def fire(self) -> None:
        """Everything that is due now, the longest due first, in batches of one transaction each."""
        now = self.clock.now()
        result = await self.fire_batch(now)
        # The next alert of some of them may be due already, so this ends with a batch that sends nothing.
        while result.sent:
            if result.claimed == BATCH_SIZE:
                async with asyncio.TaskGroup() as workers:
                    for _ in range(WORKERS):
                        workers.create_task(self._catch_up(now))
            result = await self.fire_batch(now)

    async def _catch_up(self, until: datetime) -> None:
        """No faster than the rate limit: who reads alerts shall not be buried after an outage."""
        more = True
        while more:
            await self.rate_limit.spend(BATCH_SIZE)
            result = await self.fire_batch(until)
            more = result.claimed == BATCH_SIZE and result.sent > 0

    async def fire_batch(self, until: datetime) -> BatchResult:
        """The first of what is due from the mark on."""
        result = await self._fire(since=self.low_watermark.mark, until=until)
        settled = until - timedelta(seconds=SETTLED_SECONDS * self.clock.speed)
        done = result.last_at if result.claimed == BATCH_SIZE else settled
        self.low_watermark.advance(min(done, settled, result.next_at))
        return result

    async def sweep(self) -> None:
        """Timers below the mark: written late, or locked by a process that died."""
        if not self.sweep_rest.is_ready():
            return
        began = time.monotonic()
        while (await self._fire(since=BEGINNING, until=self.low_watermark.mark)).claimed == BATCH_SIZE:
            await self.rate_limit.spend(BATCH_SIZE)
        self.sweep_rest.rest(time.monotonic() - began)

    async def _fire(self, *, since: datetime, until: datetime) -> BatchResult:
        """One batch in one transaction."""
        now, policy = self.clock.now(), self.policy.policy
        alive = datetime.now(UTC) - timedelta(seconds=ALIVE_SECONDS)
        async with read_once(self.engine) as conn:
            if not await due.is_due(conn, since=since, until=until):
                return NOTHING_DUE
        async with transaction(self.engine) as conn:
            # Asked for before the timers: what the marks speak of is there when they are read.
            writers = await self._writers(conn)
            candidates = await due.claim(
                conn, since=since, until=until, now=now, readers=READERS, alive=alive, batch_size=BATCH_SIZE
            )
            back_off = self._back_off()
            outcomes = [decide_alert(candidate, now, back_off, policy, writers) for candidate in candidates]
            alerts = [one for one in outcomes if isinstance(one, Alert)]
            deferred = [replace(one.timer, next_fire_at=one.retry_at) for one in outcomes if isinstance(one, Deferred)]
            met_in_time = [one for one in outcomes if isinstance(one, MetInTime)]
            await store.save_alerted(conn, [*deferred, *(one.after for one in met_in_time)])
            await _change_escalation(conn, met_in_time, policy)
            said = await publish_and_save(conn, alerts)
            await record_outgoing(conn, said, self.policy)
            if self.messages is not None:
                await self.messages.record_outgoing(conn, said)
        self._count(alerts)
        last = candidates[-1].timer.next_fire_at if candidates else None
        after = (*deferred, *(one.after for one in alerts))
        again = [timer.next_fire_at for timer in after if timer.next_fire_at is not None]
        return BatchResult(len(candidates), len(alerts), last or BEGINNING, min(again, default=NEVER))

    async def forget(self) -> None:
        """Feedback that was received that decide nothing any more, a week later, and processes that are gone."""
        async with transaction(self.engine) as conn:
            await received_feedback.drop_settled(conn, before=self.clock.now() - FORGOTTEN)
            await store.drop_old(conn, before=datetime.now(UTC) - FORGOTTEN)

    async def count_unsettled(self) -> None:
        """Answers to referrals of their office that routing has left lying: shown in the metrics, and in the log."""
        async with transaction(self.engine) as conn:
            found = await received_feedback.count_unsettled(conn, now=self.clock.now())
        UNSETTLED.set(found.number)
        if found.number:
            oldest = found.oldest.isoformat() if found.oldest is not None else None
            log.warning("answers of offices are not settled", answers=found.number, oldest=oldest)

    async def measure(self) -> None:
        """How long the oldest alert that is due has waited, for who looks at the metrics."""
        now = self.clock.now()
        async with read_once(self.engine) as conn:
            oldest = await due.oldest_due(conn, until=now)
        ALERT_LAG_SECONDS.set((now - oldest).total_seconds() / self.clock.speed if oldest is not None else 0)

    def _count(self, alerts: Sequence[Alert]) -> None:
        delays = ALERT_DELAY_SECONDS.labels(SERVICE)
        for one in alerts:
            ALERTS.labels(SERVICE, EVENT_OF[one.kind].TYPE).inc()
            moment = one.before.next_fire_at or one.fired_at
            delays.observe((one.fired_at - moment).total_seconds() / self.clock.speed)

    async def check_writers(self) -> None:
        """Who stands still is known to readiness and to the board, whether a clock is due or not."""
        async with transaction(self.engine) as conn:
            read = await self._read(conn)
            writers = await self._writers(conn)
            await forget_marks(conn, read=read)
        self.stalled.update(writers.stalled())

    async def _writers(self, conn: AsyncConnection) -> Writers:
        return Writers(
            marks=await known_marks(conn, read=await self._read(conn)),
            now=datetime.now(UTC),
            tolerance=timedelta(seconds=self.writer_seconds),
            up_since=self.uptime.since,
        )

    async def _read(self, conn: AsyncConnection) -> datetime | None:
        """The real moment by which everything was read of which the marks speak."""
        settled = await read_until(conn)
        return min(settled[name] for name in OF_WRITERS) if settled.keys() >= OF_WRITERS else None

    def _back_off(self) -> BackOff:
        speed = self.clock.speed
        return BackOff(
            shortest=timedelta(seconds=SHORTEST_WAIT_SECONDS * speed),
            longest=timedelta(seconds=LONGEST_WAIT_SECONDS * speed),
            longest_for_reading=timedelta(seconds=READING_WAIT_SECONDS * speed),
        )


async def _change_escalation(conn: AsyncConnection, met_in_time: Sequence[MetInTime], policy: Policy) -> None:
    """Who was reminded of a last day that was kept is reminded no more."""
    escalations = await lock_escalations(conn, [one.after.clock_id for one in met_in_time])
    after = [
        after_clock_change(escalations[one.after.clock_id], one.after, paused=False, at=one.at, policy=policy)
        for one in met_in_time
        if one.after.clock_id in escalations
    ]
    await save_escalations(conn, after)
