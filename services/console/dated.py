"""Lines for a terminal that say when something was; each day is named once."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.cells import cell_len

from services.deadlines import CIVIL_TIME
from services.policies.words import civil_day

WEEKDAYS = {"zh": [f"周{day}" for day in "一二三四五六日"], "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]}
WIDTH = 16


def dated(lines: Iterable[tuple[datetime, str]], language: str = "zh") -> Iterator[str]:
    before = ""
    for at, text in lines:
        day = day_of(at, language)
        yield f"  {padded(day if day != before else '', WIDTH)}  {at.astimezone(CIVIL_TIME):%H:%M}  {text}"
        before = day


def day_of(moment: datetime, language: str = "zh") -> str:
    """With the day of the week: most questions about time are about working days."""
    zh, en = civil_day(moment)
    weekday = WEEKDAYS[language][moment.astimezone(CIVIL_TIME).weekday()]
    return f"{zh} {weekday}" if language == "zh" else f"{weekday} {en}"


def padded(text: str, width: int) -> str:
    """A Chinese character takes two places."""
    return text + " " * (width - cell_len(text))
