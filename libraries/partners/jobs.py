"""What a service needs to know who may call as a partner."""

from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.partners.holding import LOOK_SECONDS, Partners
from libraries.partners.issuers import ForeignKeys, read_issuers
from libraries.runtime.jobs.job import Job
from libraries.runtime.settings import RuntimeSettings

FETCHING_SECONDS = 1.0
FORGETTING_SECONDS = 600.0


def partners_of(engine: AsyncEngine, settings: RuntimeSettings) -> tuple[Partners, list[Job]]:
    """What every request asks, and the jobs that keep it as the registry says."""
    partners = Partners(engine=engine, audience=settings.token_audience)
    foreign = ForeignKeys(partners=partners, issuers=read_issuers(settings.token_issuers))
    jobs = [Job(run=partners.look, seconds=LOOK_SECONDS), Job(run=partners.forget, seconds=FORGETTING_SECONDS)]
    if foreign.issuers:
        jobs.append(Job(run=foreign.turn, seconds=FETCHING_SECONDS))
    return partners, jobs
