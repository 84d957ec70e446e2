"""All migrations together make exactly the tables that the code declares."""

from services.intake.tables import metadata
from services.runtime.migrate import drift, upgrade


async def test_intakes_history_leads_to_its_tables(database: str) -> None:
    await upgrade(database, "intake")
    assert await drift(database, "intake", metadata) == []


async def test_a_second_run_changes_nothing(database: str) -> None:
    await upgrade(database, "intake")
    await upgrade(database, "intake")
    assert await drift(database, "intake", metadata) == []
