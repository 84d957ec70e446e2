"""Puts intake together from its settings."""

from pathlib import Path

from pydantic import Field

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
from libraries.runtime.objects.folder import Folder
from libraries.runtime.process import Service
from libraries.runtime.settings import REPOSITORY, RuntimeSettings, read_settings
from libraries.versions import hearing
from libraries.versions.holding import LOOK_SECONDS, Versions
from services.intake.attachments.cleaning import SECONDS as CLEANING_SECONDS
from services.intake.attachments.cleaning import Cleaner
from services.intake.attachments.keeping import AttachmentKeeper
from services.intake.attachments.scanning import Scanner
from services.intake.groups import Groups
from services.intake.handlers import Registrar
from services.intake.http import ROUTES
from services.intake.recounting import recount
from services.intake.referral_updates import ReferralUpdates
from services.intake.relocating import Relocator


class IntakeSettings(RuntimeSettings):
    attachments: Path = REPOSITORY / "build" / "attachments"
    """Folder in which attachments lie, sealed."""
    clamd: str = Field(default="", pattern=r"^(/\S+|[A-Za-z0-9.:\[\]-]+:[0-9]{1,5})?$")
    """Where ClamAV's clamd listens, `host:port` or the path of its socket; nothing is attached that it has not seen."""


def build(settings: IntakeSettings | None = None) -> Service:
    settings = settings or read_settings(IntakeSettings)
    clock = Clock.of(settings)
    engine = open_engine(settings, "intake")
    partners, partner_jobs = partners_of(engine, settings)
    sealer = Sealer.of(settings)
    policy = PolicyWatch(settings.policy_dir, clock.now)

    versions = Versions(engine=engine, watch=policy, clock=clock)
    keeper = AttachmentKeeper(
        objects=Folder(settings.attachments),
        sealer=sealer,
        scanner=Scanner(address=settings.clamd) if settings.clamd else None,
    )
    follower = ReferralUpdates(policy=policy, sealer=sealer, clock=clock)
    relocator = Relocator(engine=engine, policy=policy, clock=clock)

    async def prepare() -> None:
        await versions.begin()
        await partners.look()

    return Service(
        name="intake",
        settings=settings,
        engine=engine,
        sealer=sealer,
        readers=[
            *Registrar(policy=policy, sealer=sealer, clock=clock, partners=partners).readers(),
            *follower.readers(),
            watermarks.reader("intake", ["routing"], clock),
            hearing.reader("intake", clock),
            partner_hearing.reader("intake", clock),
        ],
        routes=ROUTES,
        state={
            "engine": engine,
            "policy": policy,
            "places": policy,
            "sealer": sealer,
            "clock": clock,
            "attachments": keeper,
            "partners": partners,
            "groups": Groups(engine=engine, policy=policy, sealer=sealer, clock=clock),
        },
        lacks={"policy": versions.lacks, "partners": partners.lacks},
        prepare=prepare,
        progress_sources=ProgressSources(follows={"routing": ("intake.referrals",)}),
        jobs=[
            *partner_jobs,
            Job(run=versions.look, seconds=LOOK_SECONDS),
            Job(run=recount(engine, policy, clock, pause_seconds=settings.recount_pause_seconds).recount),
            Job(run=Cleaner(engine=engine, objects=keeper.objects).clean, seconds=CLEANING_SECONDS),
            Job(run=OnPolicyChange(lambda: policy.policy.offices, relocator.relocate).turn),
        ],
    )
