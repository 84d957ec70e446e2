"""A database with intake's tables."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import fresh_database


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The URL of a database with the schema of intake, that only this test knows."""
    async with fresh_database(postgres, "intake") as url:
        yield url
