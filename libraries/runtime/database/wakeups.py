"""Wake-up calls inside one process: who wrote messages rings, the relay listens."""

import asyncio
from collections import defaultdict

_bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)


def listen(name: str) -> asyncio.Event:
    """An event that is set at each ring; the listener clears it."""
    event = asyncio.Event()
    _bells[name].add(event)
    return event


def unlisten(name: str, event: asyncio.Event) -> None:
    _bells[name].discard(event)


def ring(name: str) -> None:
    """Only a hint that shortens the wait: a relay in another process finds the rows by polling."""
    for event in _bells[name]:
        event.set()
