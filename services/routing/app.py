"""Puts routing together from its settings."""

from libraries.partners import hearing as partner_hearing
from libraries.partners.jobs import partners_of
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.encryption import Sealer
from libraries.runtime.jobs.job import Job
from libraries.runtime.jobs.relocating import OnPolicyChange
from libraries.runtime.kafka import watermarks
from libraries.runtime.kafka.watermarks import ProgressSources
from libraries.runtime.process import Service
from libraries.runtime.settings import RuntimeSettings, read_settings
from libraries.versions.holding import LOOK_SECONDS, Versions
from services.routing import policy_versions
from services.routing.answering import Answering
from services.routing.handlers import Router
from services.routing.http import ROUTES
from services.routing.recounting import recount
from services.routing.relocating import Relocator
from services.routing.silence import Silence


def build(settings: RuntimeSettings | None = None) -> Service:
    settings = settings or read_settings(RuntimeSettings)
    engine = open_engine(settings, "routing")
    partners, partner_jobs = partners_of(engine, settings)
    sealer = Sealer.of(settings)
    clock = Clock.of(settings)
    policy = PolicyWatch(settings.policy_dir, clock.now)
    router = Router(policy=policy, sealer=sealer, clock=clock)

    relocator = Relocator(engine=engine, router=router)
    versions = Versions(engine=engine, watch=policy, clock=clock)

    async def prepare() -> None:
        await versions.begin()
        await policy_versions.begin(engine, policy, clock.now())
        await versions.look()
        await partners.look()

    return Service(
        name="routing",
        settings=settings,
        engine=engine,
        sealer=sealer,
        readers=[
            *router.readers(),
            watermarks.reader("routing", ["intake"], clock),
            partner_hearing.reader("routing", clock),
        ],
        routes=ROUTES,
        state={
            "engine": engine,
            "router": router,
            "places": policy,
            "partners": partners,
            "answering": Answering(engine=engine, router=router),
        },
        lacks={"policy": versions.lacks, "partners": partners.lacks},
        prepare=prepare,
        progress_sources=ProgressSources(
            feedback_readers=("routing.feedback",), follows={"intake": ("routing.cases",)}
        ),
        jobs=[
            *partner_jobs,
            Job(run=versions.look, seconds=LOOK_SECONDS),
            Job(run=Silence(engine=engine, router=router).settle, seconds=0.25),
            Job(run=recount(engine, router, pause_seconds=settings.recount_pause_seconds).recount),
            Job(run=OnPolicyChange(lambda: policy.policy.offices, relocator.relocate).turn),
        ],
    )
