"""A look into the database while processes die."""

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def conn(database: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database)
    yield conn
    await conn.close()
