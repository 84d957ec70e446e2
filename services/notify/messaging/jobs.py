"""What keeps messages in order beside sending them, which the jobs of deliveries do."""

from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.jobs.job import Job
from services.notify.messaging import store

FORGETTING_SECONDS: Final = 600.0
KEPT: Final = timedelta(days=365)
"""What was said to whom; the addresses stand nowhere anyway."""
AT_ONCE: Final = 1000


def message_jobs(engine: AsyncEngine, clock: Clock) -> list[Job]:
    return [Job(run=partial(_forget, engine, clock), seconds=FORGETTING_SECONDS)]


async def _forget(engine: AsyncEngine, clock: Clock) -> None:
    gone = AT_ONCE
    while gone == AT_ONCE:
        async with transaction(engine) as conn:
            gone = await store.forget(conn, before=clock.now() - KEPT, most=AT_ONCE)
