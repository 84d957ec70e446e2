"""A year as a terminal shows it: two months side by side, marks behind the days that differ from a plain week."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date

from libraries.deadlines import Calendar, DayReason
from libraries.deadlines.calendar import is_weekday

SIDE_BY_SIDE = 2
GAP = "    "
HEADING = "一   二   三   四   五   六   日 "
WIDTH = 34
"""Columns of a month; a Chinese character takes two."""


def months(days: Calendar, year: int) -> Iterator[str]:
    for first in range(1, 13, SIDE_BY_SIDE):
        blocks = [_month(days, year, month) for month in range(first, first + SIDE_BY_SIDE)]
        tallest = max(map(len, blocks))
        padded = [block + [" " * WIDTH] * (tallest - len(block)) for block in blocks]
        yield from (GAP.join(line).rstrip() for line in zip(*padded, strict=True))
        yield ""


def marked(days: Calendar, year: int) -> Iterator[str]:
    """The days that have a name, with it, and whose word it is if not that of the notice which arranges the year."""
    for day in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
        facts = days.day(day)
        if facts.reason in (DayReason.HOLIDAY, DayReason.MAKE_UP):
            by = facts.notice
            said = f" ({by.source})" if by is not None and by.place != (year, 1) else ""
            yield f"{date.fromordinal(day)} {'班' if facts.works else '休'} {facts.zh} / {facts.en}{said}"


def mark(days: Calendar, day: int) -> str:
    works = days.works(day)
    if days.day(day).reason is DayReason.HOLIDAY:
        return "休"
    if works is is_weekday(day):
        return "  "
    return "班" if works else "休"


def _month(days: Calendar, year: int, month: int) -> list[str]:
    first = date(year, month, 1)
    cells = ["    "] * first.weekday()
    cells += [f"{n:2}{mark(days, first.toordinal() + n - 1)}" for n in range(1, monthrange(year, month)[1] + 1)]
    cells += ["    "] * (-len(cells) % 7)
    weeks = [" ".join(cells[at : at + 7]) for at in range(0, len(cells), 7)]
    return [f"{year}-{month:02}".ljust(WIDTH), HEADING.ljust(WIDTH - 7), *weeks]
