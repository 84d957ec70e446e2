"""From where due timers are looked for, and how fast alerts may go out when many are late."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class LowWatermark:
    """Below the mark every timer was handled, so a search begins there.

    Alerts that went out leave dead entries at the front of the index, and as long as any transaction in the database is
    older than they are, every search from the beginning walks over all of them.
    """

    mark: datetime = BEGINNING

    def advance(self, to: datetime) -> None:
        self.mark = max(self.mark, to)


@dataclass(slots=True)
class RateLimit:
    """At most so many a second; a time without work earns nothing."""

    per_second: float
    free_at: float = 0.0

    async def spend(self, number: int) -> None:
        """Returns when the next may follow."""
        now = time.monotonic()
        self.free_at = max(self.free_at, now) + number / self.per_second
        await asyncio.sleep(self.free_at - now)


@dataclass(slots=True)
class Uptime:
    """Since when this process runs without a break: it may be stopped, and go on as if nothing had been."""

    longest_seconds: float
    since: datetime = NEVER
    _ticked_at: datetime = BEGINNING

    def tick(self, now: datetime) -> None:
        if now - self._ticked_at > timedelta(seconds=self.longest_seconds):
            self.since = now
        self._ticked_at = now


@dataclass(slots=True)
class RestRatio:
    """What takes long is done seldom: after each time, a rest of so many times its length, up to a longest.

    Without that bound a busy machine, where everything takes long, would leave for ever longer what only this finds.
    """

    ratio: float
    longest_seconds: float
    ready_at: float = 0.0

    def is_ready(self) -> bool:
        return time.monotonic() >= self.ready_at

    def rest(self, took: float) -> None:
        self.ready_at = time.monotonic() + min(took * self.ratio, self.longest_seconds)
