"""Tables as people save them: with commas, semicolons or tabs between their cells, and what a spreadsheet adds."""

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from libraries.policies.decoding import LONGEST_VALUE, Note, UnreadableText

SEPARATORS: Final = (",", ";", "\t", "，", "；")
MOST_ROWS: Final = 200_000
MOST_SIGNS: Final = 1 << 30
SAID_SEPARATOR: Final = re.compile(r"sep=(.)")
"""The first line that a spreadsheet may put before the heading."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the heading of a table must name, and what it may."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.needed + self.optional


Row = tuple[int, dict[str, str]]


def table(text: str, columns: Columns, faults: list[Note]) -> Iterator[Row]:
    """Each row with its line, its cells by column. Raises `Unreadable`; lesser faults are noted."""
    if not text.strip():
        raise UnreadableText(1, f"is empty: it begins with a line that names its columns, {', '.join(columns.all)}")
    lines, first = _after_separator(text)
    separator = _separator(lines, columns)
    named: list[str] | None = None
    # A cell may be as long as the file, which is bounded: it is measured below, with the line on which it stands.
    csv.field_size_limit(MOST_SIGNS)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
    line = first
    try:
        for number, cells in enumerate(reader):
            if number > MOST_ROWS:
                raise UnreadableText(line, f"holds more than {MOST_ROWS} rows")
            if named is None and any(map(str.strip, cells)):
                named = _heading(cells, columns, line, faults)
            elif named is not None and any(map(str.strip, cells)):
                yield from _row(cells, named, separator, line, faults)
            line = first + reader.line_num
    except csv.Error as error:
        raise UnreadableText(line, f"cannot be read as a table: {error}; look at the quotation marks") from None


def _after_separator(text: str) -> tuple[str, int]:
    """The lines from the heading on, and the number of the first of them."""
    head, _, rest = text.partition("\n")
    return (rest, 2) if SAID_SEPARATOR.fullmatch(head.strip("\r\"' ")) else (text, 1)


def _separator(lines: str, columns: Columns) -> str:
    """The one by which the heading names most of the columns."""
    read_heading = next((line for line in lines.splitlines() if line.strip()), "")

    def known(separator: str) -> int:
        return len({_name(cell) for cell in read_heading.split(separator)} & set(columns.all))

    return max(SEPARATORS, key=known)


def _heading(cells: Sequence[str], columns: Columns, line: int, faults: list[Note]) -> list[str]:
    """The columns in order; what has no name is empty, and so is what has a wrong one or a second one."""
    found: list[str] = []
    for cell in cells:
        name = _name(cell)
        if name and name not in columns.all:
            near = difflib.get_close_matches(name, columns.all, 1)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(columns.all)}"
            faults.append((line, f"unknown column {name}: {meant}"))
        elif name and name in found:
            faults.append((line, f"column {name} stands here twice"))
        found.append(name if name in columns.all and name not in found else "" if not name else f"?{name}")
    missing = [name for name in columns.needed if name not in found]
    if missing:
        raise UnreadableText(line, f"the heading lacks {', '.join(missing)}")
    return found


def _row(cells: list[str], named: list[str], separator: str, line: int, faults: list[Note]) -> Iterator[Row]:
    while cells and len(cells) > len(named) and not cells[-1].strip():
        cells.pop()
    if len(cells) > len(named):
        faults.append(
            (line, f"has {len(cells)} cells, and the heading {len(named)}: quote a cell that holds {separator!r}")
        )
        return
    values: dict[str, str] = {}
    for name, cell in zip(named, cells, strict=False):
        text = cell.strip()
        if len(text) > LONGEST_VALUE:
            faults.append((line, f"{name or 'a cell'} is longer than {LONGEST_VALUE} signs"))
            text = text[:LONGEST_VALUE]
        if "\n" in text or "\r" in text:
            faults.append((line, f"{name or 'a cell'} holds a line break: look at the quotation marks"))
        elif not name and text:
            faults.append((line, "a cell stands under no heading"))
        elif name and not name.startswith("?"):
            values[name] = text
    if len(cells) < len(named) and separator == "," and any("，" in cell for cell in cells):
        faults.append((line, f"has {len(cells)} cells of {len(named)}: ， stands where , separates two cells"))
        return
    yield line, values


def _name(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip(" \t\r\n\"'").lower()
