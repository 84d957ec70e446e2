"""One service as one process: HTTP, readers, relay and jobs in one event loop, and an orderly end on SIGTERM."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from litestar import Litestar
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime import logs
from libraries.runtime.audit.chaining import AuditChain
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import CannotOpen, Sealer, check_key
from libraries.runtime.jobs.housekeeping import housekeep, measure
from libraries.runtime.jobs.job import Job
from libraries.runtime.kafka.announcing import Announcer
from libraries.runtime.kafka.consumer import ConsumerLoop, RobustBroker
from libraries.runtime.kafka.progress import Progress
from libraries.runtime.kafka.records import Reader
from libraries.runtime.kafka.settling import ConsumerContext
from libraries.runtime.kafka.watermarks import OpenRequests, ProgressSources
from libraries.runtime.lifecycle import (
    database_answers,
    repeat,
    serve,
    server_of,
    stop_on_signals,
    tune_garbage_collector,
)
from libraries.runtime.outbox.relay import Relay
from libraries.runtime.settings import RuntimeSettings
from libraries.runtime.web.app import DEGRADED, OK, build_app
from libraries.runtime.web.idempotency import AnswerStore

SILENT_SECONDS = 15.0
"""A reader that has not asked for records for so long is not at work."""
HOUSEKEEPING_SECONDS = 600.0
FIGURES_SECONDS = 10.0
RESTART_SECONDS = 5.0
PROGRESS_SECONDS = 1.0
ANNOUNCE_SECONDS = 0.25

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What makes one service different from the others."""

    name: str
    settings: RuntimeSettings
    engine: AsyncEngine
    sealer: Sealer
    readers: Sequence[Reader] = ()
    routes: Sequence[ControllerRouterHandler] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    jobs: Sequence[Job] = ()
    refusals: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """By part, what of it was refused while it goes on with what it had; empty while nothing was."""
    lacks: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """By part, what the service cannot do without; empty while nothing is missing."""
    prepare: Callable[[], Awaitable[None]] | None = None
    """Done before anything is read or answered."""
    progress_sources: ProgressSources | None = None
    """Of who owns clocks, before it tells the others how far it has come."""
    loops: list[ConsumerLoop] = field(default_factory=list)
    """Filled at the start with one per reader, for jobs that ask how far reading has come."""

    def contexts(self) -> list[ConsumerContext]:
        return [
            ConsumerContext(service=self.name, reader=reader, engine=self.engine, sealer=self.sealer)
            for reader in self.readers
        ]


async def run(service: Service) -> None:
    """Until SIGTERM or Ctrl-C; then what is in hand is finished, and the rest is left to the next process."""
    settings = service.settings
    logs.configure(service.name, settings.log_level)
    if service.prepare is not None:
        await service.prepare()
    async with transaction(service.engine) as conn:
        await check_key(conn, service.sealer)
    connection = settings.kafka_connection()
    broker = RobustBroker(
        connection,
        graceful_seconds=settings.graceful_seconds,
        answers_waiting_fetches=settings.kafka_answers_waiting_fetches,
    )
    loops = [ConsumerLoop(broker, context) for context in service.contexts()]
    service.loops.extend(loops)
    relay = Relay(service.engine, connection, service.name)
    progress = Progress(engine=service.engine, loops=loops)
    open_requests = OpenRequests()
    announcer = _announcer(service, connection, open_requests)
    server = server_of(_app(service, loops, open_requests), settings)
    stopping = stop_on_signals()
    tasks = [asyncio.create_task(relay.run()), *_jobs(service)]
    served = asyncio.create_task(serve(server))
    try:
        await progress.begin()
        await broker.start()
        tasks.append(asyncio.create_task(repeat(Job(run=progress.note, seconds=PROGRESS_SECONDS))))
        if announcer is not None:
            tasks.append(asyncio.create_task(repeat(Job(run=announcer.turn, seconds=ANNOUNCE_SECONDS))))
        tasks += [asyncio.create_task(repeat(Job(run=loop.restart, seconds=RESTART_SECONDS))) for loop in loops]
        log.info("started", service=service.name, port=settings.http_port)
        await asyncio.wait(
            [asyncio.create_task(stopping.wait()), served, tasks[0]], return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        server.should_exit = True
        await asyncio.wait([served], timeout=settings.graceful_seconds)
        await broker.stop()
        relay.stop()
        await asyncio.wait([tasks[0]], timeout=settings.graceful_seconds)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks[1:], return_exceptions=True)
        if announcer is not None:
            await asyncio.gather(announcer.stop(), return_exceptions=True)
        await service.engine.dispose()
        log.info("stopped", service=service.name)


def _app(service: Service, loops: Sequence[ConsumerLoop], open_requests: OpenRequests) -> Litestar:
    settings = service.settings

    async def probe() -> dict[str, str]:
        refused = {part: tell() for part, tell in service.refusals.items()}
        return {
            "database": await database_answers(service.engine),
            **{p.context.reader.name: _reader(p) for p in loops},
            **{part: f"{DEGRADED}{told}" if told else OK for part, told in refused.items()},
            **{part: tell() or OK for part, tell in service.lacks.items()},
        }

    lifetime = timedelta(hours=settings.idempotency_hours)
    store = AnswerStore(engine=service.engine, sealer=service.sealer, lifetime=lifetime)
    return build_app(
        service.name,
        service.routes,
        state={**service.state, "token_key": settings.token_key.get_secret_value()},
        probe=probe,
        body_limit=settings.body_limit,
        middleware=[open_requests.middleware, store.middleware],
        board=[address for address in settings.board_url.split(",") if address],
    )


def main(build: Callable[[], Service]) -> None:
    """Run the service that `build` makes; a setting or key that cannot be used is a clear refusal."""
    try:
        service = build()
        tune_garbage_collector()
        asyncio.run(run(service))
    except (CannotOpen, ValueError) as error:
        sys.exit(f"refused to start: {error}")


def _announcer(service: Service, connection: dict[str, Any], open_requests: OpenRequests) -> Announcer | None:
    if service.progress_sources is None:
        return None
    return Announcer(
        service=service.name,
        engine=service.engine,
        clock=Clock.of(service.settings),
        connection=connection,
        progress_sources=service.progress_sources,
        open_requests=open_requests,
    )


def _jobs(service: Service) -> list[asyncio.Task[None]]:
    async def keep_partitions() -> None:
        await housekeep(service.engine, answers_kept=timedelta(hours=service.settings.idempotency_hours))

    async def keep_figures() -> None:
        await measure(service.engine, service.name)

    jobs = (
        *service.jobs,
        Job(run=keep_partitions, seconds=HOUSEKEEPING_SECONDS),
        Job(run=keep_figures, seconds=FIGURES_SECONDS),
        *AuditChain.of(service.settings, service.engine, service.name).jobs(),
    )
    return [asyncio.create_task(repeat(job)) for job in jobs]


def _reader(loop: ConsumerLoop) -> str:
    if not loop.assigned():
        return "waits for its partitions"
    if loop.stalled():
        return "its client stands still"
    return OK if loop.idle_seconds() < SILENT_SECONDS else "has not asked for records lately"
