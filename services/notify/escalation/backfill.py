"""Finds clocks that were late before the escalation policy had a level for them: a new policy, or none was known here.

A run may end anywhere without harm: an escalation that it started waits for its level, and the next run skips it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from services.notify.domain.escalation import Escalation, backfilled, has_level_above
from services.notify.domain.timers import AlertKind, Timer
from services.notify.escalation.store import add_escalations, change_escalations, list_overdue, lock_escalations
from services.notify.watching import store
from services.notify.watching.alerts import alert_id
from services.notify.watching.rate_limits import BEGINNING, RateLimit

BATCH_SIZE: Final = 1000
Position = tuple[datetime, UUID]
START: Final[Position] = (BEGINNING, UUID(int=0))
SETTLED_SECONDS: Final = 60.0
"""After a new policy no transaction of this process goes by the old one any more. Other processes run themselves."""


@dataclass(slots=True, kw_only=True)
class EscalationBackfill:
    """Reads all late clocks when the process starts and after each new policy. Any number of processes may do so."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    rate_limit: RateLimit
    settled_seconds: float = SETTLED_SECONDS
    _version: str = field(default="", init=False)
    _position: Position | None = field(default=None, init=False)
    """After which the run goes on; none if it is through."""
    _ready_at: float = field(default=0.0, init=False)

    async def run(self) -> None:
        running = self.policy.policy.version
        if running != self._version:
            self._ready_at = time.monotonic() + self.settled_seconds if self._version else 0.0
            self._version, self._position = running, START
        if time.monotonic() < self._ready_at:
            return
        while self._position is not None and self.policy.policy.version == running:
            self._position = await self.backfill_batch(self._position)
            await self.rate_limit.spend(BATCH_SIZE)

    async def backfill_batch(self, after: Position) -> Position | None:
        """Returns the position of the last that was read; none if it was the last of all."""
        now, policy = self.clock.now(), self.policy.policy
        async with transaction(self.engine) as conn:
            late = await list_overdue(conn, after=after, now=now, batch_size=BATCH_SIZE)
            wanted = [
                one.clock_id for one in late if one.has_no_next_level and has_level_above(one.level, one.kind, policy)
            ]
            if wanted:
                await _backfill(conn, wanted, policy)
        return (late[-1].due_at, late[-1].clock_id) if len(late) == BATCH_SIZE else None


async def _backfill(conn: AsyncConnection, clock_ids: Sequence[UUID], policy: Policy) -> None:
    """As they are once locked: meanwhile somebody may have answered, or another process started them."""
    timers = await store.lock_timers(conn, clock_ids)
    broken = await _as_broken(conn, list(timers.values()))
    known = await lock_escalations(conn, timers)
    after: list[Escalation] = []
    for timer in broken:
        started = backfilled(known.get(timer.clock_id), timer, policy)
        if started is not None:
            after.append(started)
    await add_escalations(conn, [one for one in after if one.clock_id not in known])
    await change_escalations(conn, [one for one in after if one.clock_id in known])


async def _as_broken(conn: AsyncConnection, timers: Sequence[Timer]) -> list[Timer]:
    """Each with the version whose breach was sent; a change that gave no time may have followed it."""
    ids = {
        alert_id(timer.clock_id, version, AlertKind.BREACHED): (timer.clock_id, version)
        for timer in timers
        for version in range(1, timer.version + 1)
    }
    sent = sorted(ids[event_id] for event_id in await store.known_alerts(conn, ids))
    versions = dict(sent)
    return [replace(timer, version=versions.get(timer.clock_id, timer.version)) for timer in timers]
