"""Limits, pauses and counting rules: the questions that a legal clock answers."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from contracts.refusals import Fault, sentence

FIRST_YEAR = 2007
LAST_YEAR = 2099
FIRST_DAY = date(FIRST_YEAR, 1, 1).toordinal()
LAST_DAY = date(LAST_YEAR, 12, 31).toordinal()
LARGEST_OFFSET = timedelta(hours=14)


class BadQuestion(ValueError):
    """A question about time that has no answer: which field broke which rule."""

    def __init__(self, field: str, code: str, **facts: object) -> None:
        self.fault = Fault(field, code, facts)
        self.field = field
        self.code = code
        self.detail = sentence(code, facts, "en")
        super().__init__(f"{field}: {self.detail} ({code})")


class Unit(StrEnum):
    HOUR = "h"
    DAY = "d"
    WORKING_DAY = "wd"
    MONTH = "mo"
    YEAR = "y"


LARGEST = {Unit.HOUR: 87_600, Unit.DAY: 36_500, Unit.WORKING_DAY: 10_000, Unit.MONTH: 1_200, Unit.YEAR: 100}
"""No limit of a law comes near; a larger number is a mistake of whoever asks."""

_LIMIT = re.compile(r"([0-9]{1,9})(h|d|wd|mo|y)\Z")


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """A number of hours, days, working days, months or years, written like `5wd`."""

    number: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.number <= LARGEST[self.unit]:
            raise BadQuestion("limit", "limit_range", most=LARGEST[self.unit], unit=self.unit.value)

    @classmethod
    def parse(cls, text: str) -> "Limit":
        match = _LIMIT.match(text)
        if match is None:
            raise BadQuestion("limit", "limit_form")
        return cls(int(match[1]), Unit(match[2]))

    def __str__(self) -> str:
        return f"{self.number}{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A span in which the clock stands still; an open one has no end yet."""

    start: datetime
    end: datetime | None
    reason: str = ""
    by: str = ""
    """The office that stopped the clock."""

    def __post_init__(self) -> None:
        sound("pause", self.start)
        if self.end is not None and sound("pause", self.end) < self.start:
            raise BadQuestion("pause", "pause_order")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRules:
    """Switches of counting. The start day never counts (民法典 201); hours count from the moment (201)."""

    roll_last_day: bool = True
    """A last day that is no working day gives way to the next one (民法典 203, applied by analogy)."""
    close_of_business: time | None = None
    """The last day ends at this hour instead of 24:00 (民法典 203), where the office's hours say so."""


DEFAULT_RULES = CountingRules()


def sound(field: str, moment: datetime) -> datetime:
    """The moment itself if it names its offset and somewhere has a day that calendars know."""
    offset = moment.utcoffset()
    if offset is None:
        raise BadQuestion(field, "offset_missing")
    if abs(offset) > LARGEST_OFFSET:
        raise impossible_offset(field)
    # Years at the ends of what a datetime can hold have no day everywhere.
    known = FIRST_YEAR - 1 <= moment.year <= LAST_YEAR + 1
    if not (known and FIRST_DAY - 1 <= moment.astimezone(UTC).toordinal() <= LAST_DAY + 1):
        raise outside(field)
    return moment


def impossible_offset(field: str) -> BadQuestion:
    return BadQuestion(field, "offset_range")


def outside(field: str) -> BadQuestion:
    return BadQuestion(field, "calendar_range", first=FIRST_YEAR, last=LAST_YEAR)
