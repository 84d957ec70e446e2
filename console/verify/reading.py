"""Reads the snapshot: one read-only transaction that sees all three schemas at one moment, batch by batch."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from console.verify.snapshot import (
    AlertRow,
    AnswerRow,
    CaseRow,
    ClockRow,
    DeadLetter,
    JournalRow,
    NotifyCaseRow,
    ReceivedFeedbackRow,
    ReferralRow,
    ReferralStatusRow,
    RoutedRow,
    Snapshot,
    TimerRow,
    TopicRecord,
    as_uuid,
)
from libraries.runtime.database.engine import async_url
from libraries.runtime.jobs.housekeeping import JOURNAL_DAYS

_PROGRESS: Final = """
    SELECT min(until) FROM (SELECT max(until) AS until FROM notify.watermarks GROUP BY writer, hops) AS w
"""
SERVICES: Final = ("intake", "routing", "notify")
BATCH_SIZE: Final = 20_000
"""Cases that are looked at together."""


class Pair(NamedTuple):
    """Somebody who reads what somebody says."""

    service: str
    reader: str
    writer: str


PAIRS: Final = (
    Pair("routing", "routing.cases", "intake"),
    Pair("notify", "notify.cases", "intake"),
    Pair("notify", "notify.referrals", "routing"),
    Pair("intake", "intake.referrals", "routing"),
    Pair("intake", "intake.alerts", "notify"),
)
UNSENT: Final = """
    SELECT count(*) FROM {service}.journal AS j JOIN {service}.relay_shards AS s ON s.shard = j.shard
    WHERE (j.xid, j.id) > (s.position_xid, s.position_id)
"""
_BEHIND: Final = """
    SELECT s.case_id, s.last, coalesce(a.sequence, 0) AS read
    FROM {writer}.case_sequences AS s
    LEFT JOIN {service}.applied_sequences AS a
      ON a.case_id = s.case_id AND a.reader = $1 AND a.writer = $2
    WHERE coalesce(a.sequence, 0) < s.last
"""
_OLDEST_DAY: Final = """
    SELECT least(
        (SELECT min(recorded_on) FROM {service}.journal),
        (SELECT min(to_date(substring(inhrelid::regclass::text FROM '[0-9]{{8}}$'), 'YYYYMMDD'))
         FROM pg_inherits WHERE inhparent = '{service}.journal'::regclass)
    )
"""
MINE: Final = "mod(get_byte(uuid_send({column}), 15) + 256 * get_byte(uuid_send({column}), 14), $1) = $2"
"""A case belongs to the batch that the last bytes of its id choose, in every table."""

_PARTS: Final[dict[str, tuple[type[Any], str]]] = {
    "cases": (
        CaseRow,
        "SELECT case_id, number, state, accepted_at IS NOT NULL, lead, category FROM intake.cases WHERE {mine}",
    ),
    "routed": (
        RoutedRow,
        """
        SELECT case_id, number, (SELECT count(*) FROM routing.decisions AS d WHERE d.case_id = r.case_id), area,
               category
        FROM routing.routed_cases AS r WHERE {mine}
        """,
    ),
    "referrals": (
        ReferralRow,
        """
        SELECT referral_id, case_id, office, role, state, dispatched_at, ended_at IS NOT NULL,
               (SELECT decided_by <> 'rules' FROM routing.decisions AS d WHERE d.decision_id = r.decision_id)
        FROM routing.referrals AS r WHERE {mine}
        """,
    ),
    "clocks": (ClockRow, "SELECT clock_id, case_id, version, status, due_at FROM routing.clocks WHERE {mine}"),
    "notify_cases": (NotifyCaseRow, "SELECT case_id, number, state, category FROM notify.cases WHERE {mine}"),
    "referral_status": (
        ReferralStatusRow,
        "SELECT referral_id, case_id, office, state FROM notify.referral_status WHERE {mine}",
    ),
    "timers": (
        TimerRow,
        """
        SELECT clock_id, case_id, referral_id, kind, version, status, next_alert, next_fire_at, due_at, ended_at, office
        FROM notify.timers WHERE {mine}
        """,
    ),
    "alerts": (
        AlertRow,
        """
        SELECT event_id, case_id, clock_id, type, version, level, ARRAY(SELECT jsonb_array_elements_text(recipients))
        FROM notify.alerts WHERE {mine}
        """,
    ),
    "answers": (
        AnswerRow,
        "SELECT id, case_id, sender, record_offset, received_at FROM routing.answers_of_offices WHERE {mine}",
    ),
    "received_feedback": (
        ReceivedFeedbackRow,
        """
        SELECT referral_id, office, feedback_id, received_at,
               ARRAY(SELECT jsonb_array_elements_text(stops)), defers_until
        FROM notify.received_feedback
        WHERE settled_at IS NULL AND referral_id IN (SELECT referral_id FROM routing.referrals WHERE {mine})
        """,
    ),
}
_JOURNAL: Final = """
    SELECT '{service}', topic, case_id, event_id, type, sequence, value FROM {service}.journal
    WHERE coalesce({mine}, $2 = 0)
"""


def database_address(database_url: str) -> str:
    """The address as asyncpg wants it, whatever driver it names."""
    return async_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


@asynccontextmanager
async def snapshot_transaction(conn: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        await conn.fetchval("SELECT pg_current_snapshot()")
        yield conn


async def behind(conn: asyncpg.Connection, pair: Pair) -> dict[UUID, tuple[int, int]]:
    """Cases of which the reader has not applied everything: what was said last, and what was applied."""
    rows = await conn.fetch(_BEHIND.format(**pair._asdict()), pair.reader, pair.writer)
    return {row["case_id"]: (row["last"], row["read"]) for row in rows}


async def read_common(conn: asyncpg.Connection, snapshot: Snapshot) -> tuple[Snapshot, frozenset[UUID]]:
    """What belongs to no batch, and the cases that are on their way from one service to another."""
    moving: set[UUID] = set()
    for pair in PAIRS:
        moving |= (await behind(conn, pair)).keys()
    parked = [
        DeadLetter(service, *row)
        for service in SERVICES
        for row in await conn.fetch(
            f"SELECT id, reader, code, case_id FROM {service}.parked_records WHERE state = 'parked' ORDER BY id"
        )
    ]
    oldest = [day for service in SERVICES if (day := await _oldest_day(conn, service)) is not None]
    truncated = bool(oldest) and (datetime.now(UTC).date() - min(oldest)).days >= JOURNAL_DAYS
    progress_until = await conn.fetchval(_PROGRESS)
    return replace(snapshot, parked=parked, truncated=truncated, progress_until=progress_until), frozenset(moving)


async def _oldest_day(conn: asyncpg.Connection, service: str) -> date | None:
    """Of the partitions, too: in a quiet month the oldest row is younger than what was dropped before it."""
    found: date | None = await conn.fetchval(_OLDEST_DAY.format(service=service))
    return found


async def count_batches(conn: asyncpg.Connection) -> int:
    cases: int = await conn.fetchval("SELECT count(*) FROM intake.cases")
    return cases // BATCH_SIZE + 1


async def read_batch(
    conn: asyncpg.Connection, snapshot: Snapshot, moving: frozenset[UUID], *, batch: int, batches: int
) -> Snapshot:
    """The rows of this batch's cases in all schemas."""
    mine = MINE.format(column="case_id")
    found: dict[str, Any] = {}
    for name, (kind, statement) in _PARTS.items():
        rows = await conn.fetch(statement.format(mine=mine), batches, batch)
        found[name] = [kind(*row) for row in rows]
    published: list[JournalRow] = []
    last: dict[tuple[str, UUID], int] = {}
    for service in SERVICES:
        statement = _JOURNAL.format(service=service, mine=mine)
        published += [JournalRow(*row) for row in await conn.fetch(statement, batches, batch)]
        counters = f"SELECT case_id, last FROM {service}.case_sequences WHERE {mine}"
        last |= {(service, row["case_id"]): row["last"] for row in await conn.fetch(counters, batches, batch)}
    settled = {case.case_id for case in found["cases"]} - moving
    return replace(snapshot, **found, journal=published, last=last, settled=settled)


async def journaled_since(conn: asyncpg.Connection, records: Sequence[TopicRecord]) -> frozenset[tuple[str, str]]:
    """Which of these records, by event id and topic, a journal has by now: everything sent was written there first."""
    ids = [record_id for record in records if (record_id := as_uuid(record.event_id)) is not None]
    if not ids:
        return frozenset()
    found: set[tuple[str, str]] = set()
    for service in SERVICES:
        statement = f"SELECT event_id, topic FROM {service}.journal WHERE event_id = ANY($1::uuid[])"
        found |= {(str(row["event_id"]), row["topic"]) for row in await conn.fetch(statement, ids)}
    return frozenset(found)


def batch_of(case_id: UUID | None, batches: int) -> int:
    """As the database chooses it."""
    if case_id is None:
        return 0
    return int((case_id.bytes[15] + 256 * case_id.bytes[14]) % batches)
