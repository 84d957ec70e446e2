"""What every event has in common."""

from datetime import datetime
from functools import cache
from typing import ClassVar
from uuid import UUID

import msgspec

from contracts.clocks import ClockChange
from contracts.codes import Door, Role

VERSION = 1
"""Version of every event type of ours. Readers ignore unknown fields, so a field may be added, but never required."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact in the past tense: ids, codes, areas and clock facts, never a name or free text."""

    TYPE: ClassVar[str] = ""

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents `type`, for example `yimen.case.registered.v1`."""
        return f"yimen.{cls.TYPE}.v{VERSION}"


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who did it: in which role, of which office, at which post, by which door. Never a person."""

    door: Door
    role: Role | None = None
    """None of what nobody decided: the policy's rules or the time that passed made it so."""
    office: str = ""
    post: str = ""
    """The post as the office calls it, for example `window-3`; empty where the token names none."""


BY_RULES = Actor(door=Door.RULES)
BY_OPERATOR = Actor(door=Door.CONSOLE, role=Role.OPS)
"""Whoever runs the installation speaks for no office."""


class CaseBound(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An event of one case; the case id is the Kafka key, so one case keeps its order."""

    case_id: UUID
    by: Actor | None = None
    """Whose act caused it; what others made of a decision names who decided."""


class ChangesClocks(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """An event that may start, stop, halt or lengthen legal clocks; what it does to them travels in it."""

    clocks: tuple[ClockChange, ...] = ()
    """Each as it stands after the event."""


def moment_of(event: Event) -> datetime:
    """When it became true, as its writer says; a record may come late, and come again from the journal."""
    moment: datetime = getattr(event, _moment_field(type(event)))
    return moment


@cache
def _moment_field(kind: type[Event]) -> str:
    fields = kind.__struct_fields__
    first = next((name for name in ("at", "fired_at") if name in fields), None)
    return first or [name for name in fields if name.endswith("_at")][-1]
