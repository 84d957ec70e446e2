"""A service stands still while a limit ends: nobody is called late for what was done in time."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.acceptance.installation import Installation, installed, until
from tests.faults.outcome import EMPLOYMENT, parked, reaches, submit
from tests.faults.test_races import MIDNIGHT, leap, now, sleep_until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

NUMBER = 40
WRITER_SECONDS = 6
DISPATCH = "notify.timers WHERE kind = 'dispatch'"
ALERTS = "SELECT type FROM notify.alerts WHERE kind = 'dispatch' AND type <> 'clock.due_soon' AND type <> 'clock.due'"
BREACHES = "SELECT convert_from(value, 'UTF8') AS value FROM notify.journal WHERE type = 'yimen.clock.breached.v1'"
INTAKE_WRITES = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity WHERE application_name = 'yimen-intake' AND datname = current_database()
        AND backend_xid IS NOT NULL
    )
"""
HOLD = "UPDATE routing.relay_shards SET owner = 'nobody', leased_until = 'infinity', epoch = epoch + 1"
LET_GO = "UPDATE routing.relay_shards SET owner = NULL, leased_until = '-infinity', epoch = epoch + 1"


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path, conn: asyncpg.Connection) -> AsyncIterator[Installation]:
    """Every case is accepted and has to be dispatched before midnight, which is near; routing has not begun."""
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as installation:
        assert installation.stop("routing") == 0
        await submit(installation, "faults-standing-still", NUMBER)
        await reaches(conn, DISPATCH, NUMBER, installation)
        for name in ("intake", "notify"):
            assert installation.stop(name) == 0
        installation.environment["YIMEN_NOTIFY_WRITER_SECONDS"] = str(WRITER_SECONDS)
        leap(installation)
        yield installation


async def test_what_routing_did_in_time_needs_no_word_of_intake(city: Installation, conn: asyncpg.Connection) -> None:
    await city.start("intake", "notify")
    await _pause_between_transactions(city, conn)
    await city.start("routing")
    await reaches(conn, "routing.referrals WHERE role = 'lead'", NUMBER, city)
    assert now(city) < MIDNIGHT, "the machine is too slow for this story"
    await reaches(conn, f"{DISPATCH} AND status = 'met'", NUMBER, city)
    await sleep_until(city, timedelta(seconds=WRITER_SECONDS + 4))
    assert await conn.fetch(ALERTS) == []

    city.resume("intake")
    await reaches(conn, "intake.cases WHERE state = 'in_progress'", NUMBER, city)
    assert await conn.fetch(ALERTS) == []
    assert await parked(conn) == 0


async def test_nobody_waits_for_ever_and_what_was_in_time_is_taken_back(
    city: Installation, conn: asyncpg.Connection
) -> None:
    """Routing dispatches, and stands still before it has said so."""
    await conn.execute(HOLD)
    await city.start()
    await reaches(conn, "routing.referrals WHERE role = 'lead'", NUMBER, city)
    city.pause("routing")
    assert now(city) < MIDNIGHT, "the machine is too slow for this story"
    await sleep_until(city, timedelta(seconds=1))
    said = len(await conn.fetch(ALERTS))
    waited = now(city) - MIDNIGHT < timedelta(seconds=WRITER_SECONDS - 2)
    assert said == 0 or not waited, "routing may still come"

    await until("the breaches are said for the time being", lambda: _said(conn, NUMBER))
    events = [json.loads(row["value"]) for row in await conn.fetch(BREACHES)]
    assert {tuple(event["doubts"]) for event in events} == {("writer",)}
    assert {one["service"] for event in events for one in event["silent"]} == {"routing"}
    told = await _ready(city, "notify")
    assert told["writers"].startswith("degraded: routing stands still since"), told

    await conn.execute(LET_GO)
    city.resume("routing")
    await reaches(conn, f"{DISPATCH} AND status = 'met'", NUMBER, city)
    said = [row["type"] for row in await conn.fetch(ALERTS)]
    assert sorted(said) == ["clock.breached"] * NUMBER + ["clock.cleared"] * NUMBER
    await until("nobody stands still any more", lambda: _all_go_on(city))
    assert await parked(conn) == 0


async def _pause_between_transactions(city: Installation, conn: asyncpg.Connection) -> None:
    """A session that stands still while it writes holds back all relays until the server ends it: another story."""
    while True:
        city.pause("intake")
        if not await conn.fetchval(INTAKE_WRITES):
            return
        city.resume("intake")


async def _said(conn: asyncpg.Connection, number: int) -> bool:
    return len(await conn.fetch(ALERTS)) == number


async def _all_go_on(city: Installation) -> bool:
    return (await _ready(city, "notify"))["writers"] == "ok"


async def _ready(city: Installation, name: str) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        return json.loads((await client.get(f"{city.url(name)}/health/ready")).content)
