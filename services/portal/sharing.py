"""What several people look at is asked for once."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from services.portal.domain.live import Rows


class SharedLists:
    """What was read lately, by whose list it is; two who ask at once ask the services once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], tuple[float, asyncio.Future[Rows]]] = {}

    async def rows(self, key: tuple[str, ...], read: Callable[[], Awaitable[Rows]], seconds: float) -> Rows:
        now = time.monotonic()
        self._read = {one: kept for one, kept in self._read.items() if now - kept[0] < seconds}
        if key not in self._read:
            self._read[key] = now, asyncio.ensure_future(read())
        return await asyncio.shield(self._read[key][1])
