"""Who has to agree to an extension or a correction, and of which office they are."""

from dataclasses import dataclass
from enum import StrEnum


class Decides(StrEnum):
    """Which office somebody who has to agree belongs to."""

    OFFICE = "office"
    """The head of the office that asks."""
    COORDINATOR = "coordinator"
    """Whoever sent it: the coordinating office of the window."""
    SUPERIOR = "superior"
    """The common superior, who arbitrates too."""
    GOVERNMENT = "government"
    """The government office that is nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who has to agree, as people call it."""

    code: str
    zh: str
    en: str
    decides: Decides = Decides.SUPERIOR
