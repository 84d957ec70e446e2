"""Published years: what a pack knows of a year's holidays and make-up days (`calendar-YYYY.yaml`)."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from services.deadlines import Calendar, Notice, Override
from services.deadlines.calendar import holidays_by_law, is_weekday
from services.deadlines.limits import FIRST_YEAR, LAST_YEAR
from services.policies.pack_files import YEAR
from services.policies.pack_files import years as named_years
from services.policies.reading import Entry, Fault, document

DECEMBER = 12
MOST_GIVEN = 3
"""Days off that a year may have beyond those by law and those that are worked at weekends; in 2020 it were so many."""


def with_published_years(calendar: Calendar, packs: Sequence[Path], faults: list[Fault]) -> Calendar:
    """The calendar with the years that the packs publish. Of two files for one year the more local one stands."""
    files: dict[int, tuple[Path, str]] = {}
    for pack in packs:
        for name in named_years(pack):
            match = YEAR.fullmatch(name)
            year = int(match[1]) if match else 0
            if FIRST_YEAR <= year <= LAST_YEAR:
                files.setdefault(year, (pack, name))
            else:
                reason = f"must be named calendar-YYYY.yaml, with a year from {FIRST_YEAR} to {LAST_YEAR}"
                faults.append(Fault(file=f"{pack.name}/{name}", line=1, reason=reason))
    for year, (pack, name) in sorted(files.items()):
        head, rows = document(pack / name, f"{pack.name}/{name}", "days", faults)
        notice = _notice(head, year)
        days = _days(rows, year)
        _whole(head, year, days)
        _balanced(head, year, days)
        if year > calendar.published_through.year + 1:
            head.refuse(f"the year {calendar.published_through.year + 1} is not published, and no year is left out")
        else:
            calendar = calendar.with_year(notice, days)
    return calendar


def _notice(head: Entry, year: int) -> Notice:
    head.asked.add("year")
    source, published_on = head.text("source"), head.day("published_on")
    if head.values.get("year") != year:
        head.refuse(f"year must be {year}, as the name of the file has it", "year")
    if published_on is not None and not year - 1 <= published_on.year <= year:
        head.refuse(f"published_on must lie in {year - 1} or {year}", "published_on")
    head.done()
    return Notice(year=year, source=source, published_on=published_on)


def _days(rows: Sequence[Entry], year: int) -> dict[date, Override]:
    found: dict[date, Override] = {}
    by_law = holidays_by_law(year)
    for row in rows:
        day, said = row.day("date"), override(row)
        row.done()
        if day is None:
            continue
        if not (day.year == year or (day.year == year - 1 and day.month == DECEMBER)):
            row.refuse(f"{day} does not lie in {year} or the December before")
        elif day in found:
            row.refuse(f"{day} stands here twice")
        elif said.works and is_weekday(day.toordinal()):
            row.refuse(f"{day} is no weekend: it works without being a make-up day")
        elif said.works and day in by_law:
            row.refuse(f"{_named(day, by_law)} and cannot be worked")
        else:
            found[day] = said
    return found


def _whole(head: Entry, year: int, days: dict[date, Override]) -> None:
    by_law = holidays_by_law(year)
    for day in by_law:
        if is_weekday(day.toordinal()) and day not in days:
            head.refuse(f"{_named(day, by_law)} and missing")


def _balanced(head: Entry, year: int, days: Mapping[date, Override]) -> None:
    """A notice moves days around: what it gives beyond the holidays by law is worked at a weekend."""
    by_law = holidays_by_law(year)
    given = sum(not said.works and is_weekday(day.toordinal()) and day not in by_law for day, said in days.items())
    owed = sum(said.works for said in days.values()) + sum(not is_weekday(day.toordinal()) for day in by_law)
    if given - owed > MOST_GIVEN:
        head.refuse(
            f"gives {given - owed} days off more than the law and its make-up days; none since 2007 gave more than"
            f" {MOST_GIVEN}: a place that rests on more days says so in calendars.yaml"
        )


def _named(day: date, by_law: Mapping[date, tuple[str, str]]) -> str:
    return f"{day} is a holiday by law ({' / '.join(by_law[day])})"


def override(row: Entry) -> Override:
    """What a row says of its days."""
    if "works" not in row.values:
        row.refuse("works is missing")
    return Override(works=row.flag("works"), zh=row.text("zh"), en=row.text("en"))
