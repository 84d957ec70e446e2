"""What is done about rows that somebody else has locked."""

from enum import Enum


class Held(Enum):
    LEFT = "left"
    """Whoever wants them comes again."""
    AWAITED = "awaited"
