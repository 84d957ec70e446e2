"""Whether one limit can end later than another, tried on every day of the published years."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import lru_cache

from libraries.deadlines import Calendar, Limit, Unit
from libraries.deadlines.calendar import CHINA
from libraries.deadlines.counting import last_day, roll
from libraries.deadlines.limits import FIRST_DAY
from libraries.deadlines.national import calendar_of

DAY_HOURS = 24
MOST_DAYS = 30 * 366
"""Of a country whose holidays are known for ever so many are tried."""


@dataclass(frozen=True, slots=True)
class Span:
    """A limit with what it may be extended by."""

    parts: tuple[Limit, ...]
    rolls: bool

    def __str__(self) -> str:
        return " + ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Later:
    """The start, of all in the published years, on which the difference is greatest."""

    start: date
    end: date
    instead_of: date

    def __str__(self) -> str:
        return f"begun on {self.start} it ends on {self.end} instead of {self.instead_of}"


@lru_cache(maxsize=4096)
def later(one: Span, other: Span, country: str = CHINA) -> Later | None:
    """Where one ends later than the other, on whatever day and at whatever hour both begin.

    Days and working days have no fixed rate: 30 working days were 39 to 52 days. So both are counted from each day of
    the national calendar since 2007, over all its festivals and make-up days; a limit is no longer than another only if
    it never once ended later. Hours are taken at the hour of the day that tells most against `one`.
    """
    if _plainly_within(one, other):
        return None
    calendar = calendar_of(country, UTC)
    settled = min(calendar.settled_through.toordinal(), FIRST_DAY + MOST_DAYS)
    # Of what is plainly longer one year is enough for an example.
    days = range(settled - 365 if _plainly_within(other, one) else FIRST_DAY, settled + 1)
    worst = max(days, key=lambda day: _last(one, day, calendar) - _first(other, day, calendar))
    end, instead_of = _last(one, worst, calendar), _first(other, worst, calendar)
    if end <= instead_of:
        return None
    return Later(*map(date.fromordinal, (worst, end, instead_of)))


def _plainly_within(one: Span, other: Span) -> bool:
    """Part by part the same units and no more of them."""
    pairs = list(zip(one.parts, other.parts, strict=False))
    same = all(mine.unit is yours.unit and mine.number <= yours.number for mine, yours in pairs)
    return same and len(one.parts) <= len(other.parts) and one.rolls <= other.rolls


def _last(span: Span, start: int, calendar: Calendar) -> int:
    """The last day at whose end it may still run."""
    hours = sum(part.number for part in span.parts if part.unit is Unit.HOUR)
    return _rolled(start + -(-hours // DAY_HOURS), span, calendar)


def _first(span: Span, start: int, calendar: Calendar) -> int:
    """The last day through which it surely runs: hours from midnight on end before the end of a day."""
    hours = sum(part.number for part in span.parts if part.unit is Unit.HOUR)
    if hours and all(part.unit is Unit.HOUR for part in span.parts):
        return start + hours // DAY_HOURS - 1
    return _rolled(start + hours // DAY_HOURS, span, calendar)


def _rolled(start: int, span: Span, calendar: Calendar) -> int:
    parts: Sequence[Limit] = [part for part in span.parts if part.unit is not Unit.HOUR]
    if not parts:
        return start
    end = last_day(start, parts, calendar, ())
    return roll(end, calendar, ()) if span.rolls else end
