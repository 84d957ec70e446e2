"""Areas and the offices that stand in them, as the rows of a pack say, and for each stretch of days."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, time

from contracts.codes import AreaLevel
from libraries.policies.cells import AREA_FORM, EMAIL_FORM, PHONE_FORM, ROLE_FORM
from libraries.policies.model import Office, Period
from libraries.policies.rows import Row
from libraries.policies.tree import A_DAY, Area, Tree, whole
from libraries.policies.validity import validity_faults

CHANNELS = frozenset({"http", "kafka"})
LEVEL_OF = {level.value: level for level in AreaLevel}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeRow:
    """One row of offices.yaml: a role, and where and how long it has an office."""

    role: str
    zh: str
    en: str
    levels: frozenset[AreaLevel]
    only: frozenset[str]
    channels: frozenset[str]
    close_of_business: time | None
    valid_from: date | None
    """First and last day on which it is so; without them always."""
    valid_until: date | None
    successor: str | None
    outside: bool
    where: str
    email: str = ""
    phone: str = ""

    def names(self, area: Area) -> bool:
        """Whether it is about this very area: then it stands alone, for whatever days, before rows about all."""
        return area.level in self.levels and area.code in self.only

    def there_on(self, day: date) -> bool:
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


def areas(rows: Sequence[Row]) -> tuple[Area, ...]:
    """The rows in order; one code may stand in several, one after the other."""
    found: list[Area] = []
    known: set[str] = set()
    for row in rows:
        area = _area(row, known)
        if area is not None:
            found.append(area)
            known.add(area.code)
    lines = {f"{row.file}:{row.line}": row for row in rows}
    for where, reason in validity_faults(found):
        lines[where].refuse(reason)
    return tuple(found)


def _area(row: Row, known: AbstractSet[str]) -> Area | None:
    code, parent = row.code("code", AREA_FORM), row.code("parent", AREA_FORM, "")
    name, given = row.text("name"), row.text("level")
    first, last = day_of(row, "valid_from"), day_of(row, "valid_until")
    successors = tuple(map(whole, row.codes("successor", AREA_FORM)))
    heir, source = row.code("open_work_to", AREA_FORM, ""), row.text("source", "")
    above, level = whole(parent) if parent else None, LEVEL_OF.get(given)
    if not AREA_FORM.fits(code):
        return None
    if level is None:
        row.refuse(f"unknown level {given}")
    elif above is not None and above not in known:
        # A parent stands before its children, so a circle cannot be written down.
        row.refuse(f"parent {parent} is not listed above")
    else:
        return Area(
            code=whole(code),
            name=name,
            level=level,
            parent=above,
            valid_from=first,
            valid_until=last,
            successors=successors,
            open_work_to=whole(heir) if heir else successors[0] if len(successors) == 1 else None,
            source=source,
            where=row.where,
        )
    return None


def day_of(row: Row, name: str) -> date | None:
    """A civil day, if one is given."""
    row.asked.add(name)
    return row.day(name) if row.values.get(name) not in (None, "") else None


def office_rows(rows: Sequence[Row], known: Iterable[Area]) -> tuple[OfficeRow, ...]:
    """The rows of offices.yaml, the most local first."""
    found: list[OfficeRow] = []
    codes = {area.code for area in known}
    for row in rows:
        role, zh, en = row.code("role", ROLE_FORM), row.text("zh"), row.text("en")
        levels, channels = row.texts("levels"), frozenset(row.texts("channels"))
        only = {whole(code) for code in row.codes("areas", AREA_FORM)}
        closes = row.hour("close_of_business")
        first, last, heir = day_of(row, "valid_from"), day_of(row, "valid_until"), row.text("successor", "")
        outside = row.flag("outside") if "outside" in row.values else False
        email, phone = row.text("email", ""), row.code("phone", PHONE_FORM, "")
        if email and not EMAIL_FORM.fits(email.replace("{code}", "0")):
            row.refuse(f"email {email}: {EMAIL_FORM.message}", "email")
        row.done()
        for level in set(levels) - set(AreaLevel):
            row.refuse(f"unknown level {level}")
        for channel in channels - CHANNELS:
            row.refuse(f"unknown channel {channel}")
        for code in only - codes:
            row.refuse(f"unknown area {code}")
        found.append(
            OfficeRow(
                role=role,
                zh=zh,
                en=en,
                levels=frozenset(AreaLevel(level) for level in levels if level in set(AreaLevel)),
                only=frozenset(only),
                channels=channels | {"http"},
                close_of_business=closes,
                valid_from=first,
                valid_until=last,
                successor=heir or None,
                outside=outside,
                email=email,
                phone=phone,
                where=f"{row.file}:{row.line}",
            )
        )
    lines = {f"{row.file}:{row.line}": row for row in rows}
    for where, reason in _ends(found):
        lines[where].refuse(reason)
    return tuple(found)


def _ends(rows: Sequence[OfficeRow]) -> Iterator[tuple[str, str]]:
    """An office may end only where somebody has its work."""
    roles = {row.role for row in rows}
    for row in rows:
        if row.successor is not None and row.successor not in roles:
            yield row.where, f"no office has the role {row.successor}"
        if row.successor is not None and row.valid_until is None:
            yield row.where, "a successor needs the day on which the office ends: valid_until"
        if row.valid_from is not None and row.valid_until is not None and row.valid_until < row.valid_from:
            yield row.where, "valid_until lies before valid_from"
        if row.valid_until is not None and (row.successor in (None, row.role)):
            after = row.valid_until + A_DAY
            alike = (one for one in rows if one.role == row.role and one.only == row.only and one is not row)
            if not any((one.valid_from or date.min) <= after <= (one.valid_until or date.max) for one in alike):
                yield row.where, f"the office ends and nobody has its work on {after}: name a role as successor"


def offices_on(rows: Sequence[OfficeRow], tree: Tree, day: date) -> dict[str, Office]:
    """One office per role and area; a more local row comes first and stands."""
    found: dict[str, Office] = {}
    at_level: defaultdict[AreaLevel, list[Area]] = defaultdict(list)
    for area in tree.areas.values():
        at_level[area.level].append(area)
    for number, row in enumerate(rows):
        if not row.there_on(day):
            continue
        named = [one for one in rows[:number] if one.only and one.role == row.role and not row.only]
        for area in (area for level in AreaLevel if level in row.levels for area in at_level[level]):
            code = f"{row.role}-{area.code}"
            mine = not row.only or area.code in row.only
            if mine and code not in found and not any(one.names(area) for one in named):
                found[code] = Office(
                    code=code,
                    role=row.role,
                    area=area.code,
                    zh=row.zh.replace("{area}", area.name),
                    en=row.en.replace("{area}", area.name),
                    channels=row.channels,
                    close_of_business=row.close_of_business,
                    successor=row.successor,
                    outside=row.outside,
                    email=row.email.replace("{code}", area.code),
                    phone=row.phone,
                )
    return found


def periods(known: Sequence[Area], rows: Sequence[OfficeRow]) -> tuple[Period, ...]:
    """One for each day on which something of the places changes, in order; the first is from ever."""
    days = {area.valid_from for area in known if area.valid_from is not None}
    days |= {area.valid_until + A_DAY for area in known if area.valid_until is not None}
    days |= {row.valid_from for row in rows if row.valid_from is not None}
    days |= {row.valid_until + A_DAY for row in rows if row.valid_until is not None}
    found = []
    for day in (date.min, *sorted(days)):
        tree = Tree.on(known, day)
        found.append(Period(since=day, tree=tree, offices=offices_on(rows, tree, day)))
    return tuple(found)
