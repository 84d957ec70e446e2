"""One account of time: whose turn it was from when on, and when the clock of an office's leg stood still meanwhile.

The turns follow what was said, the pauses what the clock counted: a pause may be reported late and may be put right.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.codes import CaseStep, TimeKind
from contracts.events import clocks as k
from services.deadlines import Pause
from services.deadlines.accounting import Turn

OWN: Final = frozenset({CaseStep.UNSIGNED, CaseStep.HANDLING, CaseStep.ON_HOLD})
"""Steps in which an office has its leg: only there does a pause take the time off it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """`holder` is an office, the applicant, dispatching or nobody; `kind` says whether the time is the holder's own."""

    holder: str
    kind: TimeKind = TimeKind.USED
    step: CaseStep
    reason: str = ""
    referral_id: UUID | None = None
    """The leg in which it happened, also while another decides on its return."""
    round: int = 1

    def standing(self, reason: str) -> "Holding":
        return replace(self, kind=TimeKind.PAUSED, step=CaseStep.ON_HOLD, reason=reason)

    @property
    def of_a_leg(self) -> bool:
        return self.referral_id is not None and self.step in OWN


NOBODY: Final = "nobody"
OVER: Final = Holding(holder=NOBODY, kind=TimeKind.WAITING, step=CaseStep.OVER)


@dataclass(slots=True)
class Account:
    """A story is told in the order of its causes, so no turn begins before the last."""

    turns: list[Turn[Holding]] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    """Exact, so that a correction finds the one that it names."""

    @property
    def now(self) -> Holding:
        return self.turns[-1].held if self.turns else OVER

    @property
    def over(self) -> bool:
        return self.now.step is CaseStep.OVER

    def passes(self, at: datetime, held: Holding) -> None:
        """A clock that stands still ends with its leg."""
        if held.referral_id != self.now.referral_id:
            self.goes_on(at)
        moment = _second(at)
        self.turns.append(Turn(at=max(moment, self.turns[-1].at) if self.turns else moment, held=held))

    def stands_still(self, at: datetime, reason: str) -> None:
        if self._open is None:
            self.pauses.append(Pause(start=at, end=None, reason=reason))

    def goes_on(self, at: datetime) -> None:
        if (still := self._open) is not None:
            self.pauses[-1] = _ended(still, at)

    def hears(self, event: k.ClocksTold, clock: k.ClockFacts) -> None:
        """What a clock of the leg says of its pauses: since when, and what was wrong."""
        match event:
            case k.ClockPaused(paused_at=at, since=since) if (still := self._open) is not None:
                self.pauses[-1] = replace(still, start=max(since or at, clock.started_at))
            case k.ClockResumed(resumed_at=at, since=since) if self.pauses:
                self.pauses[-1] = _ended(self.pauses[-1], since or at)
            case k.ClockRecalculated(correction=k.PauseCorrection() as right):
                # Found by its moments: the clock goes on from office to office, and counts the pauses of all.
                self.pauses = [
                    replace(one, start=right.start, end=right.end)
                    if (one.start, one.end) == (right.was_start, right.was_end)
                    else one
                    for one in self.pauses
                ]
            case _:
                pass

    @property
    def _open(self) -> Pause | None:
        return self.pauses[-1] if self.pauses and self.pauses[-1].end is None else None

    def told(self) -> list[Turn[Holding]]:
        """The turns, with the pauses cut out of the offices' own time."""
        turns = {turn.at: turn.held for turn in self.turns}
        spans = [(_second(one.start), _second(one.end) if one.end else None, one.reason) for one in self.pauses]
        edges = {moment for start, end, _ in spans for moment in (start, end) if moment is not None}
        found: list[Turn[Holding]] = []
        held: Holding | None = None
        for moment in sorted(turns.keys() | edges):
            held = turns.get(moment, held)
            if held is None:
                continue
            why = next((reason for start, end, reason in spans if start <= moment and (not end or moment < end)), None)
            stands = why is not None and held.of_a_leg
            found.append(Turn(at=moment, held=held.standing(why) if stands and why is not None else held))
        return found

    def until(self, now: datetime) -> datetime:
        """When it was over, or now."""
        return self.turns[-1].at if self.turns and self.over else _second(now)


def _ended(pause: Pause, at: datetime) -> Pause:
    return replace(pause, end=max(at, pause.start))


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
