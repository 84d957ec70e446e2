"""What became true of a case in one act: the case as it is after, and the events in the order they happened."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from contracts.events.base import BY_RULES, Actor, CaseBound
from contracts.events.cases import CaseEvent
from libraries.clocks.schedule import ClockSet
from services.intake.domain.case import Case
from services.intake.domain.states import Move, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Grows by one event after the other; never changes in place."""

    case: Case
    at: datetime
    events: tuple[CaseBound, ...] = ()
    by: Actor = BY_RULES
    """Whose act it is; every event of the change says so."""

    def emit(self, kind: type[CaseEvent], **said: Any) -> "Change":
        """An event about the case as it is now; `said` is what only this event carries."""
        return self.emit_event(kind(case_id=self.case.id, state=self.case.state, **said))

    def emit_event(self, event: CaseBound) -> "Change":
        return replace(self, events=(*self.events, msgspec.structs.replace(event, by=self.by)))

    def with_case(self, **changes: Any) -> "Change":
        return replace(self, case=replace(self.case, **changes))

    def transition(self, move: Move, **changes: Any) -> "Change":
        """A move that was checked to be allowed, with what else it changes of the case."""
        state = after(self.case.state, move)
        assert state is not None, "callers check the move first"  # noqa: S101 -- a promise of the caller
        return self.with_case(state=state, **changes)

    def done_by(self, actor: Actor) -> "Change":
        """The same as somebody else's act."""
        events = tuple(msgspec.structs.replace(event, by=actor) for event in self.events)
        return replace(self, events=events, by=actor)

    @property
    def clocks(self) -> ClockSet:
        return ClockSet(clocks=self.case.clocks, at=self.at)

    def with_clocks(self, clocks: ClockSet) -> "Change":
        """What happened to clocks travels in the last event, which caused it; the case keeps those that are open."""
        if not clocks.changes:
            return self
        *earlier, cause = self.events
        if not isinstance(cause, CaseEvent):
            raise ValueError("clocks moved without a cause")  # noqa: TRY004 -- a promise of the domain, not a type
        told = msgspec.structs.replace(cause, clocks=(*cause.clocks, *clocks.changes))
        return replace(self.with_case(clocks=clocks.open()), events=(*earlier, told))
