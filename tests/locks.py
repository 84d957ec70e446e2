"""A statement that waits in the middle of a piece of work for a lock of ours: there a process dies for certain."""

import asyncpg

_WAITS = """
    CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM {when}) THEN PERFORM pg_advisory_xact_lock(7); END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER waits_for_lock BEFORE {action} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION wait_for_lock();
"""
WAITING = "pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def hold(conn: asyncpg.Connection, action: str, table: str, *, when: str) -> None:
    """From now on each `action` on the table waits, as soon as `when` has rows."""
    await conn.execute(_WAITS.format(action=action, table=table, when=when))
    await conn.execute("SELECT pg_advisory_lock(7)")


async def let_go(conn: asyncpg.Connection, table: str) -> None:
    """Whoever waits goes on first: it holds the table."""
    await conn.execute("SELECT pg_advisory_unlock(7)")
    await conn.execute(f"DROP TRIGGER waits_for_lock ON {table}; DROP FUNCTION wait_for_lock()")
