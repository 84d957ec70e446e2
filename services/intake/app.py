"""Puts intake together from its settings."""

from services.intake.handlers import Desk
from services.intake.http import ROUTES
from services.policies import PolicyWatch
from services.runtime.clock import Clock
from services.runtime.database import open_engine
from services.runtime.process import Service
from services.runtime.sealing import Sealer
from services.runtime.settings import RuntimeSettings, read_settings


def build(settings: RuntimeSettings | None = None) -> Service:
    settings = settings or read_settings(RuntimeSettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "intake")
    sealer = Sealer(settings.sealing_key.get_secret_value())
    policy = PolicyWatch(settings.policy_dir)

    async def refresh_policy() -> None:
        policy.refresh()

    return Service(
        name="intake",
        settings=settings,
        engine=engine,
        sealer=sealer,
        readers=[Desk(policy=policy, sealer=sealer, clock=clock).reader()],
        routes=ROUTES,
        state={"engine": engine, "policy": policy, "sealer": sealer, "clock": clock},
        jobs=[refresh_policy],
    )
