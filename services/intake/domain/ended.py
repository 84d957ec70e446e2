"""The window's clocks that have ended, as the timeline tells them: a case itself keeps those that are open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

from contracts import clocks as k
from contracts.codes import ClockStatus
from contracts.events import CaseBound
from contracts.events.cases import CaseReopened, CaseReviewRequested
from contracts.events.clocks import clocks_in
from libraries.clocks.clock import AnnouncedDates, LegalClock, Terms
from libraries.deadlines import Limit
from libraries.deadlines.limits import DEFAULT_RULES
from libraries.policies import Policy

ENDS: Final[Mapping[type[k.ClockStop], ClockStatus]] = MappingProxyType(
    {k.ClockMet: ClockStatus.MET, k.ClockCancelled: ClockStatus.CANCELLED}
)


def ended_clocks(timeline: Iterable[CaseBound], policy: Policy) -> tuple[LegalClock, ...]:
    """In the order in which they started."""
    ended = _EndedClocks(policy)
    for event in timeline:
        ended.apply(event)
    return tuple(clock for clock in ended.clocks.values() if not clock.open)


@dataclass(slots=True)
class _EndedClocks:
    policy: Policy
    clocks: dict[UUID, LegalClock] = field(default_factory=dict)
    round: int = 1

    def apply(self, event: CaseBound) -> None:
        if isinstance(event, CaseReopened | CaseReviewRequested):
            self.round = event.round
        for clock in clocks_in(event):
            if isinstance(clock, k.ClockFacts):
                if clock.referral_id is None:
                    self._told(clock)
            elif (known := self.clocks.get(clock.clock_id)) is not None:
                self.clocks[known.id] = known.stop(clock.at, ENDS[type(clock)])

    def _told(self, facts: k.ClockFacts) -> None:
        clock = self.clocks.get(facts.clock_id) or self._new(facts)
        match facts:
            case k.ClockPaused(reason=reason, since=since):
                clock = clock.pause(since, reason)
            case k.ClockResumed(since=since):
                clock = clock.resume(since)
            case _:
                pass
        announced = AnnouncedDates(
            version=facts.version, calendar="", due_at=facts.due_at, due_soon_at=facts.due_soon_at
        )
        self.clocks[clock.id] = replace(clock, version=facts.version, announced_dates=announced)

    def _new(self, facts: k.ClockFacts) -> LegalClock:
        """Its row of the policy says how it is counted; of a row that is gone, as is counted without one."""
        row = next((row for row in self.policy.limits if row.id == facts.basis.row), None)
        rules = self.policy.rules_of(row, facts.office) if row is not None else DEFAULT_RULES
        return LegalClock(
            id=facts.clock_id,
            kind=facts.kind,
            office=facts.office,
            area=facts.area,
            terms=Terms(limit=Limit.parse(facts.limit), rules=rules, due_soon_share=0.0, basis=facts.basis),
            started_at=facts.started_at,
            round=self.round,
        )
