"""Turns simulated moments into real waiting, and keeps what is still to be done."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from libraries.runtime.clock import Clock


class Never(Exception):
    """It will not happen: nobody does it, or its moment lies behind the horizon."""


@dataclass(slots=True, kw_only=True)
class Scheduler:
    """Errors of what was spawned are kept and raised at the end: a demo that failed must not look well."""

    clock: Clock
    horizon: datetime
    errors: list[BaseException] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def busy(self) -> int:
        return len(self._tasks)

    def now(self) -> datetime:
        return self.clock.now()

    async def until(self, moment: datetime) -> None:
        """Raises `Never` at once where the moment lies behind the horizon."""
        if moment > self.horizon:
            raise Never
        wait = self.clock.real_seconds(moment - self.now())
        await asyncio.sleep(max(0.0, wait))

    async def pass_by(self, span: timedelta) -> None:
        await self.until(self.now() + span)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Never):
            self.errors.append(error)
