"""Makes a backup: one snapshot of all services, dumped by PostgreSQL, and described as it was seen in it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import asyncpg

from console.backup import tools
from console.backup.manifest import DUMP, Canary, Manifest, OfService, described, write
from console.installation import Installation
from console.preparing import PROCESSES, SERVICES
from console.target import Target
from console.verify.reading import database_address, snapshot_transaction
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import VERSION_TABLE

TABLES: Final = """
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname
"""
PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600


async def back_up(target: Target, folder: Path) -> Manifest:
    """Into a private folder. Writers go on; what they commit after the first look is not in it."""
    for service in PROCESSES:
        engine = open_engine(target.settings, service, pool_size=1)
        try:
            async with transaction(engine) as conn:
                await note_read(conn, "backup")
        finally:
            await engine.dispose()
    async with _snapshot(target) as conn:
        server = conn.get_server_version().major
        name: str = await conn.fetchval("SELECT pg_export_snapshot()")
        schemas = [f"--schema={service}" for service in PROCESSES]
        arguments = (f"--snapshot={name}", "--format=custom", f"--file={folder / DUMP}", *schemas)
        await asyncio.to_thread(tools.run, tools.find("pg_dump", server), target.database_url, *arguments)
        services = {service: await describe(conn, service) for service in PROCESSES}
    _to_disk(folder / DUMP)
    state = Installation(target.folder).state() if target.folder is not None else None
    manifest = Manifest(
        made_at=datetime.now(UTC),
        yimen=version("yimen"),
        postgres=server,
        services=services,
        time=state.time if state is not None else None,
        policy=state.policy if state is not None else None,
        files=described(folder, DUMP),
    )
    write(folder, manifest)
    return manifest


async def describe(conn: asyncpg.Connection, service: str) -> OfService:
    """How much of everything there is, and by what its keys are known."""
    tables = [row["relname"] for row in await conn.fetch(TABLES, service)]
    rows = {table: await conn.fetchval(f"SELECT count(*) FROM {service}.{table}") for table in tables}
    canaries = await conn.fetch(f"SELECT name, wrapped, sealed FROM {service}.sealing_check") if _seals(service) else ()
    return OfService(
        revision=await conn.fetchval(f"SELECT version_num FROM {service}.{VERSION_TABLE}"),
        rows=rows,
        chained=await conn.fetchval(f"SELECT position FROM {service}.audit_chain") or 0,
        canaries={row["name"]: Canary(wrapped=row["wrapped"], sealed=row["sealed"]) for row in canaries},
    )


def _seals(service: str) -> bool:
    return service in SERVICES


def make_private(folder: Path) -> None:
    """For the owner alone, before anything is written."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(PRIVATE_FOLDER)
    (folder / DUMP).touch(PRIVATE_FILE)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _snapshot(target: Target) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(database_address(target.database_url), timeout=10)
    try:
        async with snapshot_transaction(conn):
            yield conn
    finally:
        await conn.close()
