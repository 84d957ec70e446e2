"""Brings the schema of one service to its newest shape. Safe when several processes start at once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from libraries.runtime.database.engine import async_url
from libraries.runtime.failures import sqlstate
from libraries.runtime.jobs.housekeeping import make_days

SERVICES: Final = Path(__file__).parents[3] / "services"
ENVIRONMENT: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "schema_history"
ALREADY_THERE: Final = ("42710", "23505", "42P06")


async def upgrade(database_url: object, service: str, *, versions: Path | None = None) -> None:
    """Make role and schema if they are missing, then run what the history has and the schema has not."""
    url = async_url(database_url)
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": {"TimeZone": "UTC"}})
    try:
        async with engine.connect() as conn:
            # Whoever comes second waits here and then finds nothing left to do.
            await conn.execute(text("SELECT pg_advisory_lock(hashtext('yimen'), hashtext(:name))"), {"name": service})
            await conn.commit()
            await _prepare(conn, service, needs_role=url.username != service)
            await conn.run_sync(_run, service, versions or SERVICES / service / "migrations" / "versions")
            await conn.commit()
            await make_days(conn, datetime.now(UTC).date())
            await conn.commit()
    finally:
        await engine.dispose()


async def drift(database_url: object, service: str, metadata: MetaData) -> list[Any]:
    """What the schema and the tables in the code disagree about; empty if nothing."""
    engine = create_async_engine(async_url(database_url), poolclass=NullPool)
    try:
        async with engine.connect() as conn:
            await conn.execute(text(f"SET search_path = {service}"))
            return await conn.run_sync(_differences, metadata)
    finally:
        await engine.dispose()


async def _prepare(conn: AsyncConnection, service: str, *, needs_role: bool) -> None:
    if needs_role:
        await make_role(conn, service)
    exists = await conn.scalar(text("SELECT to_regnamespace(:name) IS NOT NULL"), {"name": service})
    if not exists:
        await conn.execute(text(f"CREATE SCHEMA {service} AUTHORIZATION {service}"))
    if needs_role:
        await conn.execute(text(f"SET ROLE {service}"))
    await conn.execute(text(f"SET search_path = {service}"))
    await conn.commit()


async def make_role(conn: AsyncConnection, service: str) -> None:
    """If the cluster has none of this name. It belongs to the cluster, and is in no dump of a database."""
    if not await _role_exists(conn, service):
        try:
            await conn.execute(text(f"CREATE ROLE {service} NOLOGIN"))
            await conn.execute(text(f"GRANT {service} TO CURRENT_USER"))
            await conn.commit()
        except (ProgrammingError, IntegrityError) as error:
            await conn.rollback()
            # Roles belong to the cluster: the lock above does not stop another database from making it.
            if sqlstate(error) not in ALREADY_THERE:
                raise


async def _role_exists(conn: AsyncConnection, name: str) -> bool:
    return bool(await conn.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :name"), {"name": name}))


def _run(connection: Connection, service: str, versions: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.attributes.update(connection=connection, service=service)
    command.upgrade(config, "head")


def _differences(connection: Connection, metadata: MetaData) -> list[Any]:
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    parents = {table.name for table in metadata.tables.values() if "postgresql_partition_by" in table.kwargs}
    days = {name for name in inspect(connection).get_table_names(schema) if name.rpartition("_")[0] in parents}

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name not in days | {VERSION_TABLE}

    context = MigrationContext.configure(
        connection, opts={"include_name": ours, "compare_type": True, "compare_server_default": False}
    )
    return list(compare_metadata(context, metadata))
