"""What the server enforces on every session of a service, and the shape of its schema."""

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.audit.tables import audit_tables
from libraries.runtime.database import wakeups
from libraries.runtime.database.engine import read_once, transaction
from libraries.runtime.database.migrate import drift, upgrade
from libraries.runtime.database.progress_tables import progress_tables
from libraries.runtime.database.tables import SHARDS, plumbing_tables
from libraries.runtime.jobs import housekeeping
from libraries.runtime.jobs.housekeeping import housekeep, partitions
from libraries.runtime.kafka import inbox
from libraries.runtime.outbox import journal
from tests.acceptance.installation import until

pytestmark = pytest.mark.engines


async def test_a_session_sees_its_own_schema_in_its_own_role_and_cannot_dawdle(engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        role = await conn.scalar(text("SELECT current_user"))
        schema = await conn.scalar(text("SELECT current_schema()"))
        shown = {
            name: await conn.scalar(text(f"SHOW {name}"))
            for name in (
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "transaction_timeout",
                "application_name",
                "TimeZone",
            )
        }

    assert (role, schema) == ("intake", "intake")
    assert shown == {
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "30s",
        "transaction_timeout": "1min",
        "application_name": "yimen-intake",
        "TimeZone": "UTC",
    }


async def test_who_stands_still_between_preparing_a_statement_and_running_it_lets_go_of_its_transaction(
    database: str, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a session counts as active and runs no statement, so the limits of both would never end it."""
    monkeypatch.setattr("libraries.runtime.database.engine.TRANSACTION_SECONDS", 1)
    superuser = await asyncpg.connect(database)
    with pytest.raises(DBAPIError, match="closed"):  # noqa: PT012 -- the whole transaction is the subject
        async with transaction(engine) as conn:
            await conn.execute(text("SELECT pg_current_xact_id()"))
            own = await conn.scalar(text("SELECT pg_backend_pid()"))
            driver = (await conn.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.prepare("SELECT count(*) FROM relay_shards")
            state = "SELECT state FROM pg_stat_activity WHERE pid = $1"
            assert await superuser.fetchval(state, own) == "active"
            await until("the server has ended it", lambda: _gone(superuser, state, own))
            await conn.execute(text("SELECT 1"))
    await superuser.close()


async def _gone(conn: asyncpg.Connection, state: str, pid: object) -> bool:
    return await conn.fetchval(state, pid) is None


async def test_after_a_restart_of_the_database_the_first_caller_does_not_pay(
    database: str, engine: AsyncEngine
) -> None:
    async with transaction(engine) as one, transaction(engine) as other:
        before = {await conn.scalar(text("SELECT pg_backend_pid()")) for conn in (one, other)}
    superuser = await asyncpg.connect(database)
    for pid in before:
        await superuser.execute("SELECT pg_terminate_backend($1)", pid)
    await superuser.close()
    await asyncio.sleep(0.2)

    async with transaction(engine) as one, transaction(engine) as other:
        after = {await conn.scalar(text("SELECT pg_backend_pid()")) for conn in (one, other)}

    assert len(before) == len(after) == 2
    assert not before & after


async def test_a_glance_changes_nothing_for_the_next_who_gets_the_connection(engine: AsyncEngine) -> None:
    async with read_once(engine) as conn:
        seen = await conn.scalar(text("SELECT pg_backend_pid()"))
    with pytest.raises(RuntimeError):  # noqa: PT012 -- the transaction is the subject
        async with transaction(engine) as conn:
            assert await conn.scalar(text("SELECT pg_backend_pid()")) == seen
            await conn.execute(text("UPDATE relay_shards SET epoch = 7"))
            raise RuntimeError
    async with read_once(engine) as conn:
        assert await conn.scalar(text("SELECT max(epoch) FROM relay_shards")) == 0


async def test_no_service_reads_the_schema_of_another(database: str, engine: AsyncEngine, versions: Path) -> None:
    await upgrade(database, "routing", versions=versions)

    async with transaction(engine) as conn:
        with pytest.raises(DBAPIError, match="permission denied"):
            await conn.execute(text("SELECT * FROM routing.journal"))


async def test_processes_that_start_at_once_migrate_once(database: str, versions: Path) -> None:
    await asyncio.gather(*(upgrade(database, "notify", versions=versions) for _ in range(4)))

    metadata = MetaData()
    plumbing_tables(metadata)
    audit_tables(metadata)
    progress_tables(metadata)
    differences = await drift(database, "notify", metadata)
    assert [entry[1].name for entry in differences if entry[0] == "remove_table"] == ["notes"]
    assert len(differences) == 1


async def test_the_schema_has_as_many_shards_as_the_writers_count(engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        assert await conn.scalar(text("SELECT count(*) FROM relay_shards")) == SHARDS


async def test_the_bell_rings_after_the_commit_and_not_without_one(engine: AsyncEngine, a_message) -> None:
    bell = wakeups.listen("intake")
    try:
        with pytest.raises(RuntimeError):  # noqa: PT012 -- the transaction is the subject
            async with transaction(engine) as conn:
                await journal.add(conn, "intake", [a_message()])
                raise RuntimeError
        assert not bell.is_set()

        async with transaction(engine) as conn:
            await journal.add(conn, "intake", [a_message()])
            assert not bell.is_set()
        assert bell.is_set()
    finally:
        wakeups.unlisten("intake", bell)


async def test_what_a_partner_calls_its_message_is_fresh_once(engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        assert await inbox.fresh(conn, ["a", "b", "a"]) == {"a", "b"}
    async with transaction(engine) as conn:
        assert await inbox.fresh(conn, ["c", "b"]) == {"c"}

    async def ask() -> set[str]:
        async with transaction(engine) as conn:
            return await inbox.fresh(conn, ["x", "y", "z"])

    answers = await asyncio.gather(*(ask() for _ in range(6)))
    assert sorted(key for answer in answers for key in answer) == ["x", "y", "z"]


async def test_partitions_are_made_ahead_and_dropped_once_everything_was_sent(engine: AsyncEngine, a_message) -> None:
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message()])
        today = await conn.scalar(text("SELECT recorded_on FROM journal"))
    later = today + timedelta(days=housekeeping.JOURNAL_DAYS + 1)

    await housekeep(engine, today=later)
    async with transaction(engine) as conn:
        days = await partitions(conn, "journal")
        assert later + timedelta(days=housekeeping.DAYS_AHEAD) in days
        assert today in days, "its row was never sent"
        await conn.execute(text("UPDATE relay_shards SET position_xid = 9000000000000000000"))

    await housekeep(engine, today=later)
    async with transaction(engine) as conn:
        assert today not in await partitions(conn, "journal")
        assert await conn.scalar(text("SELECT count(*) FROM journal")) == 0


async def test_an_event_of_a_day_without_a_partition_is_kept_all_the_same(engine: AsyncEngine, a_message) -> None:
    async with transaction(engine) as conn:
        today = await conn.scalar(text("SELECT CURRENT_DATE"))
        await conn.execute(text(f"DROP TABLE journal_{today:%Y%m%d}"))
        await journal.add(conn, "intake", [a_message()])

    await housekeep(engine, today=today)

    async with transaction(engine) as conn:
        assert await conn.scalar(text("SELECT count(*) FROM journal_default")) == 1
