"""Wake-up calls inside one process: who wrote messages wakes the relay, which listens."""

import asyncio
from collections import defaultdict

_listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)


def listen(name: str) -> asyncio.Event:
    """An event that is set at each wake-up; the listener clears it."""
    event = asyncio.Event()
    _listeners[name].add(event)
    return event


def unlisten(name: str, event: asyncio.Event) -> None:
    _listeners[name].discard(event)


def wake(name: str) -> None:
    """Only a hint that shortens the wait: a relay in another process finds the rows by polling."""
    for event in _listeners[name]:
        event.set()
