"""After a broker that forgets has come back empty: services end, what they need is made, and they begin behind it.

Their places on the topics mean nothing on an empty broker. Nothing here waits; it is looked at again and again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from console.background import Background
from console.engines.child import EngineFailed
from console.supervisor import BackOff, ManagedProcess, ServiceProcess

STOP_SECONDS: Final = 5.0


class Refill:
    """Until `look` says that it is done."""

    def __init__(
        self, services: Sequence[ManagedProcess[ServiceProcess]], prepare: Callable[[], Mapping[str, int]]
    ) -> None:
        self._services = services
        self._prepare = prepare
        self._back_off = BackOff()
        self._killed_at = time.monotonic() + STOP_SECONDS
        self._again_at = 0.0
        self._work: Background[Mapping[str, int]] | None = None
        self.sent_again: Mapping[str, int] = {}
        """Events of each service that go out again, once it is done."""
        for service in services:
            service.child.ask_to_stop()

    def look(self) -> tuple[bool, str | None]:
        """Whether it is done, and what went wrong since the last look. It is tried again."""
        now = time.monotonic()
        if running := [service for service in self._services if service.alive()]:
            for service in running if now > self._killed_at else ():
                service.child.kill()
            return False, None
        if self._work is None:
            if now >= self._again_at:
                self._back_off.started(now)
                self._work = Background(self._prepare)
            return False, None
        if not self._work.done:
            return False, None
        try:
            self.sent_again = self._work.result() or {}
        except (EngineFailed, OSError) as error:
            self._work = None
            wait = self._back_off.died(now)
            self._again_at = now + wait
            return False, f"topics cannot be made, next try in {wait:.1f} s: {error}"
        return True, None
