"""The clocks of one owner, a case or a referral: what triggers start, complete and cancel, and what is said of it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.clocks import ClockChange, ClockExtended, ClockPaused, ClockResumed, ClockStarted
from contracts.codes import ClockKind, ClockStatus, ReferralRole
from libraries.clocks.clock import LegalClock, changed_to
from libraries.deadlines import Limit
from libraries.policies.clock_rules import ClockRule, ClockSchedule, Trigger
from libraries.policies.model import Policy

ALL_KINDS: Final = frozenset(ClockKind)

Move = Callable[[LegalClock], LegalClock]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSet:
    """The clocks of one owner as they are at a moment, and what was done to them at it, in order."""

    clocks: tuple[LegalClock, ...]
    at: datetime
    changes: tuple[ClockChange, ...] = ()
    """They travel in the event that caused them."""

    def open(self, kinds: Collection[ClockKind] = ALL_KINDS) -> tuple[LegalClock, ...]:
        """The open ones of these kinds."""
        return tuple(clock for clock in self.clocks if clock.open and clock.kind in kinds)

    def start(self, clocks: Iterable[LegalClock], policy: Policy) -> "ClockSet":
        started = tuple(clocks)
        if not started:
            return self
        said = changed_to(ClockStarted, started, policy)
        return replace(self, clocks=(*self.clocks, *started), changes=(*self.changes, *said))

    def complete(self, kinds: Collection[ClockKind]) -> "ClockSet":
        """What the open clocks of these kinds waited for has happened."""
        return self._stop(kinds, ClockStatus.MET)

    def cancel(self, kinds: Collection[ClockKind] = ALL_KINDS) -> "ClockSet":
        """The open clocks of these kinds wait for nothing any more."""
        return self._stop(kinds, ClockStatus.CANCELLED)

    def go_on_as(self, clock: LegalClock, now: LegalClock, policy: Policy) -> "ClockSet":
        """The open clock ends, and another goes on with its time by other terms. What stood still stands still."""
        last = clock.pauses[-1] if clock.status is ClockStatus.PAUSED else None
        running = replace(now, pauses=clock.pauses[:-1]) if last is not None else now
        going_on = self.cancel({clock.kind}).start([running], policy)
        return going_on.pause({now.kind}, last.reason, policy, since=last.start) if last is not None else going_on

    def pause(self, kinds: Collection[ClockKind], reason: str, policy: Policy, *, since: datetime) -> "ClockSet":
        """Those that run stand still."""
        chosen = [clock for clock in self.open(kinds) if clock.status is ClockStatus.RUNNING]
        paused = [clock.pause(since, reason) for clock in chosen]
        return self._moved(paused, changed_to(ClockPaused, paused, policy, reason=reason, since=since))

    def resume(self, policy: Policy, *, since: datetime) -> "ClockSet":
        """All that stand still run again."""
        resumed = [clock.resume(since) for clock in self.clocks if clock.status is ClockStatus.PAUSED]
        return self._moved(resumed, changed_to(ClockResumed, resumed, policy, since=since))

    def extend(
        self, kinds: Collection[ClockKind], by: Limit, policy: Policy, *, approver: str, reason: str
    ) -> "ClockSet":
        extended = [
            clock.extend(by, self.at, policy.calendar_of(clock.office), approver=approver, reason=reason)
            for clock in self.open(kinds)
        ]
        said = changed_to(ClockExtended, extended, policy, added=str(by), approver=approver, reason=reason)
        return self._moved(extended, said)

    def _stop(self, kinds: Collection[ClockKind], status: ClockStatus) -> "ClockSet":
        stopped = [clock.stop(self.at, status) for clock in self.open(kinds)] if kinds else []
        return self._moved(stopped, tuple(clock.ended() for clock in stopped))

    def _moved(self, moved: Collection[LegalClock], said: Iterable[ClockChange]) -> "ClockSet":
        if not moved:
            return self
        return replace(self, clocks=put_back(self.clocks, moved), changes=(*self.changes, *said))


def put_back(clocks: Iterable[LegalClock], moved: Iterable[LegalClock]) -> tuple[LegalClock, ...]:
    """The clocks in their order, with those that moved in the places where they were."""
    by_id = {clock.id: clock for clock in moved}
    return tuple(by_id.get(clock.id, clock) for clock in clocks)


def end_by(clocks: ClockSet, triggers: Collection[Trigger], schedule: ClockSchedule, *, over: bool = False) -> ClockSet:
    """Completes and cancels what waits for the triggers; of an owner that is `over` by them nothing waits any more."""
    for trigger in triggers:
        clocks = clocks.complete(schedule.meeting(trigger)).cancel(schedule.cancelling(trigger))
    return clocks.cancel() if over else clocks


def to_start(
    clocks: ClockSet, triggers: Collection[Trigger], schedule: ClockSchedule, role: ReferralRole | None = None
) -> Iterator[ClockRule]:
    """The rules by which the triggers start clocks: of a referral in that role, without one of the case's window.

    Of a kind that is open none is started.
    """
    running = {clock.kind for clock in clocks.open()}
    for trigger in triggers:
        yield from (rule for rule in schedule.starting(trigger, role) if rule.clock not in running)
