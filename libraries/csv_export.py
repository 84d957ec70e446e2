"""Tables for a spreadsheet: CSV that Excel and WPS open as it is meant, and in which nothing is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark: without it Excel takes UTF-8 for something else."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
Cell = str | int | float | None


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """With the mark, to be encoded as UTF-8; nothing is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(_safe, headings))
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return MARK + text.getvalue()


def _safe(cell: Cell) -> Cell:
    """A spreadsheet calculates what begins like a formula, whoever has written it; an apostrophe makes it a text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
