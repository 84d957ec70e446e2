"""What of a form is kept while it is written, and for how long, as rules without I/O."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

LASTS: Final = timedelta(days=7)
"""Since it was last saved: long enough for papers to be fetched."""
MOST: Final = 20
"""Of one account; the oldest goes first."""
LARGEST: Final = 64 * 1024

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A form as somebody has left it; what was typed is sealed."""

    id: UUID
    category: str
    saved_at: datetime
    ends_at: datetime


def kept_of(pairs: Pairs, left_out: Collection[str]) -> Pairs:
    """Fields that somebody filled in."""
    return [(name, value) for name, value in pairs if value.strip() and name not in left_out]


def draft_id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
