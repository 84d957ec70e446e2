"""What became true of a case in one act: the case as it is after, and the facts in the order they happened."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.codes import CaseState, ClockKind, ClockStatus
from contracts.events.base import BY_RULES, Actor
from libraries.clocks.clock import LegalClock
from services.intake.domain.case import Case
from services.intake.domain.states import Move, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    deemed: bool = False
    missing: tuple[str, ...] = ()
    """What was not handed in by then (容缺受理)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven:
    """The applicant was told, once and completely, what is missing (一次性告知)."""

    missing: tuple[str, ...]
    """The whole of it: what was open, whoever named it, and what the window asks for beyond."""
    overridden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplemented:
    materials: tuple[str, ...]
    missing: tuple[str, ...]
    """What is still to be handed in after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    reason: str
    go_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminated:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    satisfied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReached:
    """The window called back, and nobody answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """An office or routing moved the case or the clocks of its window, and nothing else is to be said of it."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordOwed:
    """The applicant is to be told of something that others decided."""

    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordGiven:
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaChanged:
    """The ground of the case, or the work of its window, has somebody else now."""

    area_before: str
    office_before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """Clocks with which the window's successor goes on: each as it was, and as it is."""

    clocks: tuple[tuple[LegalClock, LegalClock], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClocksMoved:
    """Clocks that the fact before it started, paused, resumed, met or cancelled, as they are after it."""

    how: str
    clocks: tuple[LegalClock, ...]
    reason: str = ""


STARTED, PAUSED, RESUMED, MET, CANCELLED = "started", "paused", "resumed", "met", "cancelled"

Fact = (
    Registered
    | Accepted
    | NoticeGiven
    | Supplemented
    | Declined
    | Withdrawn
    | Suspended
    | Resumed
    | Resolved
    | Terminated
    | Closed
    | NotReached
    | Reopened
    | Progressed
    | WordOwed
    | WordGiven
    | AreaChanged
    | HandedOn
    | ClocksMoved
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Grows by one fact after the other; never changes in place."""

    case: Case
    at: datetime
    facts: tuple[Fact, ...] = field(default=())
    states: tuple[CaseState, ...] = field(default=())
    """The state of the case after each fact."""
    by: Actor = BY_RULES
    """Whose act it is; every event of the change says so."""

    def says(self, fact: Fact, **changes: Any) -> "Change":
        """The fact, with what it changes of the case."""
        case = replace(self.case, **changes) if changes else self.case
        return replace(self, case=case, facts=(*self.facts, fact), states=(*self.states, case.state))

    def moves(self, move: Move) -> CaseState:
        """The state after a move that was checked to be allowed."""
        state = after(self.case.state, move)
        assert state is not None, "callers check the move first"  # noqa: S101 - a promise of the caller
        return state

    def start(self, *clocks: LegalClock) -> "Change":
        return self.says(ClocksMoved(how=STARTED, clocks=clocks), clocks=(*self.case.clocks, *clocks))

    def pause(self, kinds: Collection[ClockKind], reason: str) -> "Change":
        running = [one for one in self.case.clocks if one.kind in kinds and one.status is ClockStatus.RUNNING]
        return self._turn(PAUSED, running, lambda clock: clock.pause(self.at, reason), reason)

    def resume(self) -> "Change":
        """All that stand still run again."""
        still = [clock for clock in self.case.clocks if clock.status is ClockStatus.PAUSED]
        return self._turn(RESUMED, still, lambda clock: clock.resume(self.at))

    def meet(self, *kinds: ClockKind) -> "Change":
        """What the clocks waited for has happened."""
        return self._stop(MET, ClockStatus.MET, kinds)

    def cancel(self, kinds: Collection[ClockKind] = frozenset(ClockKind)) -> "Change":
        """Those that still run wait for nothing any more."""
        return self._stop(CANCELLED, ClockStatus.CANCELLED, kinds)

    def _turn(
        self, how: str, chosen: Iterable[LegalClock], turn: Callable[[LegalClock], LegalClock], reason: str = ""
    ) -> "Change":
        turned = {clock.id: turn(clock) for clock in chosen}
        if not turned:
            return self
        clocks = tuple(turned.get(clock.id, clock) for clock in self.case.clocks)
        return self.says(ClocksMoved(how=how, clocks=tuple(turned.values()), reason=reason), clocks=clocks)

    def _stop(self, how: str, status: ClockStatus, kinds: Collection[ClockKind]) -> "Change":
        stopped = tuple(clock.stop(self.at, status) for clock in self.case.clocks if clock.kind in kinds)
        if not stopped:
            return self
        rest = tuple(clock for clock in self.case.clocks if clock.kind not in kinds)
        return self.says(ClocksMoved(how=how, clocks=stopped), clocks=rest)
