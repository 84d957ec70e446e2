"""Lines for a terminal that say when something was; each day is named once."""

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from rich.cells import cell_len

from libraries.clocks.civil_days import civil_day

WEEKDAYS = {"zh": [f"周{day}" for day in "一二三四五六日"], "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]}
WIDTH = 16


def lines_by_day(lines: Iterable[tuple[datetime, str]], zone: tzinfo, language: str = "zh") -> Iterator[str]:
    """A year is named where it begins; the first one stands in the number of every case."""
    days: list[tuple[str, datetime, str]] = []
    seen: datetime | None = None
    for at, text in lines:
        days.append((day_of(at, seen or at, zone, language), at, text))
        seen = at
    width = max((WIDTH, *(cell_len(day) for day, _, _ in days)))
    before = None
    for day, at, text in days:
        today = at.astimezone(zone)
        yield f"  {padded(day if today.date() != before else '', width)}  {today:%H:%M}  {text}"
        before = today.date()


def day_of(moment: datetime, seen: datetime, zone: tzinfo, language: str = "zh") -> str:
    """With the day of the week: most questions about time are about working days."""
    zh, en = civil_day(moment, seen, zone)
    weekday = WEEKDAYS[language][moment.astimezone(zone).weekday()]
    return f"{zh} {weekday}" if language == "zh" else f"{weekday} {en}"


def padded(text: str, width: int) -> str:
    """A Chinese character takes two places."""
    return text + " " * (width - cell_len(text))
