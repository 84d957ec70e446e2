"""Moves what is live with areas and offices, as soon as a policy or its day says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from sqlalchemy import DateTime, String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.policies import Policy
from libraries.policies.moving import left, ownerless, superiors_left
from libraries.runtime.database.engine import transaction
from libraries.runtime.jobs.relocating import distinct
from libraries.runtime.metrics import OPEN_AT_NOBODY
from services.routing import store
from services.routing.domain.dispatching import RULES
from services.routing.domain.referral import Change
from services.routing.domain.relocating import relocated
from services.routing.handlers import Router
from services.routing.publishing import SERVICE, record

BATCH_SIZE: Final = 500
_LIVE: Final = text(
    """
    SELECT case_id FROM referrals WHERE office = ANY(:offices) AND ended_at IS NULL
    UNION
    SELECT c.case_id FROM routed_cases AS c JOIN referrals AS r ON r.case_id = c.case_id AND r.ended_at IS NULL
    WHERE c.area = ANY(:areas)
    UNION
    SELECT case_id FROM clocks
    WHERE kind IN ('return_decision', 'extension_decision') AND stopped_at IS NULL
      AND NOT clock->>'office' = ANY(:standing)
    ORDER BY case_id
    """
)
_LEFT_BEHIND: Final = text(
    """
    WITH gone AS (SELECT * FROM unnest(:areas, :offices, :since) AS gone (area, office, since)),
    held AS (
        SELECT c.case_id, c.area, r.office, r.decider, r.dispatched_at, d.decided_by
        FROM routed_cases AS c
        JOIN referrals AS r ON r.case_id = c.case_id AND r.ended_at IS NULL
        LEFT JOIN decisions AS d ON d.decision_id = r.decision_id
        WHERE c.area = ANY(:areas)
    )
    SELECT held.case_id FROM held JOIN gone USING (area, office)
    WHERE gone.since IS NOT NULL AND (held.decided_by = :rules OR held.dispatched_at < gone.since)
    UNION
    SELECT held.case_id FROM held JOIN gone ON gone.area = held.area AND gone.office = held.decider
    ORDER BY case_id
    """
).bindparams(
    bindparam("areas", type_=ARRAY(String)),
    bindparam("offices", type_=ARRAY(String)),
    bindparam("since", type_=ARRAY(DateTime(timezone=True))),
)
_OPEN_AT: Final = text(
    """
    SELECT office AS code, count(*) AS number FROM referrals WHERE office = ANY(:codes) AND ended_at IS NULL GROUP BY 1
    UNION ALL
    SELECT c.area, count(*) FROM routed_cases AS c JOIN referrals AS r ON r.case_id = c.case_id AND r.ended_at IS NULL
    WHERE c.area = ANY(:codes) GROUP BY 1
    UNION ALL
    SELECT concat_ws('/', r.office, c.area), count(*)
    FROM referrals AS r JOIN routed_cases AS c USING (case_id)
    WHERE r.ended_at IS NULL AND r.office = ANY(:offices) AND concat_ws('/', r.office, c.area) = ANY(:codes) GROUP BY 1
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocator:
    """Looks for live referrals of offices and cases of areas that are no more, or where the area has moved away."""

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
            found = {*await conn.scalars(_LIVE, asked), *await _left_behind(conn, areas, policy)}
        waiting = iter(sorted(found))
        unknown = [code for code in asked["offices"] if policy.office_now(code) is None]
        strays = await self.open_work([*unknown, *policy.tree.strays, *ownerless(policy)])
        OPEN_AT_NOBODY.labels(SERVICE).set(sum(strays.values()))
        while batch := list(islice(waiting, BATCH_SIZE)):
            await self._batch(batch)

    async def open_work(self, codes: Sequence[str]) -> dict[str, int]:
        """How many live referrals each of these areas and offices has, and each office in one area: `office/area`."""
        offices = [office for office, within, _ in (code.partition("/") for code in codes) if within]
        async with transaction(self.engine) as conn:
            found = await conn.execute(_OPEN_AT, {"codes": list(codes), "offices": offices})
            return {row.code: row.number for row in found}

    async def _batch(self, case_ids: Sequence[UUID]) -> None:
        at = self.router.clock.now()
        context = self.router.context(at)
        async with transaction(self.engine) as conn:
            before = await store.lock_routings(conn, case_ids)
            by_hand = await store.find_decided_by_hand(conn, case_ids)
            changes = [relocated(Change(routing=routing, at=at), context, by_hand) for routing in before.values()]
            changed = [one for one in changes if one.routing is not before[one.case_id]]
            await record(conn, before, changed, context.policy)


async def _left_behind(conn: AsyncConnection, areas: Sequence[str], policy: Policy) -> Iterable[UUID]:
    """Cases whose area has moved to another county, and not yet what an office has of them."""
    gone: list[tuple[str, str, datetime | None]] = [
        (area, office, policy.calendar.midnight(one.since.toordinal()))
        for area in areas
        for office, one in left(policy, area).items()
        if one.heir is not None
    ]
    # Who decides on a return was chosen by the rules, on whatever day.
    gone += [(area, office, None) for area in areas for office in superiors_left(policy, area)]
    if not gone:
        return ()
    columns = dict(zip(("areas", "offices", "since"), map(list, zip(*gone, strict=True)), strict=True))
    return await conn.scalars(_LEFT_BEHIND, columns | {"rules": RULES})
