"""Whose days differ from the nation's: overrides of places, roles and offices (`calendars.yaml`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from libraries.deadlines import Calendar, Override
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR
from libraries.policies.cells import AREA_FORM, NAME_FORM, ROLE_FORM
from libraries.policies.model import Office, Policy
from libraries.policies.rows import Row
from libraries.policies.years import override

LONGEST = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whom an override concerns; what is empty leaves nobody out."""

    areas: tuple[str, ...]
    roles: tuple[str, ...]
    offices: tuple[str, ...]

    @property
    def everywhere(self) -> bool:
        return not (self.areas or self.roles or self.offices)

    def concerns(self, office: Office, policy: Policy) -> bool:
        return (
            (not self.areas or any(policy.within(office.area, area) for area in self.areas))
            and (not self.roles or office.role in self.roles)
            and (not self.offices or office.code in self.offices)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDays:
    """What a row changes of the national calendar; `where` is file and line."""

    scope: Scope
    days: Mapping[date, Override]
    works: bool
    cites: bool
    """Whether a law says so, with its article."""
    where: str


def local_calendars(
    found: Sequence[LocalDays], policy: Policy, calendar: Calendar
) -> tuple[Calendar, dict[str, Calendar]]:
    """The calendar of all, and those of the offices that differ from it. The first row that names a day stands."""
    common = [one.days for one in found if one.scope.everywhere]
    groups: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for office in policy.offices.values():
        groups[tuple(n for n, one in enumerate(found) if one.scope.concerns(office, policy))].append(office.code)
    everywhere = calendar.with_overrides(_merged(common)) if common else calendar
    calendars: dict[str, Calendar] = {}
    for numbers, codes in groups.items():
        if any(not found[number].scope.everywhere for number in numbers):
            local = calendar.with_overrides(_merged(found[number].days for number in numbers))
            calendars |= dict.fromkeys(codes, local)
    return everywhere, calendars


def _merged(parts: Iterable[Mapping[date, Override]]) -> dict[date, Override]:
    merged: dict[date, Override] = {}
    for days in parts:
        merged = {**days, **merged}
    return merged


def local_days(rows: Sequence[Row], policy: Policy, calendar: Calendar) -> Iterator[LocalDays]:
    """The rows of calendars.yaml in order."""
    seen: set[tuple[str, Scope, date]] = set()
    for row in rows:
        scope, given, span = _scope(row, policy), override(row), _span(row)
        source, article, statutory = row.text("source"), row.text("article", ""), row.flag("statutory")
        row.done()
        changed = [day for day in span if calendar.works(day.toordinal()) is not given.works]
        twice = [day for day in changed if (row.file, scope, day) in seen]
        if span and not changed:
            row.refuse(f"{span[0]} {'works' if given.works else 'does not work'} anyway")
        elif twice:
            row.refuse(f"{twice[0]} stands here twice for the same offices")
        else:
            seen |= {(row.file, scope, day) for day in changed}
            yield LocalDays(
                scope=scope,
                days=dict.fromkeys(changed, given),
                works=given.works,
                cites=bool(statutory and source and article),
                where=row.where,
            )


def _scope(row: Row, policy: Policy) -> Scope:
    areas, roles, offices = (
        row.codes(name, form) for name, form in (("areas", AREA_FORM), ("roles", ROLE_FORM), ("offices", NAME_FORM))
    )
    scope = Scope(areas=areas, roles=roles, offices=offices)
    known = {office.role for office in policy.offices.values()}
    for area in scope.areas:
        if not policy.knows_area(area):
            row.refuse(f"unknown area {area}")
    for role in scope.roles:
        if known and role not in known:
            row.refuse(f"unknown role {role}")
    for office in scope.offices:
        if office not in policy.offices:
            row.refuse(f"unknown office {office}")
    return scope


def _span(row: Row) -> list[date]:
    """One day, or all from one to another."""
    if "date" in row.values:
        first = last = row.day("date")
        for name in sorted({"from", "to"} & set(row.values)):
            row.asked.add(name)
            row.refuse(f"{name} does not go with date")
    else:
        first, last = row.day("from"), row.day("to")
    if first is None or last is None:
        return []
    if not FIRST_YEAR <= first.year <= last.year <= LAST_YEAR:
        row.refuse(f"the calendar covers {FIRST_YEAR} to {LAST_YEAR}")
    elif last < first:
        row.refuse("to lies before from")
    elif (last - first).days >= LONGEST:
        row.refuse(f"covers more than {LONGEST} days")
    else:
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return []
