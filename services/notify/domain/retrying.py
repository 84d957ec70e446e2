"""When a delivery that failed is tried again, and when a whole endpoint is left alone for a while. Real time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=5)
"""From when a delivery came to be, or was asked for again."""
OPENS_AFTER: Final = 5
"""Failures in a row."""
FIRST_REST: Final = timedelta(seconds=30)
JITTER: Final = 0.5
"""A wait is shortened by at most so much of itself, so that what failed together does not come back together."""
_STEEPEST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """One endpoint: open while it is left alone, half-open when that ends, until one delivery gets through."""

    failures: int = 0
    """In a row."""
    open_until: datetime | None = None

    @property
    def is_closed(self) -> bool:
        return self.open_until is None

    def is_open(self, now: datetime) -> bool:
        return self.open_until is not None and now < self.open_until


def wait(attempts: int, chance: float) -> timedelta:
    """After so many attempts that failed: 5, 10, 20 … seconds up to an hour, less a part by chance (0 to 1)."""
    return _shortened(min(FIRST_WAIT * 2 ** min(attempts - 1, _STEEPEST), LONGEST_WAIT), chance)


def next_attempt(
    attempts: int,
    *,
    since: datetime,
    now: datetime,
    chance: float,
    asked: timedelta | None = None,
    given_up_after: timedelta = GIVEN_UP_AFTER,
) -> datetime | None:
    """The moment, or `None` where it is given up. `asked` is what the endpoint itself wants, up to an hour."""
    if now - since >= given_up_after:
        return None
    longer = min(asked, LONGEST_WAIT) if asked is not None else timedelta()
    return now + max(wait(attempts, chance), longer)


def after_success() -> Circuit:
    return Circuit()


def after_failure(before: Circuit, *, now: datetime, chance: float) -> Circuit:
    """Opens at the fifth failure in a row; each try that fails then doubles the rest, up to an hour."""
    failures = before.failures + 1
    if failures < OPENS_AFTER:
        return Circuit(failures=failures)
    rest = min(FIRST_REST * 2 ** min(failures - OPENS_AFTER, _STEEPEST), LONGEST_WAIT)
    return Circuit(failures=failures, open_until=now + _shortened(rest, chance))


def _shortened(span: timedelta, chance: float) -> timedelta:
    return span * (1 - JITTER * chance)
