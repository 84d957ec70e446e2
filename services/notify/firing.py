"""Fires what is due: each alert once, by who holds the row, and in the transaction that writes it down."""

import os
import socket
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify import store
from services.notify.domain.firing import Fired, Held, Waits, decide
from services.notify.domain.watch import Watch
from services.notify.handlers import READERS
from services.notify.saying import say
from services.policies import PolicyWatch
from services.runtime.broker import Pump
from services.runtime.clock import Clock
from services.runtime.database import transaction

PORTION: Final = 1000
PORTIONS_A_TURN: Final = 4
SETTLE_SECONDS: Final = 1.0
"""Real time in which an answer over HTTP gets from routing's database to its topic."""
ALIVE_SECONDS: Final = 10.0
"""A process that has not said for so long how far it has read reads no more; its partitions are with another."""
SHORTEST_WAIT_SECONDS: Final = 0.25
LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchman:
    """Looks at the clocks. Any number may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    pumps: list[Pump]
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
        """What is due, the longest due first, in portions of one transaction each.

        After an outage there is much of it. Then a turn ends early, and what is left goes out in the next ones, so
        that those who read alerts get them at a pace that they can follow.
        """
        for _ in range(PORTIONS_A_TURN):
            if not await self.fire_portion():
                return

    async def fire_portion(self) -> int:
        """Returns how many watches were looked at."""
        now, policy = self.clock.now(), self.policy.policy
        alive = datetime.now(UTC) - timedelta(seconds=ALIVE_SECONDS)
        async with transaction(self.engine) as conn:
            until = await store.get_read_until(conn, alive=alive)
            never = datetime.min.replace(tzinfo=UTC)
            candidates = await store.claim_due(
                conn,
                now=now,
                read_until=min(until.get(reader, never) for reader in READERS),
                portion=PORTION,
            )
            if not candidates:
                return 0
            outcomes = [decide(candidate, now, self._waits(), policy) for candidate in candidates]
            await store.save_watches(conn, [], [_after(outcome) for outcome in outcomes])
            fired = [outcome for outcome in outcomes if isinstance(outcome, Fired)]
            await say(conn, fired)
        return len(candidates)

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
