"""Escalates late clocks: each level once per clock and version, in the transaction that publishes it."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import SupervisionLevel
from contracts.events.alerts import (
    Supervision,
    SupervisionListed,
    SupervisionReminded,
    SupervisionSupervised,
    SupervisionUrged,
)
from contracts.tracing import read_trace
from libraries.ids import derived_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.tracing import step
from services.notify.delivery.matching import record_outgoing
from services.notify.domain.escalation import Escalated, escalate
from services.notify.escalation.store import (
    change_escalations,
    claim_escalations,
    list_deciders,
    list_traces,
    list_unsettled,
)
from services.notify.messaging.owing import Messages
from services.notify.watching.alerts import count_stand_in_recipients
from services.notify.watching.rate_limits import RateLimit

SERVICE: Final = "notify"
BATCH_SIZE: Final = 1000
ESCALATIONS_PER_SECOND: Final = 5000
EVENT_OF: Final[dict[SupervisionLevel, type[Supervision]]] = {
    SupervisionLevel.REMINDED: SupervisionReminded,
    SupervisionLevel.URGED: SupervisionUrged,
    SupervisionLevel.SUPERVISED: SupervisionSupervised,
    SupervisionLevel.LISTED: SupervisionListed,
}


class EscalationBatch(NamedTuple):
    """How many due escalations were claimed, and how many of them reached their next level."""

    claimed: int
    escalated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationScheduler:
    """Escalates. Any number of processes may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    rate_limit: RateLimit = field(default_factory=lambda: RateLimit(ESCALATIONS_PER_SECOND))
    messages: Messages | None = None

    async def escalate(self) -> None:
        """Every level whose moment has come, the longest due first, and no faster than the rate limit.

        The next level of some of them may be due already, so this ends with a batch that is empty.
        """
        while (result := await self.escalate_batch()).claimed:
            await self.rate_limit.spend(result.escalated)

    async def escalate_batch(self) -> EscalationBatch:
        """The first of those whose moment has come, in one transaction."""
        now, policy = self.clock.now(), self.policy.policy
        async with transaction(self.engine) as conn:
            due = await claim_escalations(conn, now=now, batch_size=BATCH_SIZE)
            referrals = {one.clock_id: one.referral_id for one in due if one.referral_id is not None}
            deciders = await list_deciders(conn, referrals.values())
            holders = {clock: deciders[referral] for clock, referral in referrals.items() if referral in deciders}
            outcomes = [escalate(one, now, policy, holder=holders.get(one.clock_id)) for one in due]
            await change_escalations(conn, [outcome.after for outcome in outcomes])
            escalated = [one for one in outcomes if isinstance(one, Escalated)]
            unsettled = await list_unsettled(conn, [one.after for one in escalated])
            traces = await list_traces(conn, [one.after for one in escalated])
            events = [
                _event(one, traces.get(one.after.clock_id), provisional=one.after.clock_id in unsettled)
                for one in escalated
            ]
            await journal.add(conn, SERVICE, events)
            await record_outgoing(conn, events, self.policy)
            if self.messages is not None:
                await self.messages.record_outgoing(conn, events)
        count_stand_in_recipients(
            (holders.get(one.after.clock_id, one.after.office), one.after.notified) for one in escalated
        )
        return EscalationBatch(len(due), len(escalated))


def _event(escalated: Escalated, traceparent: str | None, *, provisional: bool) -> Outgoing:
    reached, level = escalated.after, escalated.rule.level
    event = EVENT_OF[level](
        case_id=reached.case_id,
        clock_id=reached.clock_id,
        office=reached.office,
        area=reached.area,
        level=level,
        recipients=reached.notified,
        at=escalated.at,
        kind=reached.kind,
        version=reached.version,
        due_at=reached.due_at,
        referral_id=reached.referral_id,
        late_seconds=escalated.late_seconds,
        statutory=escalated.rule.statutory,
        provisional=provisional,
    )
    ids = (str(reached.clock_id), str(reached.version), level.value)
    trace = step(read_trace(traceparent))
    return Outgoing(event=event, at=escalated.at, event_id=derived_id("supervision", *ids), trace=trace)
