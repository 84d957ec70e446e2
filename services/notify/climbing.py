"""Climbs the supervision ladder: each rung once per clock and version, in the transaction that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.codes import SupervisionLevel
from contracts.events.alerts import (
    Supervision as Said,
)
from contracts.events.alerts import (
    SupervisionListed,
    SupervisionReminded,
    SupervisionSupervised,
    SupervisionUrged,
)
from services.notify.domain.firing import Fired
from services.notify.domain.ladder import Climbed, begun, climb, leads_up
from services.notify.domain.watch import Alert
from services.notify.supervisions import (
    add_supervisions,
    change_supervisions,
    claim_supervisions,
    lock_supervisions,
)
from services.policies import Policy, PolicyWatch
from services.runtime import journal
from services.runtime.clock import Clock
from services.runtime.database import transaction
from services.runtime.ids import derived_id
from services.runtime.journal import Outgoing

SERVICE: Final = "notify"
PORTION: Final = 1000
PORTIONS_A_TURN: Final = 4
BEGINS: Final = frozenset({Alert.LAST_DAY, Alert.BREACHED})
EVENT_OF: Final[dict[SupervisionLevel, type[Said]]] = {
    SupervisionLevel.REMINDED: SupervisionReminded,
    SupervisionLevel.URGED: SupervisionUrged,
    SupervisionLevel.SUPERVISED: SupervisionSupervised,
    SupervisionLevel.LISTED: SupervisionListed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """Looks at the ladder. Any number may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch

    async def climb(self) -> None:
        """Every rung whose moment has come, the longest due first; a turn ends early when there are very many."""
        for _ in range(PORTIONS_A_TURN):
            if not await self.climb_portion():
                return

    async def climb_portion(self) -> int:
        """Returns how many supervisions were looked at."""
        now, policy = self.clock.now(), self.policy.policy
        async with transaction(self.engine) as conn:
            standing = await claim_supervisions(conn, now=now, portion=PORTION)
            outcomes = [climb(one, now, policy) for one in standing]
            await change_supervisions(conn, [outcome.after for outcome in outcomes])
            await journal.add(conn, SERVICE, [_said(one) for one in outcomes if isinstance(one, Climbed)])
        return len(standing)


async def begin(conn: AsyncConnection, fired: Sequence[Fired], policy: Policy) -> None:
    """What alerts of these watches begin. The caller holds the watches."""
    leading = [one for one in fired if one.alert in BEGINS and leads_up(one.alert, one.before.kind, policy)]
    known = await lock_supervisions(conn, [one.before.clock_id for one in leading])
    after = [begun(known.get(one.before.clock_id), one.before, one.alert, policy) for one in leading]
    await add_supervisions(conn, [one for one in after if one is not None and one.clock_id not in known])
    await change_supervisions(conn, [one for one in after if one is not None and one.clock_id in known])


def _said(climbed: Climbed) -> Outgoing:
    reached, level = climbed.after, climbed.rung.level
    event = EVENT_OF[level](
        case_id=reached.case_id,
        clock_id=reached.clock_id,
        office=reached.office,
        area=reached.area,
        level=level,
        recipients=reached.told,
        at=climbed.at,
        kind=reached.kind,
        version=reached.version,
        due_at=reached.due_at,
        referral_id=reached.referral_id,
        late_seconds=climbed.late_seconds,
        statutory=climbed.rung.statutory,
    )
    ids = (str(reached.clock_id), str(reached.version), level.value)
    return Outgoing(event=event, at=climbed.at, event_id=derived_id("supervision", *ids))
