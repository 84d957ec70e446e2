"""Puts notify together from its settings."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import Field

from contracts.topics import PROGRESS
from libraries.partners.holding import Partners
from libraries.partners.jobs import partners_of
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.jobs.job import Job
from libraries.runtime.kafka import watermarks
from libraries.runtime.kafka.consumer import ConsumerLoop
from libraries.runtime.kafka.records import Reader
from libraries.runtime.process import Service
from libraries.runtime.settings import read_settings
from libraries.versions import hearing
from libraries.versions.holding import LOOK_SECONDS, Versions
from services.notify.delivery.jobs import delivery_jobs
from services.notify.delivery.sender import WebhookSender, tls_context
from services.notify.escalation.backfill import EscalationBackfill
from services.notify.escalation.scheduler import EscalationScheduler
from services.notify.http import ROUTES
from services.notify.messaging.jobs import message_jobs
from services.notify.messaging.owing import Messages
from services.notify.messaging.settings import ADDRESS, MessageSettings, carriers
from services.notify.partners import signing
from services.notify.watching.feedback import ANSWER_SECONDS
from services.notify.watching.handlers import EventHandlers
from services.notify.watching.rate_limits import RateLimit
from services.notify.watching.scheduler import ALERTS_PER_SECOND, WRITER_SECONDS, AlertScheduler

FIRING_SECONDS = 0.25
SWEEPING_SECONDS = 2.0
CHECKING_SECONDS = 2.0
FORGETTING_SECONDS = 600.0
COUNTING_SECONDS = 60.0
MEASURING_SECONDS = 10.0
TARGET = r"[A-Za-z0-9.\[\]:-]{1,260}"


class NotifySettings(MessageSettings):
    notify_alerts_per_second: int = Field(default=ALERTS_PER_SECOND, gt=0)
    """How many alerts and escalations a process sends a second when many are late, as after an outage."""
    notify_answer_seconds: float = Field(default=ANSWER_SECONDS, ge=0)
    """How long an answer that came in time, and of which routing has said nothing, defers a breach; in real time."""
    notify_writer_seconds: float = Field(default=WRITER_SECONDS, ge=0)
    """How long no breach goes out while a service is stalled that could say that the clock was kept; in real time."""
    notify_private_targets: str = Field(default="", pattern=rf"^({TARGET}(,{TARGET})*)?$")
    """Hosts, or hosts with a port, with commas between: webhooks may go there though they are private or speak http."""
    notify_webhook_ca_file: Path | None = None
    """Certificates that sign those of private targets, beside the system's."""
    routing_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find routing, for the dates of offices."""


def _explained_by(settings: NotifySettings) -> dict[str, str]:
    return {"intake": settings.intake_url.rstrip("/"), "routing": settings.routing_url.rstrip("/")}


def _webhooks(settings: NotifySettings) -> WebhookSender:
    return WebhookSender(
        named=frozenset(one for one in settings.notify_private_targets.split(",") if one),
        tls=tls_context(settings.notify_webhook_ca_file),
    )


def _alert_jobs(alerts: AlertScheduler) -> list[Job]:
    return [
        Job(run=alerts.save_progress, seconds=FIRING_SECONDS),
        Job(run=alerts.fire, seconds=FIRING_SECONDS),
        Job(run=alerts.sweep, seconds=SWEEPING_SECONDS),
        Job(run=alerts.check_writers, seconds=CHECKING_SECONDS),
        Job(run=alerts.measure, seconds=MEASURING_SECONDS),
        Job(run=alerts.forget, seconds=FORGETTING_SECONDS),
        Job(run=alerts.count_unsettled, seconds=COUNTING_SECONDS),
    ]


def _escalation_jobs(alerts: AlertScheduler, of_backfill: RateLimit) -> list[Job]:
    """By the same clock and policy, and of one rate limit with the alerts."""
    escalations = EscalationScheduler(
        engine=alerts.engine,
        clock=alerts.clock,
        policy=alerts.policy,
        rate_limit=alerts.rate_limit,
        messages=alerts.messages,
    )
    backfill = EscalationBackfill(
        engine=alerts.engine, clock=alerts.clock, policy=alerts.policy, rate_limit=of_backfill
    )
    return [Job(run=escalations.escalate, seconds=FIRING_SECONDS), Job(run=backfill.run)]


def _readers(settings: NotifySettings, messages: Messages) -> list[Reader]:
    clock, seconds = messages.clock, settings.notify_answer_seconds
    handlers = EventHandlers(clock=clock, policy=messages.policy, answer_seconds=seconds, messages=messages)
    return [*handlers.readers(), watermarks.reader("notify", PROGRESS, clock), hearing.reader("notify", clock)]


async def _begin(versions: Versions, partners: Partners, sealer: Sealer) -> None:
    """Before anything is read or answered."""
    await versions.begin()
    async with transaction(partners.engine) as conn:
        await signing.begin(conn, sealer, datetime.now(UTC))
    await partners.look()


def build(settings: NotifySettings | None = None) -> Service:
    settings = settings or read_settings(NotifySettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "notify")
    partners, partner_jobs = partners_of(engine, settings)
    policy = PolicyWatch(settings.policy_dir, clock.now)
    versions = Versions(engine=engine, watch=policy, clock=clock)
    loops: list[ConsumerLoop] = []
    rate_limit, of_backfill = (RateLimit(settings.notify_alerts_per_second) for _ in range(2))
    by_channel = carriers(settings, engine, clock=clock, policy=policy)
    messages = Messages(policy=policy, clock=clock, channels=frozenset(by_channel))
    sealer = Sealer.of(settings)
    webhooks = _webhooks(settings)
    broker = settings.kafka_connection()
    delivering = delivery_jobs(
        engine, sealer, webhooks, clock=clock, policy=policy, connection=broker, carriers=by_channel
    )
    alert_scheduler = AlertScheduler(
        engine=engine,
        clock=clock,
        policy=policy,
        loops=loops,
        rate_limit=rate_limit,
        writer_seconds=settings.notify_writer_seconds,
        messages=messages,
    )

    return Service(
        name="notify",
        settings=settings,
        engine=engine,
        sealer=sealer,
        readers=_readers(settings, messages),
        routes=ROUTES,
        state={
            "engine": engine,
            "clock": clock,
            "sealer": sealer,
            "webhooks": webhooks,
            "partners": partners,
            **dict.fromkeys(("policy", "places"), policy),
            "stalled": alert_scheduler.stalled,
            "explained_by": _explained_by(settings),
        },
        refusals={"writers": alert_scheduler.stalled.message},
        lacks={"policy": versions.lacks, "partners": partners.lacks},
        prepare=partial(_begin, versions, partners, sealer),
        jobs=[
            *partner_jobs,
            Job(run=versions.look, seconds=LOOK_SECONDS),
            *_alert_jobs(alert_scheduler),
            *_escalation_jobs(alert_scheduler, of_backfill),
            *delivering,
            *message_jobs(engine, clock),
        ],
        loops=loops,
    )
