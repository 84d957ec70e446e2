"""Fires what is due: each alert once, by who holds the row, and in the transaction that writes it down."""

import asyncio
import os
import socket
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify import store
from services.notify.climbing import begin
from services.notify.domain.firing import Fired, Held, Waits, decide
from services.notify.domain.watch import Watch
from services.notify.handlers import READERS
from services.notify.pace import BEGINNING, LowWater, Pace, Patience
from services.notify.saying import say
from services.policies import PolicyWatch
from services.runtime.broker import Pump
from services.runtime.clock import Clock
from services.runtime.database import transaction

PORTION: Final = 1000
HANDS: Final = 2
"""Portions of one process at the same time: one is decided while the database writes the other."""
ALERTS_PER_SECOND: Final = 5000
SETTLED_SECONDS: Final = 0.5
"""Real time after which what was to be written for a moment is nearly always written; the sweep finds the rest."""
RESTS: Final = 20
"""Sweeping takes at most one part in so many of a process's time."""
SETTLE_SECONDS: Final = 1.0
"""Real time in which an answer over HTTP gets from routing's database to its topic."""
ALIVE_SECONDS: Final = 10.0
"""A process that has not said for so long how far it has read reads no more; its partitions are with another."""
SHORTEST_WAIT_SECONDS: Final = 0.25
LONGEST_WAIT_SECONDS: Final = 60.0


class Looked(NamedTuple):
    """A watch that was looked at: for which moment, when it is to be looked at again, and whether an alert went out."""

    claimed_for: datetime
    next_at: datetime | None
    was_said: bool


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

    async def note_reading(self) -> None:
        """Write down how far this process has read, for all processes that fire."""
        for pump in self.pumps:
            asked = datetime.now(UTC)
            if await pump.caught_up():
                until = self.clock.at(asked - timedelta(seconds=SETTLE_SECONDS))
                async with transaction(self.engine) as conn:
                    await store.note_reading(conn, pump.desk.reader.name, self.name, until=until, seen=asked)

    async def fire(self) -> None:
        """Everything that is due now, the longest due first, in portions of one transaction each."""
        now = self.clock.now()
        looked = await self.fire_portion(now)
        # What is said next of some of them may be due already, so this ends with a look that finds nothing to say.
        while any(one.was_said for one in looked):
            if len(looked) == PORTION:
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
            more = len(looked) == PORTION and any(one.was_said for one in looked)

    async def fire_portion(self, until: datetime) -> list[Looked]:
        """The first of what is due from the mark on."""
        looked = await self._fire(since=self.water.mark, until=until)
        settled = until - timedelta(seconds=SETTLED_SECONDS * self.clock.speed)
        done = looked[-1].claimed_for if len(looked) == PORTION else settled
        self.water.rise(min(done, settled, *(one.next_at for one in looked if one.next_at is not None)))
        return looked

    async def sweep(self) -> None:
        """What has come to stand below the mark: written late, or in the hands of a process that died."""
        if not self.patience.is_over():
            return
        began = time.monotonic()
        while len(await self._fire(since=BEGINNING, until=self.water.mark)) == PORTION:
            await self.pace.spend(PORTION)
        self.patience.rest(time.monotonic() - began)

    async def _fire(self, *, since: datetime, until: datetime) -> list[Looked]:
        """One portion in one transaction."""
        now, policy = self.clock.now(), self.policy.policy
        alive = datetime.now(UTC) - timedelta(seconds=ALIVE_SECONDS)
        async with transaction(self.engine) as conn:
            read = await store.get_read_until(conn, alive=alive)
            candidates = await store.claim_due(
                conn,
                since=since,
                until=until,
                read_until=min(read.get(reader, BEGINNING) for reader in READERS),
                portion=PORTION,
            )
            waits = self._waits()
            outcomes = [decide(candidate, now, waits, policy) for candidate in candidates]
            after = [_after(outcome) for outcome in outcomes]
            await store.save_moved(conn, after)
            fired = [outcome for outcome in outcomes if isinstance(outcome, Fired)]
            await begin(conn, fired, policy)
            await say(conn, fired)
        return [
            Looked(candidate.watch.next_fire_at or until, watch.next_fire_at, isinstance(outcome, Fired))
            for candidate, watch, outcome in zip(candidates, after, outcomes, strict=True)
        ]

    async def forget(self) -> None:
        """Receipts that were answered a week ago."""
        async with transaction(self.engine) as conn:
            await store.drop_old(conn, before=self.clock.now() - timedelta(days=7))

    def _waits(self) -> Waits:
        speed = self.clock.speed
        return Waits(
            shortest=timedelta(seconds=SHORTEST_WAIT_SECONDS * speed),
            longest=timedelta(seconds=LONGEST_WAIT_SECONDS * speed),
        )


def _after(outcome: Fired | Held) -> Watch:
    if isinstance(outcome, Fired):
        return outcome.after
    return replace(outcome.watch, next_fire_at=outcome.look_again_at)
