"""Moves open cases with their areas and windows, as soon as a policy or its day says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.jobs.relocating import distinct
from libraries.runtime.metrics import OPEN_AT_NOBODY
from services.intake import store
from services.intake.domain.relocating import relocated
from services.intake.domain.states import OVER
from services.intake.publishing import SERVICE, record

BATCH_SIZE: Final = 500
_OPEN: Final = "(state <> ALL(:over) OR EXISTS (SELECT FROM clocks AS k WHERE k.case_id = cases.case_id))"
# What is over stays where it was, unless a clock of it still runs.
# Whoever acts on a case holds it; it comes in the next turn.
_CLAIM: Final = text(
    f"""
    SELECT case_id FROM cases
    WHERE (area = ANY(:areas) OR first_contact_area = ANY(:areas)) AND {_OPEN} AND case_id > :after
    ORDER BY case_id LIMIT :batch_size FOR UPDATE SKIP LOCKED
    """
)
_OPEN_AT: Final = text(f"SELECT area, count(*) AS number FROM cases WHERE area = ANY(:areas) AND {_OPEN} GROUP BY area")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocator:
    """Looks for open cases of areas that are no more."""

    engine: AsyncEngine
    policy: PolicyWatch
    clock: Clock

    async def relocate(self) -> None:
        """Until nothing open stands where nobody is."""
        async with transaction(self.engine) as conn:
            areas = {*await distinct(conn, "cases", "area"), *await distinct(conn, "cases", "first_contact_area")}
        self.policy.note_strays(frozenset(code for code in areas if not self.policy.policy.knows_area(code)))
        strays = await self.open_work(sorted(self.policy.policy.tree.strays))
        OPEN_AT_NOBODY.labels(SERVICE).set(sum(strays.values()))
        policy, after = self.policy.policy, UUID(int=0)
        gone = sorted(areas - set(policy.areas))
        while gone and (last := await self._batch(gone, after, policy)) is not None:
            after = last

    async def open_work(self, codes: Sequence[str]) -> dict[str, int]:
        """How many open cases lie in each of these areas; intake has none at offices but its windows."""
        asked = {"areas": list(codes), "over": sorted(OVER)}
        async with transaction(self.engine) as conn:
            return {row.area: row.number for row in await conn.execute(_OPEN_AT, asked)}

    async def _batch(self, gone: Sequence[str], after: UUID, policy: Policy) -> UUID | None:
        at = self.clock.now()
        asked = {"areas": list(gone), "over": sorted(OVER), "after": after, "batch_size": BATCH_SIZE}
        async with transaction(self.engine) as conn:
            ids = list(await conn.scalars(_CLAIM, asked))
            before = await store.lock_cases(conn, ids)
            moved = [change for case in before.values() if (change := relocated(case, at, policy)) is not None]
            await record(conn, before, moved, policy, subject=SERVICE)
        return ids[-1] if ids else None
