"""How far a service has come in saying everything: the values that rules and plumbing share."""

from datetime import datetime
from typing import NamedTuple


class Need(NamedTuple):
    """Whose word could still come, over how many hops."""

    writer: str
    hops: int


class Mark(NamedTuple):
    """How far a writer has come."""

    until: datetime | None
    """Everything up to here was read; none where nothing is known."""
    moved_at: datetime
    """Real time at which it was last heard to have come further."""
