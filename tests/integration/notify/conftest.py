"""A database with notify's tables."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from libraries.runtime.database.engine import open_engine
from libraries.runtime.database.migrate import upgrade
from tests.integration.notify.harness import Notify


@pytest.fixture
async def notify(database: str) -> AsyncIterator[Notify]:
    await upgrade(database, "notify")
    engine = open_engine(SimpleNamespace(database_url=database), "notify")
    yield Notify(engine)
    await engine.dispose()
