"""What a service does by itself, again and again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`seconds` is the real time from the end of one turn to the next."""

    run: Callable[[], Awaitable[None]]
    seconds: float = 2.0
