"""What a clock's owner said of it, put together: each version with when it began to hold and when it ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from uuid import UUID

import msgspec

from console.verify.snapshot import JournalRow, Snapshot
from contracts.clocks import ClockStop
from contracts.codes import ClockKind
from contracts.events import EVENTS, CaseBound, Event
from contracts.events.base import moment_of
from contracts.events.clocks import ClockBreached, ClockCleared, clocks_in


@dataclass(slots=True, kw_only=True)
class Version:
    """`until` is when the next version or the end came; open as long as it is `None`."""

    number: int
    due_at: datetime | None
    until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Timeline:
    """`service` is the clock's owner."""

    service: str
    clock_id: UUID
    case_id: UUID
    kind: ClockKind
    started_at: datetime
    continues: UUID | None = None
    """The clock of the office before."""
    versions: list[Version] = field(default_factory=list)
    ended_at: datetime | None = None

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def version(self, number: int) -> Version | None:
        return next((version for version in self.versions if version.number == number), None)


@cache
def _decoder(wire_type: str) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(EVENTS[wire_type])


def decoded(row: JournalRow) -> Event | None:
    """The event of a row; nothing if this version does not know its type, or cannot read it: see `is_readable`."""
    try:
        return _decoder(row.type).decode(row.value) if row.type in EVENTS else None
    except msgspec.MsgspecError:
        return None


def is_readable(row: JournalRow) -> bool:
    """Whether it is an event of its type; one of a type that this version does not know is a later one's to read."""
    return row.type not in EVENTS or decoded(row) is not None


@lru_cache(maxsize=1)
def timelines(snapshot: Snapshot) -> dict[UUID, Timeline]:
    """Every clock that intake or routing has spoken of."""
    found: dict[UUID, Timeline] = {}
    for (service, _), rows in snapshot.journal_of.items():
        if service != "notify":
            for row in rows:
                if isinstance(event := decoded(row), CaseBound):
                    _follow(found, service, event)
    return found


@lru_cache(maxsize=1)
def breaches(snapshot: Snapshot) -> dict[UUID, list[ClockBreached]]:
    """What notify has said of each clock's breach."""
    found: dict[UUID, list[ClockBreached]] = {}
    for row in _of_notify(snapshot):
        if row.type == ClockBreached.wire_type() and isinstance(event := decoded(row), ClockBreached):
            found.setdefault(event.clock_id, []).append(event)
    return found


@lru_cache(maxsize=1)
def cleared(snapshot: Snapshot) -> set[UUID]:
    """Clocks of which notify has taken a breach back."""
    return {
        event.clock_id
        for row in _of_notify(snapshot)
        if row.type == ClockCleared.wire_type() and isinstance(event := decoded(row), ClockCleared)
    }


def broken_before(
    clock: Timeline, clocks: Mapping[UUID, Timeline], published: Mapping[UUID, Sequence[ClockBreached]]
) -> datetime | None:
    """The end whose breach was said at an office before: it is not said again where the clock goes on."""
    earlier = clocks.get(clock.continues) if clock.continues is not None else None
    if earlier is None:
        return None
    ends = [breach.due_at for breach in published.get(earlier.clock_id, ())]
    further = broken_before(earlier, clocks, published)
    return max([*ends, *([further] if further is not None else [])], default=None)


def _of_notify(snapshot: Snapshot) -> Iterable[JournalRow]:
    return (row for (service, _), rows in snapshot.journal_of.items() if service == "notify" for row in rows)


def _follow(found: dict[UUID, Timeline], service: str, event: CaseBound) -> None:
    for change in clocks_in(event):
        known = found.get(change.clock_id)
        if isinstance(change, ClockStop):
            if known is not None:
                known.latest.until = known.ended_at = change.at
            continue
        if known is None:
            known = Timeline(
                service=service,
                clock_id=change.clock_id,
                case_id=event.case_id,
                kind=change.kind,
                started_at=change.started_at,
                continues=change.continues,
            )
            found[change.clock_id] = known
        else:
            known.latest.until = moment_of(event)
        known.versions.append(Version(number=change.version, due_at=change.due_at))
