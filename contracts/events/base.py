"""What every event has in common."""

from typing import ClassVar
from uuid import UUID

import msgspec

VERSION = 1
"""Version of every event type of ours. Readers ignore unknown fields, so a field may be added, but never required."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact in the past tense: ids, codes, areas and clock facts, never a name or free text."""

    TYPE: ClassVar[str] = ""

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents `type`, for example `yimen.case.registered.v1`."""
        return f"yimen.{cls.TYPE}.v{VERSION}"


class CaseBound(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An event of one case; the case id is the Kafka key, so one case keeps its order."""

    case_id: UUID
