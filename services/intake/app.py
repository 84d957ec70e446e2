"""Puts intake together from its settings."""

from pydantic import Field

from services.deadlines import Limit
from services.intake.domain.acts import Rules
from services.intake.follower import Follower
from services.intake.handlers import Registrar
from services.intake.http import ROUTES
from services.intake.recounting import Recounter
from services.intake.relocating import Relocator
from services.intake.tables import loads
from services.policies import PolicyWatch
from services.runtime import watermarks
from services.runtime.clock import Clock
from services.runtime.database import open_engine
from services.runtime.jobs import Job
from services.runtime.process import Service
from services.runtime.recounting import Recount
from services.runtime.relocating import Turns
from services.runtime.sealing import Sealer
from services.runtime.settings import RuntimeSettings, read_settings
from services.runtime.watermarks import Announces


class IntakeSettings(RuntimeSettings):
    intake_reopen_limit: str = Field(default="15d", pattern=r"^[1-9][0-9]{0,3}(h|d|wd|mo|y)$")
    """How long after it was resolved a case can be opened again, for example 15d."""


def build(settings: IntakeSettings | None = None) -> Service:
    settings = settings or read_settings(IntakeSettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "intake")
    sealer = Sealer(settings.sealing_key.get_secret_value())
    policy = PolicyWatch(settings.policy_dir, clock.now)

    follower = Follower(policy=policy, clock=clock)
    reopen_limit = Limit.parse(settings.intake_reopen_limit)

    def rules() -> Rules:
        return Rules(policy=policy.policy, reopen_limit=reopen_limit)

    relocator = Relocator(engine=engine, policy=policy, clock=clock)

    async def refresh_policy() -> None:
        await policy.refresh_unless(relocator.open_work)

    recounter = Recounter(engine=engine, policy=policy, clock=clock)
    recount = Recount(
        engine=engine,
        table="cases",
        loads=loads,
        running=recounter.running,
        portion=recounter.portion,
        pause_seconds=settings.recount_pause_seconds,
    )

    return Service(
        name="intake",
        settings=settings,
        engine=engine,
        sealer=sealer,
        readers=[
            Registrar(policy=policy, sealer=sealer, clock=clock).reader(),
            *follower.readers(),
            watermarks.reader("intake", ["routing"], clock),
        ],
        routes=ROUTES,
        state={
            "engine": engine,
            "policy": policy,
            "places": policy,
            "sealer": sealer,
            "clock": clock,
            "rules": rules,
        },
        refusals={"policy": policy.refusal},
        announces=Announces(follows={"routing": ("intake.referrals",)}),
        jobs=[
            Job(run=refresh_policy),
            Job(run=recount.recount),
            Job(run=Turns(lambda: policy.policy.offices, relocator.relocate).turn),
        ],
    )
