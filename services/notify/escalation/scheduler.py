"""Climbs the supervision ladder: each rung once per clock and version, in the transaction that says so."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

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
from libraries.ids import derived_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.notify.domain.escalation import Climbed, climb
from services.notify.escalation.store import (
    change_supervisions,
    claim_supervisions,
    list_deciders,
    list_unsettled,
)
from services.notify.watching.alerts import count_stand_ins
from services.notify.watching.rate_limits import Pace

SERVICE: Final = "notify"
PORTION: Final = 1000
RUNGS_PER_SECOND: Final = 5000
EVENT_OF: Final[dict[SupervisionLevel, type[Said]]] = {
    SupervisionLevel.REMINDED: SupervisionReminded,
    SupervisionLevel.URGED: SupervisionUrged,
    SupervisionLevel.SUPERVISED: SupervisionSupervised,
    SupervisionLevel.LISTED: SupervisionListed,
}


class Looked(NamedTuple):
    """Supervisions that were looked at, and how many of them have climbed."""

    number: int
    said: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """Looks at the ladder. Any number may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    pace: Pace = field(default_factory=lambda: Pace(RUNGS_PER_SECOND))

    async def climb(self) -> None:
        """Every rung whose moment has come, the longest due first, and no faster than the pace.

        The next rung of some of them may be due already, so this ends with a look that finds nothing.
        """
        while (looked := await self.climb_portion()).number:
            await self.pace.spend(looked.said)

    async def climb_portion(self) -> Looked:
        """The first of those whose moment has come, in one transaction."""
        now, policy = self.clock.now(), self.policy.policy
        async with transaction(self.engine) as conn:
            standing = await claim_supervisions(conn, now=now, portion=PORTION)
            legs = {one.clock_id: one.referral_id for one in standing if one.referral_id is not None}
            deciders = await list_deciders(conn, legs.values())
            holders = {clock: deciders[leg] for clock, leg in legs.items() if leg in deciders}
            outcomes = [climb(one, now, policy, holder=holders.get(one.clock_id)) for one in standing]
            await change_supervisions(conn, [outcome.after for outcome in outcomes])
            climbed = [one for one in outcomes if isinstance(one, Climbed)]
            unsettled = await list_unsettled(conn, [one.after for one in climbed])
            said = [_said(one, provisional=one.after.clock_id in unsettled) for one in climbed]
            await journal.add(conn, SERVICE, said)
        count_stand_ins((holders.get(one.after.clock_id, one.after.office), one.after.told) for one in climbed)
        return Looked(len(standing), len(climbed))


def _said(climbed: Climbed, *, provisional: bool) -> Outgoing:
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
        provisional=provisional,
    )
    ids = (str(reached.clock_id), str(reached.version), level.value)
    return Outgoing(event=event, at=climbed.at, event_id=derived_id("supervision", *ids))
