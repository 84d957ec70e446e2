"""Civil days in a time zone, also where the clock is put forward or back: then a day has 23 hours, or 25.

A day begins when its clock first shows 00:00, or the first time after it if that is left out. Whatever moment is given
back is in UTC: Python subtracts and adds two moments of one zone by their wall clocks.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import pairwise

from libraries.deadlines.limits import FIRST_DAY, LAST_DAY

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def civil_day(moment: datetime, zone: tzinfo) -> int:
    """The day of a moment, as a proleptic ordinal."""
    local = moment.astimezone(zone)
    day = local.toordinal()
    # Where the clock goes back over midnight, the day that has begun goes on.
    return day + 1 if local.fold and moment >= midnight(day + 1, zone) else day


def midnight(ordinal: int, zone: tzinfo) -> datetime:
    """When the day begins."""
    return _instant(ordinal, time(), zone)


def opening(ordinal: int, hour: time, zone: tzinfo) -> datetime:
    """When the day's clock first shows the hour; one that it leaves out is taken by the time before (RFC 5545)."""
    return _instant(ordinal, hour, zone)


def closing(ordinal: int, hour: time, zone: tzinfo) -> datetime:
    """The last moment at which the day's clock shows the hour: of two the later one, which favours whoever has time.

    An hour that is left out is taken by the time before, so that the day is no shorter than others by then.
    """
    first = _instant(ordinal, hour, zone)
    again = datetime.combine(datetime.fromordinal(ordinal), hour, zone).replace(fold=1).astimezone(UTC)
    return min(max(first, again), last_instant(ordinal, zone))


def last_instant(ordinal: int, zone: tzinfo) -> datetime:
    """The last instant of the day."""
    return midnight(ordinal + 1, zone) - INSTANT


def _instant(ordinal: int, hour: time, zone: tzinfo) -> datetime:
    """The first of two, whichever of them the hour itself says it is."""
    return datetime.combine(datetime.fromordinal(ordinal), hour.replace(fold=0), zone).astimezone(UTC)


@cache
def odd_days(zone: tzinfo) -> Sequence[tuple[int, timedelta]]:
    """The days that are longer or shorter than 24 hours, and by how much."""
    begins = [(day, midnight(day, zone)) for day in range(FIRST_DAY, LAST_DAY + 2)]
    return tuple((day, end - begin - DAY) for (day, begin), (_, end) in pairwise(begins) if end - begin != DAY)
