"""Puts notify together from its settings."""

from pydantic import Field

from contracts.topics import PROGRESS
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.encryption import Sealer
from libraries.runtime.jobs.job import Job
from libraries.runtime.kafka import watermarks
from libraries.runtime.kafka.consumer import Pump
from libraries.runtime.process import Service
from libraries.runtime.settings import ORIGIN, RuntimeSettings, read_settings
from services.notify.escalation.backfill import Latecomers
from services.notify.escalation.scheduler import Supervisor
from services.notify.http import ROUTES
from services.notify.places import Places
from services.notify.watching.feedback import ANSWER_SECONDS
from services.notify.watching.handlers import Watcher
from services.notify.watching.rate_limits import Pace
from services.notify.watching.scheduler import ALERTS_PER_SECOND, WRITER_SECONDS, Watchman

FIRING_SECONDS = 0.25
SWEEPING_SECONDS = 2.0
LOOKING_SECONDS = 2.0
FORGETTING_SECONDS = 600.0
COUNTING_SECONDS = 60.0
MEASURING_SECONDS = 10.0
ADDRESS = rf"{ORIGIN}[A-Za-z0-9._~/-]*"


class NotifySettings(RuntimeSettings):
    notify_alerts_per_second: int = Field(default=ALERTS_PER_SECOND, gt=0)
    """How many alerts and rungs of the ladder a process says a second when many are late, as after an outage."""
    notify_answer_seconds: float = Field(default=ANSWER_SECONDS, ge=0)
    """How long an answer that came in time, and of which routing has said nothing, holds a breach; in real time."""
    notify_writer_seconds: float = Field(default=WRITER_SECONDS, ge=0)
    """How long no breach is said while a service stands still that could say that the clock was kept; in real time."""
    intake_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find intake, so that the board can show why a date of a window is what it is."""
    routing_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find routing, for the dates of offices."""


def build(settings: NotifySettings | None = None) -> Service:
    settings = settings or read_settings(NotifySettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "notify")
    policy = PolicyWatch(settings.policy_dir, clock.now)
    pumps: list[Pump] = []
    places = Places(engine=engine)
    pace = Pace(settings.notify_alerts_per_second)
    supervisor = Supervisor(engine=engine, clock=clock, policy=policy, pace=pace)
    latecomers = Latecomers(engine=engine, clock=clock, policy=policy, pace=Pace(settings.notify_alerts_per_second))
    watchman = Watchman(
        engine=engine,
        clock=clock,
        policy=policy,
        pumps=pumps,
        pace=pace,
        writer_seconds=settings.notify_writer_seconds,
    )

    async def refresh_policy() -> None:
        await policy.refresh_unless(places.open_work)

    return Service(
        name="notify",
        settings=settings,
        engine=engine,
        sealer=Sealer(settings.sealing_key.get_secret_value()),
        readers=[
            *Watcher(clock=clock, policy=policy, answer_seconds=settings.notify_answer_seconds).readers(),
            watermarks.reader("notify", PROGRESS, clock),
        ],
        routes=ROUTES,
        state={
            "engine": engine,
            "policy": policy,
            "places": policy,
            "clock": clock,
            "standing": watchman.standing,
            "explained_by": {"intake": settings.intake_url.rstrip("/"), "routing": settings.routing_url.rstrip("/")},
        },
        refusals={"policy": policy.refusal, "writers": watchman.standing.told},
        jobs=[
            Job(run=refresh_policy),
            Job(run=watchman.note_reading, seconds=FIRING_SECONDS),
            Job(run=watchman.fire, seconds=FIRING_SECONDS),
            Job(run=watchman.sweep, seconds=SWEEPING_SECONDS),
            Job(run=watchman.look_at_writers, seconds=LOOKING_SECONDS),
            Job(run=supervisor.climb, seconds=FIRING_SECONDS),
            Job(run=latecomers.look),
            Job(run=watchman.measure, seconds=MEASURING_SECONDS),
            Job(run=watchman.forget, seconds=FORGETTING_SECONDS),
            Job(run=watchman.count_unanswered, seconds=COUNTING_SECONDS),
        ],
        pumps=pumps,
    )
