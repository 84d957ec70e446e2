"""Areas in queries: the codes that lie in one are a few runs in the order of all codes, mostly a single one.

A run is two comparisons that an index serves; thousands of codes in an array would be sent, planned and hashed anew
for each list. Digits sort alike by the rules of any language.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, TextClause, false, or_, text, true

Ranges = Sequence[tuple[str, str]]
"""First and last code of each run."""


def inside(column: ColumnElement[str], ranges: Ranges | None) -> ColumnElement[bool]:
    """Whether a code lies in one of the runs; `None` is everywhere."""
    if ranges is None:
        return true()
    return or_(false(), *(column.between(first, last) for first, last in ranges))


def text_inside(statement: str, column: str, ranges: Ranges | None) -> TextClause:
    """The statement with the same question in the place of `{inside}`; `bounds` has the values."""
    runs = [f"{column} BETWEEN :first_{n} AND :last_{n}" for n in range(len(ranges or ()))]
    asked = "true" if ranges is None else f"({' OR '.join(runs)})" if runs else "false"
    return text(statement.replace("{inside}", asked))


def bounds(ranges: Ranges | None) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for n, (first, last) in enumerate(ranges or ()):
        found |= {f"first_{n}": first, f"last_{n}": last}
    return found
