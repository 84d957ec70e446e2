"""Tables that people wrote in a spreadsheet: XLSX, or CSV as Excel and WPS save it, with the line of each row.

Whatever the file holds, it is text afterwards. Nothing is calculated, and what was written is never repeated.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

LARGEST: Final = 4 * 1024 * 1024
LARGEST_UNPACKED: Final = 64 * 1024 * 1024
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 100
MOST_LINES: Final = 2 * MOST_ROWS
"""Of a sheet, with lines that hold nothing."""
MOST_PARTS: Final = 2000
PACKED: Final = b"PK\x03\x04"
ENCODINGS: Final = ("utf-8-sig", "gb18030")
"""What is no UTF-8 comes from Excel or WPS in Chinese; GB 18030 holds all of GBK."""
WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
"""How a text in UTF-16 begins, which Excel calls Unicode."""
SEPARATORS: Final = (",", "\t", ";")

Cell = object


class NoTable(ValueError):
    """It cannot be read as a table; says why, and what to do."""


class Damaged(ValueError):
    """It is no XLSX, or one that cannot be opened."""


class Swells(ValueError):
    """It is much larger unpacked, or has cells far away from the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """By heading what stands in it; nothing is an empty text."""

    line: int
    """As the spreadsheet counts: the headings are usually line 1."""
    cells: Mapping[str, str]


def read_table(content: bytes) -> tuple[Sequence[str], Sequence[Row]]:
    """Headings and rows of the first sheet. The first line that is not empty names the columns."""
    if len(content) > LARGEST:
        raise NoTable(f"it is larger than {LARGEST // 1024 // 1024} MB; divide it")
    lines = _of_workbook(content) if content.startswith(PACKED) else _of_text(content)
    filled = ((number, cells) for number, cells in lines if any(cells))
    first = next(filled, None)
    if first is None:
        raise NoTable("it is empty; the first line names the columns")
    headings = _headings(first[1])
    rows = [Row(number, _by_heading(headings, cells, number)) for number, cells in islice(filled, MOST_ROWS + 1)]
    if len(rows) > MOST_ROWS:
        raise NoTable(f"it has more than {MOST_ROWS} rows; divide it")
    return [one for one in headings if one], rows


def _headings(cells: Sequence[str]) -> Sequence[str]:
    last = max(number for number, cell in enumerate(cells, start=1) if cell)
    if last > MOST_COLUMNS:
        raise NoTable(f"it has more than {MOST_COLUMNS} columns")
    named = [one for one in cells if one]
    if len(set(named)) < len(named):
        raise NoTable("two columns have the same name; the first line names each column once")
    return cells[:last]


def _by_heading(headings: Sequence[str], cells: Sequence[str], line: int) -> Mapping[str, str]:
    if any(cells[len(headings) :]) or any(cell for name, cell in zip(headings, cells, strict=False) if not name):
        raise NoTable(f"line {line} has a value in a column without a name")
    padded = [*cells, *("" for _ in headings)]
    return {name: cell for name, cell in zip(headings, padded, strict=False) if name}


def _of_workbook(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        lines = workbook_lines(content, most_lines=MOST_LINES, most_columns=MOST_COLUMNS + 1, unpacked=LARGEST_UNPACKED)
    except Swells:
        raise NoTable("it swells when it is unpacked; copy the table into a new file") from None
    except Damaged:
        raise NoTable("it is no XLSX that can be opened; save it again as XLSX") from None
    for number, cells in enumerate(lines, start=1):
        yield number, [_text(cell) for cell in cells]


def workbook_lines(content: bytes, *, most_lines: int, most_columns: int, unpacked: int) -> Sequence[tuple[Any, ...]]:
    """The first sheet of an XLSX that is shown, an empty text for what is empty. Raises `Damaged` or `Swells`.

    Formulas are not calculated: a cell is what the spreadsheet saved last. No line is wider than `most_columns`.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 -- only for these

    bounds = {"max_row": most_lines + 1, "max_col": most_columns}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
        swells = len(parts) > MOST_PARTS or sum(one.file_size for one in parts) > unpacked
        lines = [] if swells else _lines(load_workbook(io.BytesIO(content), read_only=True, data_only=True), bounds)
    except Exception:  # noqa: BLE001 -- the library fails in as many ways as a file can be damaged
        raise Damaged from None
    if swells or len(lines) > most_lines:
        raise Swells
    return lines


def _lines(book: Any, bounds: Mapping[str, int]) -> list[tuple[Any, ...]]:
    sheet = next(one for one in book.worksheets if one.sheet_state == "visible")
    sheet.reset_dimensions()  # it may say that it is smaller than it is
    rows = sheet.iter_rows(values_only=True, **bounds)
    return [tuple("" if cell is None else cell for cell in row) for row in rows]


def _text(cell: Cell) -> str:
    """A code that a spreadsheet took for a number is one again; a moment is as ISO 8601 has it."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    if isinstance(cell, (date, datetime)):
        return cell.isoformat()
    return str(cell).strip()


def _of_text(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    text = _decoded(content)
    if "\0" in text:
        raise NoTable("it is neither XLSX nor text; save it as XLSX or CSV")
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        raise NoTable(
            f"line {line} is no CSV: a quotation mark opens that nothing closes, or a cell is too long"
        ) from None


def _decoded(content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith(WIDE) else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NoTable("it is neither XLSX nor text in UTF-8 or GB 18030; save it as XLSX or CSV")
