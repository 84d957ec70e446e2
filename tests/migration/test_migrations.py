"""All migrations of a service together make exactly the tables that its code declares."""

from importlib import import_module

import pytest

from libraries.runtime.database.migrate import drift, upgrade

SERVICES = ("intake", "routing", "notify", "portal")


@pytest.mark.parametrize("service", SERVICES)
async def test_the_history_leads_to_the_tables_and_a_second_run_changes_nothing(database: str, service: str) -> None:
    metadata = import_module(f"services.{service}.tables").metadata
    await upgrade(database, service)
    assert await drift(database, service, metadata) == []
    await upgrade(database, service)
    assert await drift(database, service, metadata) == []
