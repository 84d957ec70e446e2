"""Warning levels as a policy writes them: `80%` of the time is used up, or `1wd` of it is left."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from contracts.clocks import ClockWarning
from libraries.deadlines import BadQuestion, Calendar, CountingRules, Limit, Pause, Unit, moment_at_share

DEFAULT_LEVELS: Final = ("50%", "80%", "1wd")
_SHARE: Final = re.compile(r"([1-9][0-9]?)%\Z")
LEFT: Final = frozenset({Unit.HOUR, Unit.DAY, Unit.WORKING_DAY})


def fault_of(level: str) -> str | None:
    """Why this is no warning level."""
    if _SHARE.match(level):
        return None
    try:
        left = Limit.parse(level)
    except BadQuestion:
        return f"warning {level} must be a share of the time, for example 80%, or what is left of it, for example 1wd"
    return None if left.unit in LEFT else f"warning {level} must be in h, d or wd"


def warnings_of(
    levels: Sequence[str],
    started_at: datetime,
    limit: Limit,
    due_at: datetime,
    *,
    calendar: Calendar,
    rules: CountingRules,
    pauses: Sequence[Pause],
    extensions: Sequence[Limit],
) -> tuple[ClockWarning, ...]:
    """In order. A level that falls outside of the clock's time is left out: nobody is warned of a day in advance."""
    undisturbed = not pauses and not extensions
    found = []
    for level in levels:
        share = _SHARE.match(level)
        if share is None:
            at = before(due_at, _left(level), calendar)
        elif undisturbed and limit.number * int(share[1]) >= 100 and limit.unit in (Unit.DAY, Unit.WORKING_DAY):
            at = _share_of_days(calendar.civil_day(started_at), limit, int(share[1]), rules, calendar)
        else:
            part = moment_at_share(
                started_at,
                limit,
                int(share[1]) / 100,
                calendar=calendar,
                rules=rules,
                pauses=pauses,
                extensions=extensions,
            )
            at = part if part is not None else due_at
        if started_at < at < due_at:
            found.append(ClockWarning(level=level, at=at))
    return tuple(sorted(found, key=lambda warning: warning.at))


@lru_cache(maxsize=256)
def _left(level: str) -> Limit:
    return Limit.parse(level)


@lru_cache(maxsize=4096)
def before(due_at: datetime, left: Limit, calendar: Calendar) -> datetime:
    """When so many hours are left, or so many days stand before the last one, which says its own."""
    if left.unit is Unit.HOUR:
        return due_at - timedelta(hours=left.number)
    day = calendar.civil_day(due_at)
    if left.unit is Unit.DAY:
        return calendar.midnight(day - left.number)
    for _ in range(left.number):
        day -= 1
        while not calendar.works(day):
            day -= 1
    return calendar.midnight(day)


@lru_cache(maxsize=4096)
def _share_of_days(start_day: int, limit: Limit, percent: int, rules: CountingRules, calendar: Calendar) -> datetime:
    """Whole days count from a day, not from a moment: all clocks of a day with one limit are warned together."""
    at = moment_at_share(calendar.midnight(start_day), limit, percent / 100, calendar=calendar, rules=rules)
    if at is None:
        raise ValueError("a clock that runs has its moments")
    return at
