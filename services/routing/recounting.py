"""Counts open clocks again when the calendar changes: what moved is said and saved in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.codes import LEAD_WORK
from libraries.clocks.clock import LegalClock
from libraries.clocks.recounting import Recounted, announcements, calendar_version
from libraries.clocks.rows import counted_row, decoded
from libraries.runtime.jobs.recounting import CountedClock, KeptClock, Recount, RecountResult
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.routing.domain.lead_limit import CAPPED, recounted
from services.routing.handlers import Router
from services.routing.publishing import SERVICE
from services.routing.tables import loads
from services.routing.translate import copies_of

_LEADS: Final = text(
    """
    SELECT case_id, clock::text AS clock FROM clocks
    WHERE case_id = ANY(:case_ids) AND kind = ANY(:kinds) AND stopped_at IS NULL
    """
).bindparams(bindparam("case_ids", type_=ARRAY(Uuid)), bindparam("kinds", type_=ARRAY(String)))


def recount(engine: AsyncEngine, router: Router, *, pause_seconds: float) -> Recount:
    counter = Recounter(router=router)
    return Recount(
        engine=engine,
        owners="routed_cases",
        loads=loads,
        running=counter.running,
        count=counter.count,
        pause_seconds=pause_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounter:
    """By the policy that runs."""

    router: Router

    def running(self) -> str:
        return calendar_version(self.router.policy.policy)

    async def count(self, conn: AsyncConnection, kept: Sequence[KeptClock]) -> RecountResult:
        policy, at = self.router.policy.policy, self.router.clock.now()
        clocks = [(one.case_id, decoded(one.clock)) for one in kept]
        leads = await _leads(conn, {case_id for case_id, clock in clocks if clock.kind in CAPPED})
        counted = [
            Recounted(case_id=case_id, before=clock, after=recounted(clock, leads[case_id], policy))
            for case_id, clock in clocks
        ]
        said = [
            Outgoing(event=event, at=at, copies=copies_of(event, policy), event_id=event_id)
            for event_id, event in announcements(counted, policy, at)
        ]
        await journal.add(conn, SERVICE, said)
        changed = [CountedClock(*counted_row(one)) for one in counted if one.changed]
        return RecountResult(calendar_version(policy), changed)


async def _leads(conn: AsyncConnection, case_ids: AbstractSet[UUID]) -> defaultdict[UUID, list[LegalClock]]:
    """The open clocks of the leads beside whom others work."""
    leads: defaultdict[UUID, list[LegalClock]] = defaultdict(list)
    if case_ids:
        found = await conn.execute(_LEADS, {"case_ids": list(case_ids), "kinds": sorted(LEAD_WORK)})
        for row in found:
            leads[row.case_id].append(decoded(row.clock))
    return leads
