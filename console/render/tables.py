"""Rows of Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from libraries.runtime.settings import REPOSITORY

ESCAPED: Final = r"\|"
NOTE: Final = "<!-- Rendered by `make contracts`; edits are overwritten. -->"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    head, *body = (f"| {' | '.join(cell.replace('|', ESCAPED) for cell in row)} |" for row in (headings, *rows))
    return [head, "|---" * len(headings) + "|", *body]


def shown(value: object) -> str:
    """A default as a reader can use it: folders of the repository are named from its root."""
    if isinstance(value, Path) and value.is_relative_to(REPOSITORY):
        return str(value.relative_to(REPOSITORY))
    return str(value)
