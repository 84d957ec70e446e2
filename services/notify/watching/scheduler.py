"""Fires what is due: each alert once, by who holds the row, and in the transaction that writes it down."""

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
from libraries.runtime.database.engine import glance, transaction
from libraries.runtime.kafka.consumer import Pump
from libraries.runtime.kafka.progress import read_until
from libraries.runtime.kafka.watermarks import forget_marks, known_marks
from libraries.runtime.metrics import ALERT_DELAY_SECONDS, ALERT_LAG_SECONDS, ALERTS
from services.notify.domain.alerts import Fired, Held, Kept, Waits, decide
from services.notify.domain.escalation import follow
from services.notify.domain.writers import Writers
from services.notify.escalation.store import lock_supervisions, save_supervisions
from services.notify.watching import due, received_feedback, store
from services.notify.watching.alerts import EVENT_OF, SERVICE, say_and_move
from services.notify.watching.handlers import CASE_EVENTS, EVENTS, READERS
from services.notify.watching.rate_limits import BEGINNING, NEVER, Awake, LowWater, Pace, Patience
from services.notify.watching.writers import Standing

PORTION: Final = 2000
HANDS: Final = 2
"""Portions of one process at the same time: one is decided while the database writes the other."""
ALERTS_PER_SECOND: Final = 5000
OF_WRITERS: Final = frozenset({EVENTS, CASE_EVENTS})
"""Readers of what the other services say."""
SETTLED_SECONDS: Final = 0.5
"""Real time after which what was to be written for a moment is nearly always written; the sweep finds the rest."""
RESTS: Final = 20
"""Sweeping takes at most one part in so many of a process's time."""
SETTLE_SECONDS: Final = 1.0
"""Real time in which an answer over HTTP gets from routing's database to its topic."""
ALIVE_SECONDS: Final = 20.0
"""A process that has said nothing for so long reads no more, and others know that they have its partitions: longer
than the broker waits for it (10 s) and than they may take to hear of it (3 s), with time to write that down."""
WRITER_SECONDS: Final = 120.0
"""Real time for which no breach is said while a service stands still that could say that the clock was kept."""
ASLEEP_SECONDS: Final = 5.0
"""A watchman that has not looked for so long knows nothing of who stood still meanwhile."""
FORGOTTEN: Final = timedelta(days=7)
UNANSWERED: Final = Gauge(
    "yimen_unanswered_receipts", "Answers to referrals of their own office that routing has not settled in their time."
)
SHORTEST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 60.0
READING_WAIT_SECONDS: Final = 4.0


log = structlog.get_logger()


class Looked(NamedTuple):
    """A portion that was looked at."""

    number: int
    said: int
    """Of how many something was said."""
    last: datetime
    """The moment of the last of them."""
    next_at: datetime
    """When the first of them is to be looked at again."""


NOTHING: Final = Looked(0, 0, BEGINNING, NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchman:
    """Looks at the clocks. Any number may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    pumps: list[Pump]
    pace: Pace = field(default_factory=lambda: Pace(ALERTS_PER_SECOND))
    water: LowWater = field(default_factory=LowWater)
    patience: Patience = field(default_factory=lambda: Patience(RESTS))
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    writer_seconds: float = WRITER_SECONDS
    awake: Awake = field(default_factory=lambda: Awake(ASLEEP_SECONDS))
    standing: Standing = field(default_factory=Standing)

    async def note_reading(self) -> None:
        """Write down how far this process has read, for all processes that fire.

        Also when it lags: what it has still to read may hold a breach. What it has just got from another process
        it may not have read at all.
        """
        self.awake.look(datetime.now(UTC))
        for pump in self.pumps:
            asked, reader = datetime.now(UTC), pump.desk.reader.name
            caught_up = await pump.caught_up()
            until = self.clock.at(caught_up - timedelta(seconds=SETTLE_SECONDS)) if caught_up is not None else None
            async with transaction(self.engine) as conn:
                if until is not None or pump.knows_its_part():
                    await store.note_reading(conn, reader, self.name, until=until, seen=asked)
                else:
                    await store.note_unread(conn, reader, self.name, seen=asked)

    async def fire(self) -> None:
        """Everything that is due now, the longest due first, in portions of one transaction each."""
        now = self.clock.now()
        looked = await self.fire_portion(now)
        # What is said next of some of them may be due already, so this ends with a look that finds nothing to say.
        while looked.said:
            if looked.number == PORTION:
                async with asyncio.TaskGroup() as hands:
                    for _ in range(HANDS):
                        hands.create_task(self._catch_up(now))
            looked = await self.fire_portion(now)

    async def _catch_up(self, until: datetime) -> None:
        """No faster than the pace: who reads alerts shall not be buried after an outage."""
        more = True
        while more:
            await self.pace.spend(PORTION)
            looked = await self.fire_portion(until)
            more = looked.number == PORTION and looked.said > 0

    async def fire_portion(self, until: datetime) -> Looked:
        """The first of what is due from the mark on."""
        looked = await self._fire(since=self.water.mark, until=until)
        settled = until - timedelta(seconds=SETTLED_SECONDS * self.clock.speed)
        done = looked.last if looked.number == PORTION else settled
        self.water.rise(min(done, settled, looked.next_at))
        return looked

    async def sweep(self) -> None:
        """What has come to stand below the mark: written late, or in the hands of a process that died."""
        if not self.patience.is_over():
            return
        began = time.monotonic()
        while (await self._fire(since=BEGINNING, until=self.water.mark)).number == PORTION:
            await self.pace.spend(PORTION)
        self.patience.rest(time.monotonic() - began)

    async def _fire(self, *, since: datetime, until: datetime) -> Looked:
        """One portion in one transaction."""
        now, policy = self.clock.now(), self.policy.policy
        alive = datetime.now(UTC) - timedelta(seconds=ALIVE_SECONDS)
        async with glance(self.engine) as conn:
            if not await due.is_due(conn, since=since, until=until):
                return NOTHING
        async with transaction(self.engine) as conn:
            # Asked for before the watches: what the marks speak of is there when they are read.
            writers = await self._writers(conn)
            candidates = await due.claim(
                conn, since=since, until=until, now=now, readers=READERS, alive=alive, portion=PORTION
            )
            waits = self._waits()
            outcomes = [decide(candidate, now, waits, policy, writers) for candidate in candidates]
            fired = [one for one in outcomes if isinstance(one, Fired)]
            held = [replace(one.watch, next_fire_at=one.look_again_at) for one in outcomes if isinstance(one, Held)]
            kept = [one for one in outcomes if isinstance(one, Kept)]
            await store.save_moved(conn, [*held, *(one.after for one in kept)])
            await _follow(conn, kept, policy)
            await say_and_move(conn, fired)
        self._count(fired)
        last = candidates[-1].watch.next_fire_at if candidates else None
        after = (*held, *(one.after for one in fired))
        again = [watch.next_fire_at for watch in after if watch.next_fire_at is not None]
        return Looked(len(candidates), len(fired), last or BEGINNING, min(again, default=NEVER))

    async def forget(self) -> None:
        """Receipts that decide nothing any more, a week later, and processes that are gone."""
        async with transaction(self.engine) as conn:
            await received_feedback.drop_receipts(conn, before=self.clock.now() - FORGOTTEN)
            await store.drop_old(conn, before=datetime.now(UTC) - FORGOTTEN)

    async def count_unanswered(self) -> None:
        """Answers to referrals of their office that routing has left lying: said in the metrics, and in the log."""
        async with transaction(self.engine) as conn:
            found = await received_feedback.count_unanswered(conn, now=self.clock.now())
        UNANSWERED.set(found.number)
        if found.number:
            oldest = found.oldest.isoformat() if found.oldest is not None else None
            log.warning("answers of offices are not settled", answers=found.number, oldest=oldest)

    async def measure(self) -> None:
        """How long the oldest alert that is due has waited, for who looks at the metrics."""
        now = self.clock.now()
        async with glance(self.engine) as conn:
            oldest = await due.oldest_due(conn, until=now)
        ALERT_LAG_SECONDS.set((now - oldest).total_seconds() / self.clock.speed if oldest is not None else 0)

    def _count(self, fired: Sequence[Fired]) -> None:
        delays = ALERT_DELAY_SECONDS.labels(SERVICE)
        for one in fired:
            ALERTS.labels(SERVICE, EVENT_OF[one.alert].TYPE).inc()
            moment = one.before.next_fire_at or one.fired_at
            delays.observe((one.fired_at - moment).total_seconds() / self.clock.speed)

    async def look_at_writers(self) -> None:
        """Who stands still is known to readiness and to the board, whether a clock is due or not."""
        async with transaction(self.engine) as conn:
            read = await self._read(conn)
            writers = await self._writers(conn)
            await forget_marks(conn, read=read)
        self.standing.found(writers.standing())

    async def _writers(self, conn: AsyncConnection) -> Writers:
        return Writers(
            marks=await known_marks(conn, read=await self._read(conn)),
            now=datetime.now(UTC),
            patience=timedelta(seconds=self.writer_seconds),
            awake_since=self.awake.since,
        )

    async def _read(self, conn: AsyncConnection) -> datetime | None:
        """The real moment by which everything was read of which the marks speak."""
        settled = await read_until(conn)
        return min(settled[name] for name in OF_WRITERS) if settled.keys() >= OF_WRITERS else None

    def _waits(self) -> Waits:
        speed = self.clock.speed
        return Waits(
            shortest=timedelta(seconds=SHORTEST_WAIT_SECONDS * speed),
            longest=timedelta(seconds=LONGEST_WAIT_SECONDS * speed),
            longest_for_reading=timedelta(seconds=READING_WAIT_SECONDS * speed),
        )


async def _follow(conn: AsyncConnection, kept: Sequence[Kept], policy: Policy) -> None:
    """Who was reminded of a last day that was kept is reminded no more."""
    standing = await lock_supervisions(conn, [one.after.clock_id for one in kept])
    after = [
        follow(standing[one.after.clock_id], one.after, paused=False, at=one.at, policy=policy)
        for one in kept
        if one.after.clock_id in standing
    ]
    await save_supervisions(conn, after)
