"""Puts notify together from its settings."""

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
ADDRESS = rf"{ORIGIN}[A-Za-z0-9._~/-]*"


class NotifySettings(RuntimeSettings):
    notify_alerts_per_second: int = Field(default=ALERTS_PER_SECOND, gt=0)
    """How many alerts and escalations a process sends a second when many are late, as after an outage."""
    notify_answer_seconds: float = Field(default=ANSWER_SECONDS, ge=0)
    """How long an answer that came in time, and of which routing has said nothing, defers a breach; in real time."""
    notify_writer_seconds: float = Field(default=WRITER_SECONDS, ge=0)
    """How long no breach goes out while a service is stalled that could say that the clock was kept; in real time."""
    intake_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find intake, so that the board can show why a date of a window is what it is."""
    routing_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find routing, for the dates of offices."""


def build(settings: NotifySettings | None = None) -> Service:
    settings = settings or read_settings(NotifySettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "notify")
    policy = PolicyWatch(settings.policy_dir, clock.now)
    versions = Versions(engine=engine, watch=policy, clock=clock)
    loops: list[ConsumerLoop] = []
    rate_limit = RateLimit(settings.notify_alerts_per_second)
    escalation_scheduler = EscalationScheduler(engine=engine, clock=clock, policy=policy, rate_limit=rate_limit)
    escalation_backfill = EscalationBackfill(
        engine=engine, clock=clock, policy=policy, rate_limit=RateLimit(settings.notify_alerts_per_second)
    )
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
        sealer=Sealer.of(settings),
        readers=[
            *EventHandlers(clock=clock, policy=policy, answer_seconds=settings.notify_answer_seconds).readers(),
            watermarks.reader("notify", PROGRESS, clock),
            hearing.reader("notify", clock),
        ],
        routes=ROUTES,
        state={
            "engine": engine,
            "policy": policy,
            "places": policy,
            "clock": clock,
            "stalled": alert_scheduler.stalled,
            "explained_by": {"intake": settings.intake_url.rstrip("/"), "routing": settings.routing_url.rstrip("/")},
        },
        refusals={"writers": alert_scheduler.stalled.message},
        lacks={"policy": versions.lacks},
        prepare=versions.begin,
        jobs=[
            Job(run=versions.look, seconds=LOOK_SECONDS),
            Job(run=alert_scheduler.save_progress, seconds=FIRING_SECONDS),
            Job(run=alert_scheduler.fire, seconds=FIRING_SECONDS),
            Job(run=alert_scheduler.sweep, seconds=SWEEPING_SECONDS),
            Job(run=alert_scheduler.check_writers, seconds=CHECKING_SECONDS),
            Job(run=escalation_scheduler.escalate, seconds=FIRING_SECONDS),
            Job(run=escalation_backfill.run),
            Job(run=alert_scheduler.measure, seconds=MEASURING_SECONDS),
            Job(run=alert_scheduler.forget, seconds=FORGETTING_SECONDS),
            Job(run=alert_scheduler.count_unsettled, seconds=COUNTING_SECONDS),
        ],
        loops=loops,
    )
