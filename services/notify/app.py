"""Puts notify together from its settings."""

from pathlib import Path

from pydantic import Field

from contracts.topics import PROGRESS
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.encryption import Sealer
from libraries.runtime.jobs.job import Job
from libraries.runtime.kafka import watermarks
from libraries.runtime.kafka.consumer import ConsumerLoop
from libraries.runtime.process import Service
from libraries.runtime.settings import ORIGIN, RuntimeSettings, read_settings
from libraries.versions import hearing
from libraries.versions.holding import LOOK_SECONDS, Versions
from services.notify.delivery.jobs import delivery_jobs
from services.notify.delivery.sender import WebhookSender, tls_context
from services.notify.escalation.backfill import EscalationBackfill
from services.notify.escalation.scheduler import EscalationScheduler
from services.notify.http import ROUTES
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
ADDRESS = rf"{ORIGIN}[A-Za-z0-9._~/-]*"


class NotifySettings(RuntimeSettings):
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
    intake_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find intake, so that the board can show why a date of a window is what it is."""
    routing_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find routing, for the dates of offices."""


def _explained_by(settings: NotifySettings) -> dict[str, str]:
    return {"intake": settings.intake_url.rstrip("/"), "routing": settings.routing_url.rstrip("/")}


def _webhooks(settings: NotifySettings) -> WebhookSender:
    return WebhookSender(
        named=frozenset(one for one in settings.notify_private_targets.split(",") if one),
        tls=tls_context(settings.notify_webhook_ca_file),
    )


def _alert_jobs(alerts: AlertScheduler, escalations: EscalationScheduler, backfill: EscalationBackfill) -> list[Job]:
    return [
        Job(run=alerts.save_progress, seconds=FIRING_SECONDS),
        Job(run=alerts.fire, seconds=FIRING_SECONDS),
        Job(run=alerts.sweep, seconds=SWEEPING_SECONDS),
        Job(run=alerts.check_writers, seconds=CHECKING_SECONDS),
        Job(run=escalations.escalate, seconds=FIRING_SECONDS),
        Job(run=backfill.run),
        Job(run=alerts.measure, seconds=MEASURING_SECONDS),
        Job(run=alerts.forget, seconds=FORGETTING_SECONDS),
        Job(run=alerts.count_unsettled, seconds=COUNTING_SECONDS),
    ]


def build(settings: NotifySettings | None = None) -> Service:
    settings = settings or read_settings(NotifySettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "notify")
    policy = PolicyWatch(settings.policy_dir, clock.now)
    versions = Versions(engine=engine, watch=policy, clock=clock)
    loops: list[ConsumerLoop] = []
    rate_limit, of_backfill = (RateLimit(settings.notify_alerts_per_second) for _ in range(2))
    escalation_scheduler = EscalationScheduler(engine=engine, clock=clock, policy=policy, rate_limit=rate_limit)
    escalation_backfill = EscalationBackfill(engine=engine, clock=clock, policy=policy, rate_limit=of_backfill)
    sealer = Sealer.of(settings)
    webhooks = _webhooks(settings)
    broker = settings.kafka_connection()
    delivering = delivery_jobs(engine, sealer, webhooks, clock=clock, policy=policy, connection=broker)
    alert_scheduler = AlertScheduler(
        engine=engine,
        clock=clock,
        policy=policy,
        loops=loops,
        rate_limit=rate_limit,
        writer_seconds=settings.notify_writer_seconds,
    )

    return Service(
        name="notify",
        settings=settings,
        engine=engine,
        sealer=sealer,
        readers=[
            *EventHandlers(clock=clock, policy=policy, answer_seconds=settings.notify_answer_seconds).readers(),
            watermarks.reader("notify", PROGRESS, clock),
            hearing.reader("notify", clock),
        ],
        routes=ROUTES,
        state={
            "engine": engine,
            "clock": clock,
            "sealer": sealer,
            "webhooks": webhooks,
            **dict.fromkeys(("policy", "places"), policy),
            "stalled": alert_scheduler.stalled,
            "explained_by": _explained_by(settings),
        },
        refusals={"writers": alert_scheduler.stalled.message},
        lacks={"policy": versions.lacks},
        prepare=versions.begin,
        jobs=[
            Job(run=versions.look, seconds=LOOK_SECONDS),
            *_alert_jobs(alert_scheduler, escalation_scheduler, escalation_backfill),
            *delivering,
        ],
        loops=loops,
    )
