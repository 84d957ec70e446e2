"""What the events of a batch owe to people, written in the transaction that takes them in or says them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import MESSAGE_CHANNELS, AttemptResult, DeliveryChannel
from contracts.events import CaseBound
from contracts.events.cases import CaseErased
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Incoming
from libraries.runtime.outbox.journal import Outgoing
from services.notify.domain.messages import messages_of
from services.notify.messaging import store
from services.notify.messaging.noting import not_sent, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """`channels` are those that this installation has set up: by others nobody is owed anything."""

    policy: PolicyWatch
    clock: Clock
    channels: frozenset[DeliveryChannel] = frozenset()

    async def record_incoming(self, conn: AsyncConnection, batch: Sequence[Incoming[CaseBound]]) -> None:
        """Of what others have said. The caller has saved the cases that the batch tells of."""
        erased = {one.data.case_id for one in batch if isinstance(one.data, CaseErased)}
        await self._record(conn, [(one.data, UUID(one.event_id)) for one in batch if one.data.case_id not in erased])
        if erased:
            now = self.clock.now()
            stopped = await store.stop_erased(conn, erased, MESSAGE_CHANNELS, now=now)
            await say(conn, [not_sent(one, AttemptResult.ERASED, now) for one in stopped], self.policy, at=now)

    async def record_outgoing(self, conn: AsyncConnection, said: Sequence[Outgoing]) -> None:
        """Of what this service itself says."""
        await self._record(
            conn,
            [
                (one.event, one.event_id)
                for one in said
                if isinstance(one.event, CaseBound) and one.event_id is not None
            ],
        )

    async def _record(self, conn: AsyncConnection, events: Iterable[tuple[CaseBound, UUID]]) -> None:
        if not self.channels:
            return
        now, policy = self.clock.now(), self.policy.policy
        owed = [
            message
            for event, event_id in events
            for message in messages_of(event, event_id, policy, channels=self.channels, places=self.policy, now=now)
        ]
        await store.add_messages(conn, owed, now=now, real_now=datetime.now(UTC))
