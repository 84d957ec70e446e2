"""Who had the time: a span cut into consecutive pieces, each with its calendar and its working time.

A working day has all hours of its civil day, and each piece is counted by the days of who held it then. The whole is
the sum of the pieces, exactly and for either measure.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from libraries.deadlines.calendar import Calendar

Holder = TypeVar("Holder", bound=Hashable)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The same time, measured twice."""

    calendar: timedelta = timedelta()
    working: timedelta = timedelta()

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(calendar=self.calendar + other.calendar, working=self.working + other.working)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Generic[Holder]):
    """From this moment on it is held like that, until the next turn."""

    at: datetime
    held: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Generic[Holder]):
    start: datetime
    end: datetime
    held: Holder
    spent: Spent


def pieces(
    intervals: Iterable[Interval[Holder]], until: datetime, calendar_of: Callable[[Holder], Calendar]
) -> tuple[Piece[Holder], ...]:
    """The span from the first turn until the end, without a gap and without an overlap.

    Of intervals at one moment the last holds. What goes on alike is one piece.
    """
    ordered = sorted(intervals, key=lambda turn: turn.at)
    found: list[Piece[Holder]] = []
    for turn, following in zip(ordered, [*ordered[1:], None], strict=True):
        end = until if following is None else min(following.at, until)
        if turn.at >= end:
            continue
        working = working_time(turn.at, end, calendar_of(turn.held))
        spent = Spent(calendar=_exactly(end) - _exactly(turn.at), working=working)
        if found and found[-1].held == turn.held:
            found[-1] = replace(found[-1], end=end, spent=found[-1].spent + spent)
        else:
            found.append(Piece(start=turn.at, end=end, held=turn.held, spent=spent))
    return tuple(found)


def total(parts: Iterable[Piece[Holder]]) -> Spent:
    return sum((part.spent for part in parts), Spent())


def totals(parts: Iterable[Piece[Holder]], key: Callable[[Holder], Key]) -> dict[Key, Spent]:
    """By what the key says of each piece, in the order of first appearance."""
    found: dict[Key, Spent] = {}
    for part in parts:
        of = key(part.held)
        found[of] = found.get(of, Spent()) + part.spent
    return found


def working_time(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much of the span lies on working days."""
    return calendar.worked_until(end) - calendar.worked_until(start)


def _exactly(moment: datetime) -> datetime:
    """Two moments of one zone are subtracted by their wall clocks; in UTC the difference is the time that passed."""
    return moment.astimezone(UTC)
