"""Published years: what notices say of a year (`calendar-YYYY.yaml`, and `calendar-YYYY-N.yaml` for a later one)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from pathlib import Path

from libraries.deadlines import Calendar, DayFacts, Notice, Override
from libraries.deadlines.calendar import CHINA, is_weekday
from libraries.deadlines.china import holidays_by_law
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR
from libraries.policies.pack_files import YEAR
from libraries.policies.pack_files import years as named_years
from libraries.policies.rows import Fault, Row, read_document

DECEMBER = 12
MOST_NOTICES = 9
"""Of one year; more than two have never come."""
MOST_GIVEN = 3
"""Days off that a year may have beyond those by law and those that are worked at weekends; in 2020 it were so many."""


def with_published_years(calendar: Calendar, packs: Sequence[Path], faults: list[Fault]) -> Calendar:
    """The calendar with the notices that the packs publish. Of two files for one the more local one stands."""
    files: dict[tuple[int, int], tuple[Path, str]] = {}
    for pack in packs:
        for name in named_years(pack):
            year, order = place_of(name) or (0, 0)
            if FIRST_YEAR <= year <= LAST_YEAR:
                files.setdefault((year, order), (pack, name))
            else:
                reason = (
                    "must be named calendar-YYYY.yaml, or calendar-YYYY-N.yaml for the N-th notice of a year,"
                    f" with a year from {FIRST_YEAR} to {LAST_YEAR}"
                )
                faults.append(Fault(file=f"{pack.name}/{name}", line=1, reason=reason))
    if calendar.country != CHINA and files:
        why = f"no notice moves the holidays of {calendar.country}: days that differ stand in calendars.yaml"
        faults += [Fault(file=f"{pack.name}/{name}", line=1, reason=why) for pack, name in files.values()]
        return calendar
    for (year, order), (pack, name) in sorted(files.items()):
        head, rows = read_document(pack / name, f"{pack.name}/{name}", "days", faults)
        notice = _notice(head, year, order)
        before = calendar.notice(year, order - 1)
        if order == 1 and year > calendar.published_through.year + 1:
            head.refuse(f"the year {calendar.published_through.year + 1} is not published, and no year is left out")
        elif order > 1 and before is None:
            head.refuse(f"notice {order - 1} of {year} is not published, and none is left out")
        else:
            days = _days(rows, year, _given_before(calendar, year, order))
            calendar = calendar.with_year(notice, days)
            _in_order(head, notice, before)
            _balanced(head, year, calendar)
            if order == 1:
                _whole(head, year, days)
    return calendar


def place_of(name: str) -> tuple[int, int] | None:
    """The year that a file is about, and the number of its notice."""
    match = YEAR.fullmatch(name)
    return (int(match[1]), int(match[2] or 1)) if match else None


def file_name(year: int, order: int) -> str:
    return f"calendar-{year}.yaml" if order == 1 else f"calendar-{year}-{order}.yaml"


def _notice(head: Row, year: int, order: int) -> Notice:
    head.asked |= {"year", "notice"}
    source, published_on = head.text("source"), head.day("published_on")
    if head.values.get("year") != year:
        head.refuse(f"year must be {year}, as the name of the file has it", "year")
    if head.values.get("notice", 1) != order:
        head.refuse(f"notice must be {order}, as the name of the file has it", "notice")
    if published_on is not None and not year - 1 <= published_on.year <= year:
        head.refuse(f"published_on must lie in {year - 1} or {year}", "published_on")
    head.done()
    return Notice(year=year, source=source, published_on=published_on, order=order)


def _given_before(calendar: Calendar, year: int, order: int) -> frozenset[date]:
    """Days off that a notice which changes the year may take back."""
    first = (date(year - 1, DECEMBER, 1) if year > FIRST_YEAR else date(year, 1, 1)).toordinal()
    span = range(first, date(year, DECEMBER, 31).toordinal() + 1)
    free = (day for day in span if is_weekday(day) and not calendar.works(day))
    return frozenset(map(date.fromordinal, free)) if order > 1 else frozenset()


def _days(rows: Sequence[Row], year: int, given: AbstractSet[date]) -> dict[date, Override]:
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
        elif said.works and day in by_law and (day in given or not is_weekday(day.toordinal())):
            row.refuse(f"{_named(day, by_law)} and cannot be worked")
        elif said.works and is_weekday(day.toordinal()) and day not in given:
            row.refuse(f"{day} is no weekend: it works without being a make-up day")
        else:
            found[day] = said
    return found


def _in_order(head: Row, notice: Notice, before: Notice | None) -> None:
    dates = [one.published_on for one in (before, notice) if one is not None and one.published_on is not None]
    if len(dates) > 1 and dates[1] < dates[0]:
        head.refuse(f"published_on lies before {dates[0]}, the day of the notice that this one changes", "published_on")


def _whole(head: Row, year: int, days: Mapping[date, Override]) -> None:
    by_law = holidays_by_law(year)
    for day in by_law:
        if is_weekday(day.toordinal()) and day not in days:
            head.refuse(f"{_named(day, by_law)} and missing")


def _balanced(head: Row, year: int, calendar: Calendar) -> None:
    """A year's notices move days around: what they give beyond the holidays by law is worked at a weekend."""
    by_law = holidays_by_law(year)
    said: dict[int, DayFacts] = {}
    for notice in calendar.notices:
        if notice.year == year:
            said |= calendar.said_by(notice)
    days = {date.fromordinal(day): facts.works for day, facts in said.items()}
    given = sum(not works and is_weekday(day.toordinal()) and day not in by_law for day, works in days.items())
    made_up = sum(works and not is_weekday(day.toordinal()) for day, works in days.items())
    owed = made_up + sum(not is_weekday(day.toordinal()) for day in by_law)
    if given - owed > MOST_GIVEN:
        head.refuse(
            f"gives {given - owed} days off more than the law and its make-up days; none since 2007 gave more than"
            f" {MOST_GIVEN}: a place that rests on more days says so in calendars.yaml"
        )


def _named(day: date, by_law: Mapping[date, tuple[str, str]]) -> str:
    return f"{day} is a holiday by law ({' / '.join(by_law[day])})"


def override(row: Row) -> Override:
    """What a row says of its days."""
    if "works" not in row.values:
        row.refuse("works is missing")
    return Override(works=row.flag("works"), zh=row.text("zh"), en=row.text("en"))
