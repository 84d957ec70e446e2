"""How long a loop rests after a small batch, so that the next one is larger.

Each batch has a price of its own: statements, a commit, a produce request. A loop that takes up at once whatever is
there pays it for a handful of records, and where processors are short it takes them from those who have more to do.
One that rests as long as it worked pays it half as often, and what comes meanwhile waits no longer than the work took.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

LONGEST_SECONDS: Final = 0.1
ENOUGH: Final = 200
"""Of a batch that is large enough to pay for itself: a backlog is worked off without a rest."""


def rest_seconds(worked: float, number: int, *, fewest: int = 1) -> float:
    """After so many seconds of work on so many records. Fewer than `fewest` are the work of an idle machine."""
    return min(worked, LONGEST_SECONDS) if fewest <= number < ENOUGH else 0.0


@dataclass(slots=True)
class Pace:
    """Of one loop."""

    fewest: int = 1
    _began: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        self._began = time.monotonic()

    async def rest(self, number: int) -> None:
        """After a batch of so many records that began at `begin`."""
        seconds = rest_seconds(time.monotonic() - self._began, number, fewest=self.fewest)
        if seconds:
            await asyncio.sleep(seconds)
