"""Databases of tests: one with a service's schema is copied, which takes a fifth of the time of its migrations."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from libraries.runtime.database.migrate import upgrade

_templates: dict[tuple[str, str], str] = {}
"""By server and service, the database that is copied; nobody else is connected to it."""


@asynccontextmanager
async def fresh_database(postgres: str, service: str = "") -> AsyncIterator[str]:
    """The URL of a database that nobody else knows: empty, or with the schema of a service."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    conn = await asyncpg.connect(postgres)
    try:
        template = await _template(conn, postgres, service) if service else ""
        await conn.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        yield _at(postgres, name)
        await conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await conn.close()


async def _template(conn: asyncpg.Connection, postgres: str, service: str) -> str:
    """Left behind at the end: the server goes with its tests, and on a given one it is small."""
    if (postgres, service) not in _templates:
        name = f"template_{service}_{uuid.uuid4().hex[:12]}"
        await conn.execute(f"CREATE DATABASE {name}")
        await upgrade(_at(postgres, name), service)
        _templates[postgres, service] = name
    return _templates[postgres, service]


def _at(postgres: str, name: str) -> str:
    return f"{postgres.rpartition('/')[0]}/{name}"
