"""Counts the window's open clocks again when the calendar changes: what moved is said and saved in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.clocks.recounting import Recounted, announcements, calendar_version
from libraries.clocks.recounting import recount as recounted
from libraries.clocks.rows import counted_row, decoded
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.jobs.recounting import CountedClock, KeptClock, Recount, RecountResult
from services.intake.publishing import SERVICE, CaseLog
from services.intake.tables import loads


def recount(engine: AsyncEngine, policy: PolicyWatch, clock: Clock, *, pause_seconds: float) -> Recount:
    counter = Recounter(policy=policy, clock=clock)
    return Recount(
        engine=engine,
        owners="cases",
        loads=loads,
        running=counter.running,
        count=counter.count,
        pause_seconds=pause_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounter:
    """By the policy that runs."""

    policy: PolicyWatch
    clock: Clock

    def running(self) -> str:
        return calendar_version(self.policy.policy)

    async def count(self, conn: AsyncConnection, kept: Sequence[KeptClock]) -> RecountResult:
        policy, at = self.policy.policy, self.clock.now()
        clocks = [(one.case_id, decoded(one.clock)) for one in kept]
        counted = [
            Recounted(case_id=case_id, before=clock, after=recounted(clock, policy)) for case_id, clock in clocks
        ]
        counted.sort(key=lambda one: (one.case_id, one.before.started_at, one.before.kind))
        log = CaseLog()
        for event_id, event in announcements(counted, policy, at):
            log.emit(event, at, SERVICE, event_id=event_id)
        await log.write(conn, policy)
        changed = [CountedClock(*counted_row(one)) for one in counted if one.changed]
        return RecountResult(calendar_version(policy), changed)
