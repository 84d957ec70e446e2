"""`yimen journal replay`: say again what was said, after Kafka lost it."""

import asyncio
from datetime import UTC, date, datetime

import click
import msgspec

from console.main import echo, quiet
from console.preparing import SERVICES
from console.target import Target, of_installation
from libraries.runtime.database.engine import open_engine
from libraries.runtime.outbox.journal import replay_from


@click.group()
def journal() -> None:
    """What the services have said, kept in their databases."""


@journal.command()
@click.option("--service", "chosen", type=click.Choice(SERVICES), multiple=True, help="Only this one; may be repeated.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="What was recorded from this day on (UTC).")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def replay(*, target: Target, chosen: tuple[str, ...], since: datetime | None, as_json: bool) -> None:
    """Send it again, with the same ids and sequences: who has heard it before ignores it."""
    quiet()
    day = since.replace(tzinfo=UTC).date() if since is not None else None
    rows = asyncio.run(_all(target, chosen or SERVICES, day))
    if as_json:
        echo(msgspec.json.encode({"events": rows}).decode())
    else:
        for service, number in rows.items():
            echo(f"{service}: {number} events go out again")


async def _all(target: Target, services: tuple[str, ...], since: date | None) -> dict[str, int]:
    found = {}
    for service in services:
        engine = open_engine(target.settings, service)
        try:
            found[service] = await replay_from(engine, since)
        finally:
            await engine.dispose()
    return found
