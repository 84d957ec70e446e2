"""What a list held when it was shown, so that a page can say what is new since."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

MARK_CHARACTERS: Final = 12

Rows = Mapping[str, str]
"""By the id of a row the mark of what it shows."""


def mark_of(*shown: Any) -> str:
    """Another one as soon as something that is shown is another; it tells nothing of it."""
    return sha256(msgspec.json.encode(shown)).hexdigest()[:MARK_CHARACTERS]


def rows_of(marked: Iterable[tuple[Any, str]]) -> Rows:
    return {str(row): mark for row, mark in marked}
