"""A case's story over HTTP: each entry as it was said and in words, and the window's clocks with their law."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from contracts.codes import ClockKind, ClockStatus
from contracts.events import CaseBound
from contracts.events import clocks as k
from contracts.events.base import Actor
from services.intake.store import TimelineEntry
from services.policies import Policy
from services.policies.words import actor_of, office_of, tell


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a case's story. `zh` and `en` are `null` for what only machines need."""

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


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One clock as it stands: the same shape for the window's and for the offices' clocks."""

    clock_id: UUID
    referral_id: UUID | None
    kind: ClockKind
    kind_zh: str
    kind_en: str
    office: str
    office_zh: str
    office_en: str
    status: ClockStatus
    limit: str
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    late: bool
    """It was answered after it was due, or notify has said that nobody answered."""
    provisional: bool
    """A notice of holidays may still move `due_at`; never of a clock that has ended."""
    basis: k.LimitBasis


def to_entries(story: Iterable[TimelineEntry], policy: Policy) -> list[Entry]:
    return [_entry(entry, policy) for entry in story]


def _entry(entry: TimelineEntry, policy: Policy) -> Entry:
    event = entry.event
    zh, en = (tell(event, policy) if event is not None else None) or (None, None)
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
        data=entry.data,
    )


def own_clocks(story: Iterable[TimelineEntry], policy: Policy) -> list[ClockView]:
    """The window's clocks as the story leaves them; those of referrals are told by routing."""
    found: dict[UUID, ClockView] = {}
    for event in (entry.event for entry in story):
        match event:
            case k.ClockMet() | k.ClockCancelled():
                status = ClockStatus.MET if isinstance(event, k.ClockMet) else ClockStatus.CANCELLED
                for stop in event.clocks:
                    if (known := found.get(stop.clock_id)) is not None:
                        found[stop.clock_id] = _stopped(known, stop.at, status)
            case k.ClockBreached(clock_id=clock_id) if clock_id in found:
                found[clock_id] = msgspec.structs.replace(found[clock_id], late=True)
            case k.ClockCleared(clock_id=clock_id) if clock_id in found:
                found[clock_id] = msgspec.structs.replace(found[clock_id], late=False)
            case _:
                status = ClockStatus.PAUSED if isinstance(event, k.ClockPaused) else ClockStatus.RUNNING
                found |= {facts.clock_id: _clock(facts, status, policy) for facts in _facts(event)}
    return list(found.values())


def _facts(event: CaseBound | None) -> Iterator[k.ClockFacts]:
    match event:
        case k.ClocksTold():
            yield from (facts for facts in event.clocks if facts.referral_id is None)
        case _:
            return


def _stopped(clock: ClockView, at: datetime, status: ClockStatus) -> ClockView:
    late = clock.late or (status is ClockStatus.MET and clock.due_at is not None and at > clock.due_at)
    return msgspec.structs.replace(clock, status=status, stopped_at=at, late=late, provisional=False)


def _clock(facts: k.ClockFacts, status: ClockStatus, policy: Policy) -> ClockView:
    zh, en = office_of(policy, facts.office)
    return ClockView(
        clock_id=facts.clock_id,
        referral_id=facts.referral_id,
        kind=facts.kind,
        kind_zh=facts.kind.zh,
        kind_en=facts.kind.en,
        office=facts.office,
        office_zh=zh,
        office_en=en,
        status=status,
        limit="+".join((facts.limit, *facts.extensions)),
        started_at=facts.started_at,
        due_at=facts.due_at,
        stopped_at=None,
        late=False,
        provisional=facts.provisional,
        basis=facts.basis,
    )
