"""The cursor of a page that is ordered by a moment and an id: where the page before it ended."""

from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.refusals import Fault
from libraries.runtime.failures import Rejected

BAD_CURSOR: Final = Fault("cursor", "bad_cursor")


def write_cursor(at: datetime, last: UUID) -> str:
    return f"{at.isoformat()}_{last}"


def read_cursor(cursor: str, first: tuple[datetime, UUID]) -> tuple[datetime, UUID]:
    """`first` where none is given. Raises `Rejected` for what is no cursor."""
    if not cursor:
        return first
    at, _, last = cursor.partition("_")
    try:
        # A plus sign in a query that was not escaped arrives as a blank.
        found = datetime.fromisoformat(at.replace(" ", "+")), UUID(last)
    except ValueError:
        raise Rejected("bad_cursor", BAD_CURSOR) from None
    if found[0].tzinfo is None:
        raise Rejected("bad_cursor", BAD_CURSOR)
    return found
