"""A large database without the days that making it would take: cases that went through the doors, many times over.

Each copy has ids of its own, in the order of the first, and lies further back in time; those that are not closed stay
where they are. Left out is what no list and no figure reads: journals, what came in, the audit.
"""

from collections import defaultdict
from typing import Any, Final

import asyncpg

LEFT_OUT: Final = frozenset(
    {"journal", "inbox", "audit_entries", "audit_links", "audit_chain", "parked_records", "unplaced_events", "replays"}
)
BOUND: Final = ("case_id", "referral_id")
"""A table with one of these columns says something of a case."""
OWN_NAMES: Final = frozenset({"number", "submission_id", "feedback_id"})
"""Text that is there once."""

FUNCTIONS: Final = """
    CREATE FUNCTION pg_temp.at(given timestamptz, closed boolean, copy int, seconds float) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE RETURN CASE WHEN closed THEN given - make_interval(secs => copy * seconds) ELSE given END;
    CREATE FUNCTION pg_temp.id(given uuid, closed boolean, copy int, seconds float) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
        t text := replace(given::text, '-', '');
        h text := md5(given::text || copy);
        past bigint := CASE WHEN closed THEN copy * seconds * 1000 ELSE 0 END;
        ms bigint := ('x' || substr(t, 1, 12))::bit(48)::bigint - past;
    BEGIN
        RETURN lpad(to_hex(ms), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15);
    END
    $$;
"""
"""Ids of the seventh version (RFC 9562, 5.7): their first 48 bits are milliseconds."""
_COLUMNS: Final = """
    SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type,
           a.attidentity <> ''::"char" AS made
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname IN ('intake', 'routing', 'notify') AND c.relkind = 'r'
    ORDER BY 1, 2, a.attnum
"""


async def fill(conn: asyncpg.Connection, copies: int, *, days: float) -> int:
    """Copy every case so often, over that many days of the past. Returns how many cases there are then."""
    tables: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in await conn.fetch(_COLUMNS):
        tables[row["schema"], row["table"]].append(row)
    await conn.execute(FUNCTIONS)
    await conn.execute(
        "CREATE TEMPORARY TABLE closed AS SELECT case_id, state = 'closed' AS closed FROM intake.cases;"
        "CREATE UNIQUE INDEX ON closed (case_id); ANALYZE closed;"
        "CREATE TEMPORARY TABLE case_of AS SELECT referral_id, case_id FROM routing.referrals;"
        "CREATE UNIQUE INDEX ON case_of (referral_id); ANALYZE case_of"
    )
    await conn.execute("SET session_replication_role = replica")
    for (schema, table), columns in tables.items():
        names = {row["column"] for row in columns}
        if table not in LEFT_OUT and names.intersection(BOUND):
            await conn.execute(_copying(schema, table, columns, copies, days * 86_400 / copies))
    await conn.execute("SET session_replication_role = origin")
    await conn.execute("VACUUM ANALYZE")
    return int(await conn.fetchval("SELECT count(*) FROM intake.cases"))


def _copying(schema: str, table: str, columns: list[Any], copies: int, seconds: float) -> str:
    kept = [row for row in columns if not row["made"]]
    names = {row["column"] for row in kept}
    by_case = (
        "t.case_id" if "case_id" in names else "(SELECT case_id FROM case_of AS o WHERE o.referral_id = t.referral_id)"
    )
    sent = ", ".join(f'"{row["column"]}"' for row in kept)
    values = ", ".join(_value(row["column"], row["type"], seconds) for row in kept)
    return f"""
        INSERT INTO {schema}.{table} ({sent})
        SELECT {values}
        FROM {schema}.{table} AS t
        JOIN closed AS k ON k.case_id = {by_case}
        CROSS JOIN generate_series(1, {copies}) AS n (copy)
        ORDER BY n.copy DESC
    """


def _value(column: str, kind: str, seconds: float) -> str:
    if kind == "uuid":
        return f'pg_temp.id(t."{column}", k.closed, n.copy, {seconds})'
    if kind == "timestamp with time zone":
        return f'pg_temp.at(t."{column}", k.closed, n.copy, {seconds})'
    if column == "match_key":
        return f'sha256(t."{column}" || n.copy::text::bytea)'
    return f"t.\"{column}\" || '-' || n.copy" if column in OWN_NAMES else f't."{column}"'
