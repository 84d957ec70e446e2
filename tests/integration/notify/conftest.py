"""A database with notify's tables."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from libraries.runtime.database.engine import open_engine
from tests.databases import fresh_database
from tests.integration.notify.harness import Notify


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The URL of a database with the schema of notify, that only this test knows."""
    async with fresh_database(postgres, "notify") as url:
        yield url


@pytest.fixture
async def notify(database: str) -> AsyncIterator[Notify]:
    engine = open_engine(SimpleNamespace(database_url=database), "notify")
    yield Notify(engine)
    await engine.dispose()
