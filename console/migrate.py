"""`yimen migrate`: the schemas of all services at their newest."""

import asyncio

import click
import msgspec
from sqlalchemy.exc import SQLAlchemyError

from console.main import echo, quiet
from console.preparing import PROCESSES
from libraries.runtime.database.migrate import upgrade


@click.command()
@click.option("--database", envvar="YIMEN_DATABASE_URL", required=True, help="PostgreSQL; YIMEN_DATABASE_URL.")
@click.option(
    "--service", "chosen", type=click.Choice(PROCESSES), multiple=True, help="Only this one; may be repeated."
)
@click.option("--json", "as_json", is_flag=True)
def migrate(*, database: str, chosen: tuple[str, ...], as_json: bool) -> None:
    """Make roles and schemas, and run what the histories have and the schemas have not. Safe to repeat.

    `yimen up` does this by itself at each start.
    """
    quiet()
    services = chosen or PROCESSES
    try:
        asyncio.run(_all(database, services))
    except (SQLAlchemyError, OSError) as error:
        first = (str(error).splitlines() or [""])[0]
        detail = f"{type(error).__name__}: {first}; is PostgreSQL there, and may this user make roles and schemas?"
        raise click.ClickException(detail) from None
    echo(msgspec.json.encode({"migrated": services}).decode() if as_json else f"at their newest: {', '.join(services)}")


async def _all(database: str, services: tuple[str, ...]) -> None:
    for service in services:
        await upgrade(database, service)
