"""A database with routing's tables."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import fresh_database


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The URL of a database with the schema of routing, that only this test knows."""
    async with fresh_database(postgres, "routing") as url:
        yield url
