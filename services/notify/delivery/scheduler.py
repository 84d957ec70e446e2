"""Delivers what is owed: any number of processes may, each endpoint is served by one of them at a time.

A slow endpoint takes up its own few connections and one of the places, and is left alone once it has failed often
enough; the others go on.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import AttemptResult, DeliveryChannel, SubscriptionState
from libraries.runtime.database.engine import read_once, transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import explain
from services.notify.delivery import store
from services.notify.delivery.carriers import Carrier, Carry, WebhookCarrier
from services.notify.delivery.sender import ATTEMPT_SECONDS, CONNECTIONS, Answer, WebhookSender
from services.notify.delivery.store import Claimed, Due
from services.notify.domain.retrying import Circuit, after_failure, after_success, next_attempt

ENDPOINTS_AT_ONCE: Final = 100
LEASE: Final = timedelta(seconds=60)
SERVING_SECONDS: Final = LEASE.total_seconds() - 2 * ATTEMPT_SECONDS
"""After which no attempt is begun: the last one ends within the lease."""
BATCH_SIZE: Final = 100
KEPT: Final = timedelta(days=30)
FORGOTTEN_AT_ONCE: Final = 1000
SETTLES: Final = frozenset({AttemptResult.DELIVERED, AttemptResult.REJECTED, *store.SUPPRESSED})
"""After which a delivery is not tried again, and the next one of its case has its turn."""
DELIVERIES: Final = Counter(
    "yimen_deliveries_total", "Attempts to deliver an event or a message.", ("result", "channel")
)
OLDEST: Final = Gauge(
    "yimen_delivery_oldest_seconds", "How long the oldest delivery of an active subscription has waited."
)
OVERDUE: Final = Gauge(
    "yimen_delivery_overdue_seconds", "How long the oldest delivery that could go out has not; not of endpoints away."
)
OPEN_CIRCUITS: Final = Gauge(
    "yimen_delivery_open_circuits", "Subscriptions whose endpoint is left alone, as it has failed again and again."
)

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class DeliveryScheduler:
    """`run` is a job that does not wait for the slow: what it began goes on beside the next turn."""

    engine: AsyncEngine
    sealer: Sealer
    sender: WebhookSender
    carriers: Mapping[DeliveryChannel, Carrier] = field(default_factory=dict)
    """Of the channels beside webhooks."""
    endpoints_at_once: int = ENDPOINTS_AT_ONCE
    lease: timedelta = LEASE
    _serving: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Take up whoever has something due, as far as there are places."""
        free = self.endpoints_at_once - len(self._serving)
        if free <= 0:
            return
        async with transaction(self.engine) as conn:
            claimed = await store.claim_subscriptions(
                conn, now=datetime.now(UTC), lease=self.lease, most=free, channels=self._channels
            )
        for one in claimed:
            task = asyncio.create_task(self._serve(one))
            self._serving[one.id] = task
            task.add_done_callback(partial(self._served, one.id))

    async def finish(self) -> None:
        """Until everything that was begun has ended."""
        while self._serving:
            await asyncio.gather(*self._serving.values())

    def _served(self, subscription: UUID, _: asyncio.Task[None]) -> None:
        self._serving.pop(subscription, None)

    async def _serve(self, claimed: Claimed) -> None:
        """A failure of ours leaves the lease to run out."""
        try:
            carrier = self._carrier(claimed.channel)
            async with asyncio.timeout(self.lease.total_seconds()), carrier.open(claimed) as carry:
                await Endpoint(
                    scheduler=self, claimed=claimed, carry=carry, given_up_after=carrier.given_up_after
                ).serve()
        except Exception as error:  # noqa: BLE001 -- one subscription must not end the job of all
            log.error("delivery_failed", subscription=str(claimed.id), error=explain(error))  # noqa: TRY400 -- a trace could hold personal data

    @property
    def _channels(self) -> tuple[DeliveryChannel, ...]:
        return DeliveryChannel.WEBHOOK, *self.carriers

    def _carrier(self, channel: DeliveryChannel) -> Carrier:
        if channel is DeliveryChannel.WEBHOOK:
            return WebhookCarrier(sender=self.sender, sealer=self.sealer)
        return self.carriers[channel]

    async def measure(self) -> None:
        """For who looks at the metrics."""
        async with read_once(self.engine) as conn:
            now = datetime.now(UTC)
            found = await store.measure(conn, now=now, channels=self._channels)
        OLDEST.set((now - found.oldest_at).total_seconds() if found.oldest_at is not None else 0)
        OVERDUE.set((now - found.overdue_since).total_seconds() if found.overdue_since is not None else 0)
        OPEN_CIRCUITS.set(found.open_circuits)

    async def forget(self) -> None:
        """What was settled long ago, with its attempts."""
        gone = FORGOTTEN_AT_ONCE
        while gone == FORGOTTEN_AT_ONCE:
            async with transaction(self.engine) as conn:
                before = datetime.now(UTC) - KEPT
                gone = await store.forget_settled(conn, before=before, most=FORGOTTEN_AT_ONCE)


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One subscription while this process has its lease."""

    scheduler: DeliveryScheduler
    claimed: Claimed
    carry: Carry
    given_up_after: timedelta
    circuit: Circuit = field(init=False)
    stopped: bool = False
    """The circuit has opened, the holder has stopped it, or another process has taken over."""
    _recording: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.circuit = self.claimed.circuit

    async def serve(self) -> None:
        """Batch by batch until nothing is due; cases beside each other, each in its own order."""
        until = asyncio.get_running_loop().time() + SERVING_SECONDS
        places = asyncio.Semaphore(CONNECTIONS)

        async def of_case(deliveries: Sequence[Due]) -> None:
            async with places:
                for due in deliveries:
                    if self.stopped or asyncio.get_running_loop().time() > until:
                        return
                    if not await self._deliver(due):
                        return

        while not self.stopped and asyncio.get_running_loop().time() < until:
            async with transaction(self.scheduler.engine) as conn:
                # A circuit that is half-open lets one through, and no more until that has gone well.
                most = BATCH_SIZE if self.circuit.is_closed else 1
                found = await store.list_due(conn, self.claimed.id, now=datetime.now(UTC), most=most)
            if not found:
                break
            cases = defaultdict[object, list[Due]](list)
            for due in found:
                cases[due.case_id or due.id].append(due)
            await asyncio.gather(*map(of_case, cases.values()))
        async with transaction(self.scheduler.engine) as conn:
            await store.release(conn, self.claimed)

    async def _deliver(self, due: Due) -> bool:
        """Whether the next one of its case has its turn."""
        answer = await self.carry.send(due)
        DELIVERIES.labels(answer.attempt.result.value, self.claimed.channel.value).inc()
        await self._record(due, answer)
        return answer.attempt.result in SETTLES

    async def _record(self, due: Due, answer: Answer) -> None:
        attempt, now = answer.attempt, datetime.now(UTC)
        there = attempt.result in SETTLES
        gone = attempt.result is AttemptResult.GONE
        async with self._recording:
            before = self.circuit
            if answer.of_endpoint:
                self.circuit = after_success() if there else after_failure(before, now=now, chance=_chance())
            next_at = answer.again_at
            if not there and next_at is None:
                again = next_attempt(
                    due.attempts + 1,
                    since=due.asked_at,
                    now=now,
                    chance=_chance(),
                    asked=answer.rest,
                    given_up_after=self.given_up_after,
                )
                # What its endpoint wants no more is kept, and goes out if the holder takes the subscription up again.
                next_at = now if gone else again
            async with transaction(self.scheduler.engine) as conn:
                because = AttemptResult.GONE.value if gone else ""
                state = await store.save_circuit(conn, self.claimed, self.circuit, disabled_because=because)
                if state is not None:
                    await store.save_attempt(conn, due, attempt, next_at=next_at)
                    await self.carry.note(conn, due, attempt, next_at)
                    if there and answer.of_endpoint and not before.is_closed:
                        await store.wake(conn, self.claimed.id, now=now)
        if state is not SubscriptionState.ACTIVE or self.circuit.is_open(now):
            self.stopped = True


def _chance() -> float:
    """Of the jitter."""
    return random.random()  # noqa: S311 -- nothing secret
