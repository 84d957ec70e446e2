"""The clocks that intake owns: acceptance and callback."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from contracts.codes import ClockKind
from contracts.events.clocks import ClockFacts, ClockStop, LimitBasis
from services.deadlines import Pause, due, moment_at_share
from services.policies import LimitRow, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClock:
    """A running or paused clock of one case."""

    id: UUID
    kind: ClockKind
    category: str
    office: str
    area: str
    version: int
    started_at: datetime
    pauses: tuple[Pause, ...] = ()

    @property
    def paused(self) -> bool:
        return any(pause.end is None for pause in self.pauses)

    def pause(self, at: datetime, reason: str) -> "CaseClock":
        return replace(self, version=self.version + 1, pauses=(*self.pauses, Pause(start=at, end=None, reason=reason)))

    def resume(self, at: datetime) -> "CaseClock":
        ended = tuple(
            pause if pause.end is not None else Pause(start=pause.start, end=max(at, pause.start), reason=pause.reason)
            for pause in self.pauses
        )
        return replace(self, version=self.version + 1, pauses=ended)

    def stop(self, at: datetime) -> ClockStop:
        return ClockStop(clock_id=self.id, kind=self.kind, version=self.version + 1, at=at)


def facts(clock: CaseClock, policy: Policy) -> ClockFacts:
    """What notify needs to watch the clock, and people to understand it."""
    row = policy.limit(clock.kind, clock.category)
    ends = due(clock.started_at, row.limit, calendar=policy.calendar, rules=row.rules, pauses=clock.pauses)
    soon = moment_at_share(
        clock.started_at,
        row.limit,
        row.due_soon_share,
        calendar=policy.calendar,
        rules=row.rules,
        pauses=clock.pauses,
    )
    return ClockFacts(
        clock_id=clock.id,
        kind=clock.kind,
        version=clock.version,
        office=clock.office,
        area=clock.area,
        limit=str(row.limit),
        started_at=clock.started_at.astimezone(UTC),
        due_at=ends.due_at,
        due_soon_at=soon,
        provisional=ends.provisional,
        basis=basis(row, policy),
    )


def basis(row: LimitRow, policy: Policy) -> LimitBasis:
    return LimitBasis(
        policy_version=policy.version,
        row=row.id,
        source=row.source,
        article=row.article,
        statutory=row.statutory,
        confidence=row.confidence,
    )
