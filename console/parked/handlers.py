"""The handlers of all services outside their processes: who repairs handles a record exactly as its service does."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import click
from sqlalchemy.ext.asyncio import AsyncEngine

from console.preparing import SERVICES
from console.target import Target
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import CannotOpen, check_key
from libraries.runtime.kafka.settling import ConsumerContext
from libraries.runtime.process import Service
from libraries.runtime.settings import RuntimeSettings

Handlers = dict[str, ConsumerContext]
"""By reader."""


@asynccontextmanager
async def open_databases(target: Target, services: Iterable[str] = SERVICES) -> AsyncIterator[dict[str, AsyncEngine]]:
    engines = {service: open_engine(target.settings, service) for service in services}
    try:
        yield engines
    finally:
        for engine in engines.values():
            await engine.dispose()


@asynccontextmanager
async def open_handlers(target: Target, services: Iterable[str] = SERVICES) -> AsyncIterator[dict[str, Handlers]]:
    """By service. Refuses to begin without the keys that the services seal with."""
    if not target.has_keys:
        raise click.UsageError(
            "this goes through the handlers of the services, which seal what is personal:"
            " set YIMEN_TOKEN_KEY and YIMEN_SEALING_KEY as the services have them"
        )
    built = {service: _builders()[service](target.settings) for service in services}
    try:
        for service in built.values():
            async with transaction(service.engine) as conn:
                await check_key(conn, service.sealer)
        yield {name: _handlers_of(service) for name, service in built.items()}
    except CannotOpen as error:
        raise click.UsageError(f"YIMEN_SEALING_KEY is not the one of this installation: {error}") from None
    finally:
        for service in built.values():
            await service.engine.dispose()


def _handlers_of(service: Service) -> Handlers:
    return {handler.reader.name: handler for handler in service.contexts()}


def _builders() -> dict[str, Callable[[RuntimeSettings], Service]]:
    # Services load slowly, and only who handles records needs them.
    from services.intake import app as intake  # noqa: PLC0415 -- loads slowly
    from services.notify import app as notify  # noqa: PLC0415 -- loads slowly
    from services.routing import app as routing  # noqa: PLC0415 -- loads slowly

    def build_intake(settings: RuntimeSettings) -> Service:
        return intake.build(intake.IntakeSettings(**settings.model_dump()))

    def build_notify(settings: RuntimeSettings) -> Service:
        return notify.build(notify.NotifySettings(**settings.model_dump()))

    return {"intake": build_intake, "routing": routing.build, "notify": build_notify}
