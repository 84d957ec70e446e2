"""For what people open personal data, or ask other offices about an applicant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """For what somebody opens personal data, or asks another office about the applicant."""

    code: str
    zh: str
    en: str
    check: bool = False
    """Whether an information check is asked for it."""
