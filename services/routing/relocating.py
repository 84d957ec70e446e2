"""Moves what is live with areas and offices, as soon as a policy or its day says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.database.engine import transaction
from libraries.runtime.jobs.relocating import distinct
from libraries.runtime.metrics import OPEN_AT_NOBODY
from libraries.runtime.outbox import journal
from services.routing import store
from services.routing.domain.referral import Change
from services.routing.domain.relocating import relocated
from services.routing.feedback import SERVICE
from services.routing.handlers import Router
from services.routing.translate import to_outgoing

PORTION: Final = 500
_LIVE: Final = text(
    """
    SELECT case_id FROM referrals WHERE office = ANY(:offices) AND ended_at IS NULL
    UNION
    SELECT c.case_id FROM routed_cases AS c JOIN referrals AS r ON r.case_id = c.case_id AND r.ended_at IS NULL
    WHERE c.area = ANY(:areas)
    UNION
    SELECT case_id FROM clocks
    WHERE kind = 'return_decision' AND stopped_at IS NULL AND NOT clock->>'office' = ANY(:standing)
    ORDER BY case_id
    """
)
_OPEN_AT: Final = text(
    """
    SELECT office AS code, count(*) AS number FROM referrals WHERE office = ANY(:codes) AND ended_at IS NULL GROUP BY 1
    UNION ALL
    SELECT c.area, count(*) FROM routed_cases AS c JOIN referrals AS r ON r.case_id = c.case_id AND r.ended_at IS NULL
    WHERE c.area = ANY(:codes) GROUP BY 1
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocator:
    """Looks for live referrals of offices and cases of areas that are no more."""

    engine: AsyncEngine
    router: Router

    async def relocate(self) -> None:
        """Until nothing live stands where nobody is, as far as the policy knows who has it."""
        watch = self.router.policy
        async with transaction(self.engine) as conn:
            areas, offices = await distinct(conn, "routed_cases", "area"), await distinct(conn, "referrals", "office")
            watch.note_strays(frozenset(code for code in areas if not watch.policy.knows_area(code)))
            policy = watch.policy
            asked = {
                "areas": [code for code in areas if code not in policy.areas],
                "offices": [code for code in offices if code not in policy.offices],
                "standing": list(policy.offices),
            }
            left = iter(list(await conn.scalars(_LIVE, asked)))
        unknown = [code for code in asked["offices"] if policy.office_now(code) is None]
        strays = await self.open_work([*unknown, *policy.tree.strays])
        OPEN_AT_NOBODY.labels(SERVICE).set(sum(strays.values()))
        while portion := list(islice(left, PORTION)):
            await self._portion(portion)

    async def open_work(self, codes: Sequence[str]) -> dict[str, int]:
        async with transaction(self.engine) as conn:
            found = await conn.execute(_OPEN_AT, {"codes": list(codes)})
            return {row.code: row.number for row in found}

    async def _portion(self, case_ids: Sequence[UUID]) -> None:
        desk, at = self.router.desk(), self.router.clock.now()
        async with transaction(self.engine) as conn:
            before = await store.lock_routings(conn, case_ids)
            changes = [relocated(Change(routing=routing, at=at), desk) for routing in before.values()]
            changed = [one for one in changes if one.routing is not before[one.case_id]]
            await store.save_changes(conn, before, changed, desk.policy)
            await store.save_places(conn, list(_matters(changed)))
            await journal.add(conn, SERVICE, list(to_outgoing(changed, desk.policy)))


def _matters(changes: Sequence[Change]) -> Iterator[list[object]]:
    for change in changes:
        matter = change.routing.matter
        yield [matter.case_id, matter.area, matter.first_contact_office]
