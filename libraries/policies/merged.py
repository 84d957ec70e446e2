"""A pack with its parents as one view: each value with the file, the line and the pack from which it comes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from libraries.policies.load import pack_chain
from libraries.policies.pack_files import HEADING, LISTS, TABLES, years
from libraries.policies.rows import Fault, Row, read_document, read_heading, read_rows

PARTS = tuple(sorted(name.partition(".")[0] for name in (HEADING, *TABLES, *LISTS, "calendar.yaml")))
OF_ITSELF = frozenset({"name", "parent", "zh", "en", "effective_from"})
"""Of a heading: about the pack alone."""
ADDS_UP = frozenset({"accepted_by_clerk"})


class Value(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: Any
    where: str
    """File and line."""


class MergedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one part stand in the order in which they are tried: the most local pack first."""

    part: str
    pack: str
    where: str
    values: tuple[Value, ...]


def merged(folder: Path, parts: frozenset[str] = frozenset()) -> Iterator[MergedRow]:
    """The rows of these parts, or of all. The pack is a right one: what is wrong with it is passed over."""
    packs, faults = pack_chain(folder), list[Fault]()
    wanted = [name for name in (*TABLES, *LISTS) if not parts or name.partition(".")[0] in parts]
    if not parts or "pack" in parts:
        yield from _headings([read_heading(pack, faults) for pack in packs])
    for name in wanted:
        for pack in packs:
            for row in read_rows(pack, name, faults):
                yield _shown(name.partition(".")[0], row)
    if not parts or "calendar" in parts:
        for pack in packs:
            for name in years(pack):
                head, days = read_document(pack / name, f"{pack.name}/{name}", "days", faults)
                yield from (_shown("calendar", row) for row in (head, *days))


def _headings(rows: list[Row]) -> Iterator[MergedRow]:
    """What a pack says of itself, and of the rest what no more local one says."""
    said: set[str] = set()
    for place, row in enumerate(rows):
        known = said | OF_ITSELF if place else said
        names = [name for name in row.values if name in ADDS_UP or name not in known]
        said |= set(names)
        if names:
            yield _shown("pack", row, names)


def _shown(part: str, row: Row, names: list[str] | None = None) -> MergedRow:
    given = row.values if names is None else {name: row.values[name] for name in names}
    values = tuple(
        Value(name=name, value=value, where=f"{row.file}:{row.lines.get(name, row.line)}")
        for name, value in given.items()
        if value not in (None, "")
    )
    return MergedRow(part=part, pack=row.file.partition("/")[0], where=row.where, values=values)
