"""The rows of a ledger as people save it: CSV in UTF-8 or GB18030, or the first sheet of an XLSX file."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from libraries.policies.decoding import UnreadableText, decoded
from libraries.spreadsheet import Damaged, Swells, workbook_lines

LARGEST: Final = 64 * 1024 * 1024
LARGEST_UNPACKED: Final = 400 * 1024 * 1024
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 100
MOST_HEIGHT: Final = 2 * MOST_ROWS
"""Of a sheet, with rows that hold nothing."""
HEADING_WITHIN: Final = 10
"""Above the heading a ledger may have its title, who keeps it, and for which year."""
FEWEST_KNOWN: Final = 3
"""So many columns make a heading."""
SEPARATORS: Final = (",", ";", "\t", "，", "；")
PACKED, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

Cell = str | int | float | bool | datetime | date | time | timedelta


class UnreadableLedger(ValueError):
    """The file as a whole cannot be read, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    heading: tuple[str, ...]
    """As it stands in the file."""
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    """With the number that a spreadsheet shows beside each; rows without any content are left out."""


def read_ledger(file: Path, known: Collection[str]) -> Ledger:
    """`known` are names of columns, in small letters. Raises `UnreadableLedger`."""
    if file.stat().st_size > LARGEST:
        raise UnreadableLedger(f"is larger than {LARGEST // 1024 // 1024} MB: split it")
    content = file.read_bytes()
    if content.startswith(OLD_EXCEL):
        raise UnreadableLedger("is a file of old Excel (.xls): save it as .xlsx or as CSV UTF-8")
    rows = _of_xlsx(content) if content.startswith(PACKED) else _of_csv(content, known)
    found = [(number, cells) for number, cells in enumerate(rows, 1) if any(_filled(cell) for cell in cells)]
    for place, (_, cells) in enumerate(found[:HEADING_WITHIN]):
        heading = tuple(str(cell).strip() for cell in cells)
        if len({name.lower() for name in heading} & set(known)) >= FEWEST_KNOWN:
            return _ledger(heading, found[place + 1 :])
    raise UnreadableLedger(f"has no heading in its first rows: it names the columns, for example {', '.join(known)}")


def _ledger(heading: tuple[str, ...], rows: Sequence[tuple[int, tuple[Cell, ...]]]) -> Ledger:
    while heading and not heading[-1]:
        heading = heading[:-1]
    if len(rows) > MOST_ROWS:
        raise UnreadableLedger(f"has more than {MOST_ROWS} rows: split it")
    return Ledger(heading=heading, rows=tuple(rows))


def _filled(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _of_csv(content: bytes, known: Collection[str]) -> Iterator[tuple[Cell, ...]]:
    try:
        text = decoded(content)
    except UnreadableText as error:
        raise UnreadableLedger(f"line {error.line} {error.reason}") from None
    top = text.split("\n", HEADING_WITHIN)[:HEADING_WITHIN]

    def names(separator: str) -> int:
        return max(len({part.strip(' "\r').lower() for part in line.split(separator)} & set(known)) for line in top)

    csv.field_size_limit(LARGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=names), strict=True)
    try:
        for cells in reader:
            yield tuple(cells[:MOST_COLUMNS])
    except csv.Error as error:
        raise UnreadableLedger(f"line {reader.line_num} is no row: {error}; look at the quotation marks") from None


def _of_xlsx(content: bytes) -> Sequence[tuple[Cell, ...]]:
    bounds = {"most_lines": MOST_HEIGHT, "most_columns": MOST_COLUMNS, "unpacked": LARGEST_UNPACKED}
    try:
        lines: Sequence[tuple[Cell, ...]] = workbook_lines(content, **bounds)
    except Damaged:
        raise UnreadableLedger("is no XLSX file, or is damaged: save it anew") from None
    except Swells:
        raise UnreadableLedger(f"swells when it is unpacked: save at most {MOST_ROWS} rows in a new file") from None
    return lines
