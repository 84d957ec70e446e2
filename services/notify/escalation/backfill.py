"""Finds clocks that were late before the ladder had a rung for them: a new policy, or none was known here.

A look may end anywhere without harm: what it has taken up waits for its rung, and the next look passes over it.
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
from services.notify.domain.escalation import Supervision, goes_on, taken_up
from services.notify.domain.timers import Alert, Watch
from services.notify.escalation.store import add_supervisions, change_supervisions, list_late, lock_supervisions
from services.notify.watching import store
from services.notify.watching.alerts import alert_id
from services.notify.watching.rate_limits import BEGINNING, Pace

PORTION: Final = 1000
Place = tuple[datetime, UUID]
FOOT: Final[Place] = (BEGINNING, UUID(int=0))
SETTLED_SECONDS: Final = 60.0
"""After a new policy no transaction of this process goes by the old one any more. Other processes look themselves."""


@dataclass(slots=True, kw_only=True)
class Latecomers:
    """One look at all late clocks when the process starts and after each new policy. Any number may look."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    pace: Pace
    settled_seconds: float = SETTLED_SECONDS
    _version: str = field(default="", init=False)
    _place: Place | None = field(default=None, init=False)
    """Behind which the look goes on; none if it is through."""
    _ready_at: float = field(default=0.0, init=False)

    async def look(self) -> None:
        running = self.policy.policy.version
        if running != self._version:
            self._ready_at = time.monotonic() + self.settled_seconds if self._version else 0.0
            self._version, self._place = running, FOOT
        if time.monotonic() < self._ready_at:
            return
        while self._place is not None and self.policy.policy.version == running:
            self._place = await self.look_at_portion(self._place)
            await self.pace.spend(PORTION)

    async def look_at_portion(self, after: Place) -> Place | None:
        """Returns the place of the last that was looked at; none if it was the last of all."""
        now, policy = self.clock.now(), self.policy.policy
        async with transaction(self.engine) as conn:
            late = await list_late(conn, after=after, now=now, portion=PORTION)
            wanted = [one.clock_id for one in late if one.waits_for_nothing and goes_on(one.level, one.kind, policy)]
            if wanted:
                await _take_up(conn, wanted, policy)
        return (late[-1].due_at, late[-1].clock_id) if len(late) == PORTION else None


async def _take_up(conn: AsyncConnection, clock_ids: Sequence[UUID], policy: Policy) -> None:
    """As they are when they are held: meanwhile somebody may have answered, or another process taken them up."""
    watches = await store.lock_watches(conn, clock_ids)
    broken = await _as_broken(conn, list(watches.values()))
    known = await lock_supervisions(conn, watches)
    after: list[Supervision] = []
    for watch in broken:
        standing = taken_up(known.get(watch.clock_id), watch, policy)
        if standing is not None:
            after.append(standing)
    await add_supervisions(conn, [one for one in after if one.clock_id not in known])
    await change_supervisions(conn, [one for one in after if one.clock_id in known])


async def _as_broken(conn: AsyncConnection, watches: Sequence[Watch]) -> list[Watch]:
    """Each with the version whose breach was said; a change that gave no time may have followed it."""
    ids = {
        alert_id(watch.clock_id, version, Alert.BREACHED): (watch.clock_id, version)
        for watch in watches
        for version in range(1, watch.version + 1)
    }
    said = sorted(ids[event_id] for event_id in await store.known_alerts(conn, ids))
    versions = dict(said)
    return [replace(watch, version=versions.get(watch.clock_id, watch.version)) for watch in watches]
