"""What pack.yaml says of the place itself: its clocks, the country whose holidays it has, and its language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache
from importlib import resources
from typing import Final, Literal
from zoneinfo import ZoneInfo

from libraries.deadlines import Calendar
from libraries.deadlines.countries import UnknownHolidays
from libraries.deadlines.national import calendar_of
from libraries.policies.cells import COUNTRY_FORM, ZONE_FORM
from libraries.policies.rows import Row, read_heading

Language = Literal["zh", "en"]

TIME_ZONE, HOLIDAYS, LANGUAGE = "time_zone", "holidays", "language"
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pack holds. What it does not say itself its parents say, or else what held before packs said it."""

    zone: tzinfo
    """By whose clocks its days begin and end."""
    language: Language
    """Of pages and answers, where nobody asked for another."""
    calendar: Calendar
    """Of the whole country."""


def place_of(packs: Sequence[Row]) -> Place:
    """The nearest pack that says something of it counts; each is looked at, so that none says it wrongly."""
    chain = [*packs, _defaults()]
    for entry in packs:
        entry.asked |= {TIME_ZONE, HOLIDAYS, LANGUAGE}
    zone, *_ = [_zone(entry) for entry in chain if TIME_ZONE in entry.values]
    language, *_ = [_language(entry) for entry in chain if LANGUAGE in entry.values]
    calendar, *_ = [_calendar(entry, zone) for entry in chain if HOLIDAYS in entry.values]
    return Place(zone=zone, language=language, calendar=calendar)


@cache
def default_place() -> Place:
    """For commands that read no pack."""
    return place_of([])


@cache
def _defaults() -> Row:
    with resources.as_file(resources.files("libraries.policies") / "defaults") as folder:
        return read_heading(folder, [])


def _zone(entry: Row) -> tzinfo:
    name = entry.code(TIME_ZONE, ZONE_FORM)
    if not ZONE_FORM.fits(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        entry.refuse(f"{TIME_ZONE} {name}: {ZONE_FORM.message}", TIME_ZONE)
        return UTC


def _calendar(entry: Row, zone: tzinfo) -> Calendar:
    name = entry.code(HOLIDAYS, COUNTRY_FORM)
    if COUNTRY_FORM.fits(name):
        try:
            return calendar_of(name, zone)
        except UnknownHolidays as error:
            entry.refuse(f"{HOLIDAYS} {error}", HOLIDAYS)
    return default_place().calendar


def _language(entry: Row) -> Language:
    name = entry.text(LANGUAGE)
    for language in LANGUAGES:
        if name == language:
            return language
    if name:
        entry.refuse(f"{LANGUAGE} {name}: pages are there in {' and '.join(LANGUAGES)}", LANGUAGE)
    return LANGUAGES[0]
