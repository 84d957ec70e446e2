"""The calendar of a whole country, whichever it is."""

from datetime import tzinfo
from functools import cache

from libraries.deadlines.calendar import CHINA, Calendar
from libraries.deadlines.china import statutory_calendar
from libraries.deadlines.countries import days_by_law


@cache
def calendar_of(place: str, zone: tzinfo) -> Calendar:
    """By ISO 3166: `CN`, `IE`, `CA-NS`. Raises `UnknownHolidays`."""
    if place == CHINA:
        return statutory_calendar(zone)
    return Calendar(days_by_law(place), (), zone, country=place)
