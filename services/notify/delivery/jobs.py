"""What keeps deliveries going, again and again."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import DeliveryChannel
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.jobs.job import Job
from services.notify.delivery.carriers import Carrier
from services.notify.delivery.matching import record_waiting
from services.notify.delivery.replaying import Replaying
from services.notify.delivery.scheduler import DeliveryScheduler
from services.notify.delivery.sender import WebhookSender
from services.notify.delivery.to_topic import TopicCarrier

DELIVERING_SECONDS: Final = 0.25
REPLAYING_SECONDS: Final = 1.0
PLACING_SECONDS: Final = 2.0
MEASURING_SECONDS: Final = 10.0
FORGETTING_SECONDS: Final = 600.0


def delivery_jobs(
    engine: AsyncEngine,
    sealer: Sealer,
    webhooks: WebhookSender,
    *,
    clock: Clock,
    policy: PolicyWatch,
    connection: Mapping[str, Any],
    carriers: Mapping[DeliveryChannel, Carrier],
) -> list[Job]:
    """`connection` is that of the broker, `carriers` those of the channels by which people are written to."""
    by_channel = {**carriers, DeliveryChannel.KAFKA: TopicCarrier(connection=connection)}
    scheduler = DeliveryScheduler(engine=engine, sealer=sealer, sender=webhooks, carriers=by_channel)
    replaying = Replaying(engine=engine, clock=clock, places=policy, connection=connection)
    return [
        Job(run=scheduler.run, seconds=DELIVERING_SECONDS),
        Job(run=replaying.run, seconds=REPLAYING_SECONDS),
        Job(run=partial(record_waiting, engine, policy), seconds=PLACING_SECONDS),
        Job(run=scheduler.measure, seconds=MEASURING_SECONDS),
        Job(run=scheduler.forget, seconds=FORGETTING_SECONDS),
    ]
