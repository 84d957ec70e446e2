"""What must hold of areas that begin, end and follow each other, so that no work is ever left without an area."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import pairwise

from libraries.policies.tree import A_DAY, LEVELS, Area, only_renumbered, renumbered

Note = tuple[str, str]
"""File and line, and what is wrong there."""
Rows = Mapping[str, Sequence[Area]]
"""By code, one row behind the other."""


def validity_faults(areas: Iterable[Area]) -> Iterator[Note]:
    """Gaps, overlaps, ends without a successor, splits that do not say who takes the open work."""
    areas = tuple(areas)
    same = only_renumbered(areas)
    of_code: defaultdict[str, list[Area]] = defaultdict(list)
    for area in areas:
        of_code[area.code].append(area)
    for rows in of_code.values():
        yield from _one_after_the_other(rows)
    for rows in of_code.values():
        for area in rows:
            yield from _of_one(area)
            yield from _handed_on(area, of_code, same)
            yield from _under_its_parent(area, of_code)


def _one_after_the_other(rows: list[Area]) -> Iterator[Note]:
    rows.sort(key=lambda area: area.valid_from or date.min)
    for earlier, later in pairwise(rows):
        if earlier.valid_until is None or later.valid_from is None or later.valid_from <= earlier.valid_until:
            yield later.where, f"area {short(later.code)} stands here twice for the same days"
        elif later.valid_from > earlier.valid_until + A_DAY and not earlier.successors:
            days = f"from {earlier.valid_until + A_DAY} to {later.valid_from - A_DAY}"
            yield later.where, f"area {short(later.code)} is nowhere {days}; name a successor in the row before"


def _of_one(area: Area) -> Iterator[Note]:
    first, last = area.valid_from, area.valid_until
    if first is not None and last is not None and last < first:
        yield area.where, "valid_until lies before valid_from"
    if area.successors and last is None:
        yield area.where, "a successor needs the day on which the area ends: valid_until"
    if area.code in area.successors:
        yield area.where, "an area does not succeed itself: a new row with the same code and valid_from goes on with it"
    if len(area.successors) > 1 and area.open_work_to is None:
        yield area.where, "a split must say in open_work_to which successor takes the open work"
    if area.open_work_to is not None and area.open_work_to not in area.successors:
        yield area.where, "open_work_to must be one of the successors"


def _handed_on(area: Area, of_code: Rows, same: AbstractSet[str]) -> Iterator[Note]:
    """Whoever goes on must be there on the day after, so a chain of successors always has an end."""
    if area.valid_until is None:
        return
    after = area.valid_until + A_DAY
    for successor in area.successors:
        if successor not in of_code:
            yield area.where, f"unknown successor {short(successor)}"
        elif not _there(of_code[successor], after):
            yield area.where, f"successor {short(successor)} is not there on {after}, the day after"
    goes_on = _there(of_code[area.code], after) or _goes_with_parent(area, of_code, same, after)
    if not area.successors and not goes_on:
        yield area.where, f"area {short(area.code)} ends and nobody has its work: name a successor"


def _goes_with_parent(area: Area, of_code: Rows, same: AbstractSet[str], after: date) -> bool:
    """Whether its whole got another code that day: then the part with the same further digits goes on."""
    if area.parent is None or area.parent not in same:
        return False
    above = area.parent
    now = (row.successors[0] for row in of_code[above] if row.valid_until == area.valid_until and row.successors)
    return any(_there(of_code.get(renumbered(area.code, above, one), ()), after) for one in now)


def _under_its_parent(area: Area, of_code: Rows) -> Iterator[Note]:
    """The parent must be there as long as the area is."""
    if area.parent is None:
        return
    above = of_code[area.parent]
    first, last = area.valid_from or date.min, area.valid_until or date.max
    day = first
    while day <= last:
        row = next((one for one in above if one.holds_on(day)), None)
        if row is None:
            yield area.where, f"parent {short(area.parent)} is not there on {_named(day)}: end the area or move it"
            return
        if row.valid_until is None:
            return
        day = row.valid_until + A_DAY


def _named(day: date) -> str:
    return "its first days" if day == date.min else str(day)


def _there(rows: Iterable[Area], day: date) -> bool:
    return any(area.holds_on(day) for area in rows)


def short(code: str) -> str:
    """As people write it: without the zeros that fill it up."""
    return next(code[:digits] for digits in LEVELS if not code[digits:].strip("0"))
