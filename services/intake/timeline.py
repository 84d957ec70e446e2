"""A case's timeline over HTTP: each entry as it was said and in words, and the window's clocks with their law."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from contracts import clocks as k
from contracts.access import Access, Part, Relation, access
from contracts.codes import ClockStatus
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events.base import Actor
from contracts.events.clocks import ClockBreached, ClockCleared, clocks_in
from libraries.clocks.views import ClockView, stopped_view, view_of_facts
from libraries.clocks.wording import Words, actor_of, describe
from libraries.policies import Policy
from services.intake.store import TimelineEntry

FIELDS_OF: Final[Mapping[Part, tuple[str, ...]]] = MappingProxyType(
    {Part.ATTRIBUTES: ("attributes",), Part.MATERIALS: ("materials", "missing")}
)
"""What events carry of a part that not everybody may read who may read the timeline."""
EVERYBODY: Final = frozenset(Relation)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a case's timeline. `zh` and `en` are `null` for what only machines need."""

    at: datetime
    type: str
    by: str
    """Whose word it is: the subject of the token for an act at the window, else the office or the service."""
    actor: Actor | None
    """As what it was done: role, office, post and door; none of what a service says by itself."""
    who_zh: str | None
    who_en: str | None
    zh: str | None
    en: str | None
    data: dict[str, Any]


def to_entries(
    timeline: Iterable[TimelineEntry], policy: Policy, relations: Collection[Relation] = EVERYBODY
) -> list[Entry]:
    """As much of it as these relations may read."""
    hidden = {name for part, names in FIELDS_OF.items() if access(relations, part) is Access.DENIED for name in names}
    return [_entry(entry, policy, hidden) for entry in timeline]


def _entry(entry: TimelineEntry, policy: Policy, hidden: AbstractSet[str]) -> Entry:
    event = entry.event
    zh, en = (_words(event, policy, hidden) if event is not None else None) or (None, None)
    actor = event.by if event is not None else None
    who_zh, who_en = actor_of(policy, actor) or (None, None)
    return Entry(
        at=entry.at,
        type=entry.type,
        by=entry.by,
        actor=actor,
        who_zh=who_zh,
        who_en=who_en,
        zh=zh,
        en=en,
        data={name: value for name, value in entry.data.items() if name not in hidden},
    )


def _words(event: CaseBound, policy: Policy, hidden: AbstractSet[str]) -> Words | None:
    """Without the names of materials where they are hidden."""
    if "missing" in hidden:
        if isinstance(event, c.CaseSupplementRequested):
            return "一次性告知补正材料", "told once what is missing"
        if isinstance(event, c.CaseSupplemented):
            return "收到补正材料", "material came in"
        if isinstance(event, c.CaseAccepted):
            return describe(msgspec.structs.replace(event, missing=()), policy)
    return describe(event, policy)


def own_clocks(timeline: Iterable[TimelineEntry], policy: Policy) -> list[ClockView]:
    """The window's clocks as the timeline leaves them; those of referrals are told by routing."""
    found: dict[UUID, ClockView] = {}
    for event in (entry.event for entry in timeline):
        if event is None:
            continue
        if isinstance(event, ClockBreached | ClockCleared) and (clock := found.get(event.clock_id)) is not None:
            found[event.clock_id] = msgspec.structs.replace(clock, late=isinstance(event, ClockBreached))
        _follow(found, clocks_in(event), policy)
    return list(found.values())


def _follow(found: dict[UUID, ClockView], changes: Iterable[k.ClockFacts | k.ClockStop], policy: Policy) -> None:
    for change in changes:
        match change:
            case k.ClockFacts():
                if change.referral_id is None:
                    status = ClockStatus.PAUSED if isinstance(change, k.ClockPaused) else ClockStatus.RUNNING
                    found[change.clock_id] = view_of_facts(change, status, policy)
            case k.ClockStop():
                if (known := found.get(change.clock_id)) is not None:
                    status = ClockStatus.MET if isinstance(change, k.ClockMet) else ClockStatus.CANCELLED
                    found[known.clock_id] = stopped_view(known, change.at, status)
