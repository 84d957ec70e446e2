"""Holidays of a country, or of a part of it, as the package `holidays` carries them."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final, cast

import holidays
from holidays.observed_holiday_base import ObservedHolidayBase
from holidays.registry import COUNTRIES

from libraries.deadlines.calendar import CHINA, MAKE_UP, DayFacts, DayReason, Named
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR

WEEKEND: Final = {5, 6}


class UnknownHolidays(ValueError):
    """The package has no such country or part of it, or its weeks are not counted here; the text says which."""


@cache
def holidays_of(country: str) -> type[ObservedHolidayBase]:
    """By ISO 3166. Asked for by that name, the package reads 250 countries, longer than a whole policy takes."""
    name, kind = next(((name, kind) for name, (kind, code, *_) in COUNTRIES.items() if code == country), ("", ""))
    path = Path(holidays.__file__).with_name("countries") / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"holidays_of_{name}", path) if name else None
    if spec is None or spec.loader is None:
        raise UnknownHolidays(f"{country} is no country that the package holidays knows")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("type[ObservedHolidayBase]", getattr(module, kind))


@cache
def days_by_law(place: str) -> Named:
    """The days off of a country, or of a part of it, in all years: `IE`, `CA-NS`. Raises `UnknownHolidays`."""
    country, _, part = place.partition("-")
    kind = holidays_of(country)
    if part and (country == CHINA or part not in kind.subdivisions):
        raise UnknownHolidays(f"{place}: the package holidays knows {', '.join(kind.subdivisions) or 'no parts of it'}")
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    english = next((one for one in kind.supported_languages if one.startswith("en")), kind.default_language)
    chinese = next((one for one in kind.supported_languages if one.startswith("zh")), english)
    found, names = (kind(years=years, subdiv=part or None, language=language) for language in (chinese, english))
    if found.weekend != WEEKEND or "_get_weekend" in vars(kind):
        raise UnknownHolidays(f"{country} has another weekend than Saturday and Sunday, which cannot be counted yet")
    named = {
        day.toordinal(): DayFacts(works=False, reason=DayReason.HOLIDAY, zh=name, en=names.get(day, name))
        for day, name in found.items()
        if FIRST_YEAR <= day.year <= LAST_YEAR
    }
    return named | {day.toordinal(): MAKE_UP for day in found.weekend_workdays if FIRST_YEAR <= day.year <= LAST_YEAR}
