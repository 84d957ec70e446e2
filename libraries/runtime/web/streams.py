"""Server-sent events (WHATWG HTML, section 9.2) out of a table that only grows."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from litestar.response import ServerSentEvent, ServerSentEventMessage

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`cursor` is what a client that comes back sends as `Last-Event-ID`."""

    cursor: str
    type: str
    data: str


Fetch = Callable[[str | None], Awaitable[Sequence[Entry]]]
"""Entries after the cursor, in order; of `None`, the cursor of the newest entry alone."""


def stream(
    fetch: Fetch, after: str | None, *, ends_at: datetime | None = None, stands: Callable[[], bool] = lambda: True
) -> ServerSentEvent:
    """Everything after the cursor, then whatever comes. A comment keeps proxies from closing a quiet line.

    It ends at `ends_at`, real time, and where the listener stands no more: whoever listens comes back with a token that
    is still valid.
    """
    return ServerSentEvent(_messages(fetch, after, lambda: datetime.now(UTC) < (ends_at or FOREVER) and stands()))


async def _messages(
    fetch: Fetch, after: str | None, goes_on: Callable[[], bool]
) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(comment="connected", retry=RETRY_MILLISECONDS)
    said = time.monotonic()
    while goes_on():
        entries = await fetch(after)
        for entry in entries:
            after = entry.cursor
            yield ServerSentEventMessage(id=entry.cursor, event=entry.type, data=entry.data)
            said = time.monotonic()
        if not entries:
            if time.monotonic() - said > HEARTBEAT_SECONDS:
                yield ServerSentEventMessage(comment="still here")
                said = time.monotonic()
            await asyncio.sleep(POLL_SECONDS)
