"""Group commit: what comes while others are at work is done together with whatever else came, in one transaction.

Nobody waits on an idle machine: what comes alone is begun at once and is a group of one; after a group of several the
next one waits for more, for as long as that took. Each has an outcome of its own, and one that makes a group fail fails
alone, for the others are done again without it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from libraries.runtime.database.held import Held
from libraries.runtime.failures import FailureClass, Rejected, classify
from libraries.runtime.pacing import Pace

MOST: Final = 64
"""Of a group: what it holds waits for the slowest of it."""
ALONE_AT_ONCE: Final = 4
"""Of those that are done alone; each has a connection, and others need some too."""


class Busy:
    """The outcome of what cannot be done together with others now, as somebody holds its case: it is done alone."""


BUSY: Final = Busy()

T = TypeVar("T")
R = TypeVar("R")


Work = Callable[[Sequence[T], Held], Awaitable[Sequence[R | Rejected | Busy]]]
"""Does all in one transaction; an outcome for each, in order."""


@dataclass(slots=True)
class _Entry(Generic[T, R]):
    item: T
    outcome: asyncio.Future[R]
    begun: bool = False


@dataclass(slots=True)
class Grouping(Generic[T, R]):
    """One kind of work. Whatever `work` raises undoes all that it was given."""

    work: Work[T, R]
    most: int = MOST
    _waiting: deque[_Entry[T, R]] = field(default_factory=deque)
    _running: asyncio.Task[None] | None = None
    _alone: set[asyncio.Task[None]] = field(default_factory=set)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ALONE_AT_ONCE))

    async def do(self, item: T) -> R:
        """Its outcome, once it is committed. Raises `Rejected` where that is one, and what made it fail."""
        entry: _Entry[T, R] = _Entry(item, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._running is None:
            # Of nobody's context: what is said of each belongs to its own trace.
            self._running = asyncio.create_task(self._run(), context=Context())
        try:
            return await asyncio.shield(entry.outcome)
        except asyncio.CancelledError:
            if not entry.begun:
                self._waiting.remove(entry)
                raise
            # What is being done is through before its request is.
            await asyncio.wait([entry.outcome])
            entry.outcome.exception()
            raise

    async def _run(self) -> None:
        pace = Pace(fewest=2)
        try:
            while self._waiting:
                pace.begin()
                group = [self._waiting.popleft() for _ in range(min(self.most, len(self._waiting)))]
                for entry in group:
                    entry.begun = True
                await self._do(group)
                await pace.rest(len(group))
        finally:
            self._running = None

    async def _do(self, group: Sequence[_Entry[T, R]]) -> None:
        try:
            outcomes = await self.work([entry.item for entry in group], Held.LEFT)
        except Exception as error:  # noqa: BLE001 -- whatever it is, whoever asked hears of it
            if len(group) == 1 or classify(error) is FailureClass.INFRASTRUCTURE:
                for entry in group:
                    _tell(entry, error)
            else:
                self._apart(group)
            return
        self._apart([entry for entry, outcome in zip(group, outcomes, strict=True) if outcome is BUSY])
        for entry, outcome in zip(group, outcomes, strict=True):
            if outcome is not BUSY:
                _tell(entry, outcome)

    def _apart(self, entries: Sequence[_Entry[T, R]]) -> None:
        """Each by itself, while the next groups go on."""
        for entry in entries:
            task = asyncio.create_task(self._do_alone(entry), context=Context())
            self._alone.add(task)
            task.add_done_callback(self._alone.discard)

    async def _do_alone(self, entry: _Entry[T, R]) -> None:
        async with self._room:
            try:
                (outcome,) = await self.work([entry.item], Held.AWAITED)
            except Exception as error:  # noqa: BLE001 -- whatever it is, whoever asked hears of it
                _tell(entry, error)
            else:
                _tell(entry, outcome)


def _tell(entry: _Entry[Any, Any], outcome: object) -> None:
    if isinstance(outcome, Exception):
        entry.outcome.set_exception(outcome)
    else:
        entry.outcome.set_result(outcome)
