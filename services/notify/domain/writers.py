"""Whether all who could say that a clock was kept have come past its last moment, and who stands still."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from contracts.codes import ClockKind
from contracts.events.clocks import SilentWriter
from libraries.marks import Mark, Need
from libraries.policies import Policy
from services.notify.domain.window import steps_for

CACHE_SIZE: Final = 256
INTAKE, ROUTING = "intake", "routing"
BY_ITSELF: Final = frozenset({Need(INTAKE, 1)})
BY_ALL: Final = frozenset(Need(writer, hops) for writer in (INTAKE, ROUTING) for hops in (1, 2))
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=CACHE_SIZE)
def needs(kind: ClockKind, policy: Policy) -> frozenset[Need]:
    """Whose word could stop such a clock: of what only the window does, intake's alone.

    An office's clock ends also with its case, and that takes two hops.
    """
    rules = [rule for rule in policy.clocks if rule.clock is kind]
    alone = bool(rules) and all(rule.at_the_window or not rule.starts for rule in rules)
    return BY_ITSELF if alone and not steps_for(kind, policy) else BY_ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """How far each has come, at one look. Real time but for the moments of the marks."""

    marks: Mapping[Need, Mark] = field(default_factory=dict)
    now: datetime
    tolerance: timedelta
    """For how long no breach goes out while a writer is stalled."""
    up_since: datetime = LONG_AGO
    """Since when the alert scheduler runs without a break: before that it is not the writer who was stalled."""

    def behind(self, wanted: frozenset[Need], due_at: datetime) -> frozenset[Need]:
        """Those who have not said everything of up to that moment."""
        return frozenset(need for need in wanted if (until := self._until(need)) is None or until < due_at)

    def is_stalled(self, need: Need) -> bool:
        mark = self.marks.get(need)
        moved_at = max(mark.moved_at, self.up_since) if mark is not None else self.up_since
        return self.now - moved_at >= self.tolerance

    def waits_for(self, wanted: frozenset[Need], due_at: datetime) -> bool:
        """Whether one of them is still coming, or may be."""
        return any(not self.is_stalled(need) for need in self.behind(wanted, due_at))

    def silent(self, wanted: frozenset[Need], due_at: datetime) -> tuple[SilentWriter, ...]:
        """Who is stalled before that moment. Who only follows one that is stalled is not to blame."""
        stalled = {need for need in self.behind(wanted, due_at) if self.is_stalled(need)}
        alone = {need for need in stalled if need.hops == 1} or stalled
        names = sorted({need.writer for need in alone})
        return tuple(SilentWriter(service=name, since=self._until(Need(name, 1))) for name in names)

    def stalled(self) -> tuple[SilentWriter, ...]:
        """Who is stalled now, whatever is due."""
        stalled = sorted(need.writer for need in BY_ALL if need.hops == 1 and self.is_stalled(need))
        return tuple(SilentWriter(service=name, since=self._until(Need(name, 1))) for name in stalled)

    def _until(self, need: Need) -> datetime | None:
        mark = self.marks.get(need)
        return mark.until if mark is not None else None
