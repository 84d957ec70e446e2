"""What every process does that answers over HTTP: serve, repeat its jobs, and end in order on SIGTERM."""

import asyncio
import gc
import signal

import structlog
import uvicorn
from litestar import Litestar
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.failures import explain
from libraries.runtime.jobs.job import Job
from libraries.runtime.settings import ProcessSettings
from libraries.runtime.web.app import OK
from libraries.runtime.web.server import serving

YOUNG_OBJECTS = 20_000
"""Made and not yet freed, before the collector looks for those that hold each other."""

log = structlog.get_logger()


def tune_garbage_collector() -> None:
    """What is there at the start stays: the collector need not look at it again and again.

    Policies and modules are hundreds of thousands of objects, and batches of thousands of rows wake it often: they are
    short-lived and know nothing of each other, so it comes once a batch and not after each hundred rows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def server_of(app: Litestar, settings: ProcessSettings) -> uvicorn.Server:
    return serving(
        app,
        host=settings.http_host,
        port=settings.http_port,
        head_seconds=settings.request_head_seconds,
        body_seconds=settings.request_body_seconds,
    )


async def serve(server: uvicorn.Server) -> None:
    # Uvicorn would take the signals for itself and stop before readers and relay do.
    await server._serve()  # noqa: SLF001 -- its public way takes the signals


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    return stopping


async def repeat(job: Job) -> None:
    """One failure of a job is logged, and the next turn comes all the same."""
    while True:
        try:
            await job.run()
        except Exception as error:  # noqa: BLE001 -- a job must not end the process
            name = getattr(job.run, "__name__", "")
            log.error("job_failed", job=name, error=explain(error))  # noqa: TRY400 -- a trace could hold personal data
        await asyncio.sleep(job.seconds)


async def database_answers(engine: AsyncEngine) -> str:
    """`ok`, or what is wrong with it."""
    try:
        async with asyncio.timeout(3), engine.connect() as conn:
            await conn.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return f"away: {type(error).__name__}"
    return OK
