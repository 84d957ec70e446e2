"""One account of time: whose turn it was from when on, and when the clock of a referral stood still meanwhile.

The intervals follow what was said, the pauses what the clock counted: one may be reported late and be put right.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts import clocks as k
from contracts.codes import WORK, CaseStep, ClockKind, TimeKind
from contracts.events.clocks import PauseCorrection
from libraries.deadlines.accounting import Interval

OWN: Final = frozenset({CaseStep.UNSIGNED, CaseStep.HANDLING, CaseStep.ON_HOLD})
"""Steps in which an office has its referral: only there does a pause take the time off it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """`holder` is an office, the applicant, dispatching or nobody; `kind` says whether the time is the holder's own."""

    holder: str
    kind: TimeKind = TimeKind.USED
    step: CaseStep
    reason: str = ""
    referral_id: UUID | None = None
    """The referral in which it happened, also while another decides on its return."""
    round: int = 1

    def standing(self, reason: str, *, by_law: bool) -> "Holder":
        return replace(self, kind=TimeKind.PAUSED if by_law else self.kind, step=CaseStep.ON_HOLD, reason=reason)

    @property
    def of_a_referral(self) -> bool:
        return self.referral_id is not None and self.step in OWN


NOBODY: Final = "nobody"
OVER: Final = Holder(holder=NOBODY, kind=TimeKind.WAITING, step=CaseStep.OVER)


Work = tuple[ClockKind, datetime]
"""A clock of the work, by its kind and start: it goes from office to office, under another id at each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """A pause, and the clock that it stopped as soon as that was heard."""

    start: datetime
    end: datetime | None
    reason: str
    work: Work | None = None


@dataclass(slots=True)
class TimeAccount:
    """A timeline is told in the order of its causes, so no turn begins before the last."""

    intervals: list[Interval[Holder]] = field(default_factory=list)
    pauses: list[Standstill] = field(default_factory=list)
    """Exact, so that a correction finds the one that it names."""
    ends: dict[Work, datetime | None] = field(default_factory=dict)
    """Until when each clock had time, as was last said; none while a pause moves it."""

    @property
    def now(self) -> Holder:
        return self.intervals[-1].held if self.intervals else OVER

    @property
    def over(self) -> bool:
        return self.now.step is CaseStep.OVER

    def passes(self, at: datetime, held: Holder) -> None:
        """A clock that stands still ends with its referral."""
        if held.referral_id != self.now.referral_id:
            self.goes_on(at)
        moment = _second(at)
        self.intervals.append(Interval(at=max(moment, self.intervals[-1].at) if self.intervals else moment, held=held))

    def stands_still(self, at: datetime, reason: str) -> None:
        if self._open is None:
            self.pauses.append(Standstill(start=at, end=None, reason=reason))

    def goes_on(self, at: datetime) -> None:
        if (still := self._open) is not None:
            self.pauses[-1] = _ended(still, at)

    def apply(self, clock: k.ClockFacts) -> None:
        """What a clock of the referral says of its end and of its pauses: since when they lasted."""
        work = (clock.kind, clock.started_at)
        if clock.kind in WORK:
            self.ends[work] = clock.due_at or clock.missed_at
        match clock:
            case k.ClockPaused(since=since) if (still := self._open) is not None:
                stopped = work if clock.kind in WORK else still.work
                self.pauses[-1] = replace(still, start=max(since, clock.started_at), work=stopped)
            case k.ClockResumed(since=since) if self.pauses:
                self.pauses[-1] = _ended(self.pauses[-1], since)
            case _:
                pass

    def corrects(self, right: PauseCorrection) -> None:
        """A pause is found by its moments: the clock goes on from office to office, and counts the pauses of all."""
        self.pauses = [
            replace(one, start=right.start, end=right.end)
            if (one.start, one.end) == (right.was_start, right.was_end)
            else one
            for one in self.pauses
        ]

    @property
    def _open(self) -> Standstill | None:
        return self.pauses[-1] if self.pauses and self.pauses[-1].end is None else None

    def report(self) -> list[Interval[Holder]]:
        """The intervals, with the pauses cut out of the offices' own time; what began too late is only named there."""
        intervals = {turn.at: turn.held for turn in self.intervals}
        # Where two overlap, the one that gives time back decides.
        standstills = sorted(self.pauses, key=self._is_late)
        edges = {_second(edge) for still in standstills for edge in (still.start, still.end) if edge is not None}
        found: list[Interval[Holder]] = []
        held: Holder | None = None
        for moment in sorted(intervals.keys() | edges):
            held = intervals.get(moment, held)
            if held is None:
                continue
            still = next((one for one in standstills if _covers(one, moment)), None)
            if still is None or not held.of_a_referral:
                found.append(Interval(at=moment, held=held))
            else:
                found.append(Interval(at=moment, held=held.standing(still.reason, by_law=not self._is_late(still))))
        return found

    def _is_late(self, still: Standstill) -> bool:
        """Whether the limit had passed when it began: such a pause gives nothing back."""
        end = self.ends.get(still.work) if still.work is not None else None
        return end is not None and still.start > end

    def until(self, now: datetime) -> datetime:
        """When it was over, or now."""
        return self.intervals[-1].at if self.intervals and self.over else _second(now)


def _covers(still: Standstill, moment: datetime) -> bool:
    return _second(still.start) <= moment and (still.end is None or moment < _second(still.end))


def _ended(pause: Standstill, at: datetime) -> Standstill:
    return replace(pause, end=max(at, pause.start))


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
