"""What silence makes true, looked up every few moments: it accepts a referral, and refuses more time."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.database.engine import transaction
from services.routing import store
from services.routing.domain.extension import refuse_silent
from services.routing.domain.referral import Change
from services.routing.domain.supervision import deem_accepted
from services.routing.handlers import Router
from services.routing.publishing import record

GRACE_SECONDS = 1.0
"""Real time for answers that arrived at the last instant to be read first. One that is read later still counts: a
referral that was deemed accepted can be signed, accepted and returned within its time."""
BATCH_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Listens for what is not said."""

    engine: AsyncEngine
    router: Router

    async def settle(self) -> None:
        """Until nobody is silent beyond the limit, in batches of one transaction each."""
        while await self._batch():
            pass

    async def _batch(self) -> int:
        await self.router.policy.fresh()
        clock = self.router.clock
        at = clock.now()
        context = self.router.context(at)
        rules = [rule for rule in context.policy.clocks if not rule.at_the_window]
        accepting = {rule.clock for rule in rules if rule.silence_accepts}
        refusing = {rule.clock for rule in rules if rule.silence_refuses}
        before = at - timedelta(seconds=GRACE_SECONDS * clock.speed)
        async with transaction(self.engine) as conn:
            silent = await store.list_silent(conn, accepting, before=before, limit=BATCH_SIZE)
            silent += await store.list_undecided(conn, refusing, before=before, limit=BATCH_SIZE)
            if not silent:
                return 0
            routings = await store.lock_routings(conn, (case_id for case_id, _ in silent))
            of_case: dict[UUID, list[UUID]] = defaultdict(list)
            for case_id, referral_id in silent:
                of_case[case_id].append(referral_id)
            changes = []
            for case_id, referral_ids in of_case.items():
                change = Change(routing=routings[case_id], at=at)
                for referral_id in referral_ids:
                    change = refuse_silent(deem_accepted(change, referral_id, context), referral_id, context)
                changes.append(change)
            await record(conn, routings, changes, context.policy)
        return sum(1 for change in changes if change.events)
