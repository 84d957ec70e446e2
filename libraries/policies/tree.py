"""The tree of areas as it stands on a day, and what became of the areas that are no more."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import Final

from contracts.codes import AreaLevel

AREA_DIGITS: Final = 12
LEVELS: Final = (2, 4, 6, 9, 12)
"""Digits of a division code that name its province, city, county, township and village."""
A_DAY: Final = timedelta(days=1)


def whole(code: str) -> str:
    """A code of 2, 4, 6, 9 or 12 digits, with all 12."""
    return code.ljust(AREA_DIGITS, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One row: an area for as long as its code, name and parent are what they are here."""

    code: str
    """Statistical division code, always 12 digits here."""
    name: str
    level: AreaLevel
    parent: str | None
    valid_from: date | None = None
    """First and last day on which it is so; without them always."""
    valid_until: date | None = None
    successors: tuple[str, ...] = ()
    """Who has its ground afterwards: one for a merger or a new code, several for a split."""
    open_work_to: str | None = None
    """The one of them that goes on with its open work."""
    source: str = ""
    where: str = ""
    """File and line."""

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and not self.ended_on(day)

    def ended_on(self, day: date) -> bool:
        return self.valid_until is not None and self.valid_until < day


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """The areas of one day. "Is within" is what this says, for rules, rights and figures alike."""

    areas: Mapping[str, Area]
    ended: Mapping[str, Area] = field(default_factory=dict)
    """By code, areas that have no row for the day any more, each as it was last."""

    renumbered: frozenset[str] = frozenset()
    """Those that only got another code: whatever lay in them keeps the rest of its digits."""
    strays: frozenset[str] = frozenset()
    """Codes that no row knows and that stand in what is kept all the same."""
    _runs: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Answers that were given before."""

    @classmethod
    def on(cls, rows: Iterable[Area], day: date) -> "Tree":
        rows = tuple(rows)
        areas = {row.code: row for row in rows if row.holds_on(day)}
        past = sorted((row for row in rows if row.ended_on(day) and row.code not in areas), key=_last_day)
        return cls(areas=areas, ended={row.code: row for row in past}, renumbered=only_renumbered(rows))

    def place(self, code: str) -> Area | None:
        """Where a code lies today: the area itself, or whoever has its work since it ended.

        What no row knows lies in the nearest area that its digits name, so that nothing is ever nowhere.
        """
        asked = whole(code)
        found = self.areas.get(self._now.get(asked, asked))
        if found is not None:
            return found
        for digits in reversed(LEVELS[:-1]):
            above = whole(asked[:digits])
            if above in self.ended and above in self.renumbered:
                return self.place(renumbered(asked, above, self.ended[above].successors[0]))
            if (now := self._now.get(above, above)) in self.areas:
                return self.areas[now]
        return None

    def has_ended(self, code: str) -> bool:
        return whole(code) in self.ended

    def upwards(self, code: str) -> Iterator[Area]:
        """The place of a code and the areas above it, nearest first."""
        area = self.place(code)
        while area is not None:
            yield area
            area = self.areas.get(area.parent) if area.parent else None

    def within(self, code: str, area: str) -> bool:
        """Whether a code lies in an area or is the same place."""
        ground = self.place(area)
        return ground is not None and any(above.code == ground.code for above in self.upwards(code))

    def codes_within(self, area: str) -> tuple[str, ...]:
        """Every code that lies in an area: today's, those of areas that ended, and strays."""
        ground = self.place(area)
        if ground is None:
            return ()
        codes = [ground.code]
        for code in codes:
            codes += self._below.get(code, ())
        inside = set(codes)
        codes += [code for code, now in self._now.items() if now in inside]
        codes += [code for code in self.strays if (found := self.place(code)) and found.code in inside]
        return tuple(codes)

    def ranges_within(self, area: str) -> tuple[tuple[str, str], ...]:
        """The same codes as runs in the order of all: no other known code lies between the ends of one."""
        ground = self.place(area)
        if ground is None:
            return ()
        if ground.code not in self._runs:
            self._runs[ground.code] = tuple(self._found_runs(ground.code))
        return self._runs[ground.code]

    def _found_runs(self, area: str) -> Iterator[tuple[str, str]]:
        codes = set(self.codes_within(area))
        for inside, run in groupby(self._in_order, codes.__contains__):
            if inside:
                first, *others = run
                yield first, others[-1] if others else first

    def part_of(self, code: str, area: str) -> str:
        """The area right below `area` in which a code lies; the place itself where there is none."""
        found = ""
        for above in self.upwards(code):
            if above.code == area:
                return found or above.code
            found = above.code
        return found

    @cached_property
    def _in_order(self) -> tuple[str, ...]:
        return tuple(sorted({*self.areas, *self.ended, *self.strays}))

    @cached_property
    def _now(self) -> Mapping[str, str]:
        """The area of today that has the work of each that ended; by the parent's where nobody else is named."""
        found: dict[str, str] = {}
        for code in self.ended:
            heir: str | None = code
            # As many steps as there are areas that ended: a chain that loading let through has an end.
            for _ in self.ended:
                heir = self._heir(heir)
                if heir is None or heir in self.areas:
                    break
            if heir in self.areas and heir is not None:
                found[code] = heir
        return found

    def _heir(self, code: str | None) -> str | None:
        row = self.ended.get(code) if code is not None else None
        if row is None:
            return None
        if row.open_work_to is not None:
            return row.open_work_to
        if row.parent in self.ended and row.parent in self.renumbered:
            return renumbered(row.code, row.parent, self.ended[row.parent].successors[0])
        return row.parent

    @cached_property
    def _below(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for area in self.areas.values():
            if area.parent is not None:
                found[area.parent].append(area.code)
        return found


def only_renumbered(rows: Iterable[Area]) -> frozenset[str]:
    """Areas whose one successor began when they ended, and succeeds nobody else."""
    rows = tuple(rows)
    begun = {(row.code, row.valid_from) for row in rows if row.valid_from is not None}
    heirs = Counter(code for row in rows for code in row.successors)
    return frozenset(
        row.code
        for row in rows
        if len(row.successors) == 1
        and heirs[row.successors[0]] == 1
        and row.valid_until is not None
        and (row.successors[0], row.valid_until + A_DAY) in begun
    )


def renumbered(code: str, above: str, now: str) -> str:
    """The code of a part whose whole got another one: the rest of the digits stays."""
    digits = next(level for level in LEVELS if not above[level:].strip("0"))
    return now[:digits] + code[digits:]


def _last_day(row: Area) -> date:
    return row.valid_until or date.max
