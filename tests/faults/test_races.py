"""Answers that race the last moment of their clock: whoever reads them when, both sides say the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from contracts.topics import OFFICE_FEEDBACK
from libraries.runtime.web.auth import Role
from services.notify.watching.handlers import READERS
from services.notify.watching.scheduler import ALIVE_SECONDS
from tests.acceptance.installation import SERVICES, Installation, installed, until
from tests.faults.outcome import EMPLOYMENT, count, parked, reaches, submit

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

NUMBER = 120
MIDNIGHT = datetime(2026, 3, 4, tzinfo=ZoneInfo("Asia/Shanghai"))
"""One working day after a Monday ends here: the last moment to sign for what came then."""
BEFORE = timedelta(seconds=45)
"""For what a test does when everything runs."""
SLACK = timedelta(seconds=10)
MET = """
    SELECT convert_from(value, 'UTF8') AS value FROM routing.journal
    WHERE type LIKE 'yimen.referral.%' AND topic = 'routing.referrals.v1'
"""
SIGNED = "routing.clocks WHERE kind = 'signing' AND status = 'met'"
"""Also where silence was taken for acceptance before the answer was read."""
BROKEN = "SELECT clock_id FROM notify.alerts WHERE type = 'clock.breached' AND kind = 'signing'"


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path, conn: asyncpg.Connection) -> AsyncIterator[Installation]:
    """Everything waits to be signed for, and midnight is near."""
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as installation:
        await submit(installation, "faults-races", NUMBER)
        await reaches(conn, "notify.timers WHERE kind = 'signing'", NUMBER, installation)
        for name in SERVICES:
            assert installation.stop(name) == 0
        yield installation


async def test_answers_that_are_read_long_after_the_limit_count_by_when_they_came(
    city: Installation, conn: asyncpg.Connection
) -> None:
    """Routing is away while some answers come before midnight and some behind it; nobody waits for it for long."""
    city.environment["YIMEN_NOTIFY_WRITER_SECONDS"] = "3"
    leap(city)
    await city.start("intake", "notify")
    early, late = in_halves(await signing(conn))
    await answered(city, early)
    await sleep_until(city, timedelta(seconds=2))
    await answered(city, late)
    await sleep_until(city, timedelta(seconds=8))
    broken = {row["clock_id"] for row in await conn.fetch(BROKEN)}
    assert broken == {clock for clock, _ in late}, "of the others nobody knows yet what becomes of their answers"

    await city.start("routing")

    await reaches(conn, SIGNED, NUMBER, city)
    await both_say(city, conn, early={clock for clock, _ in early}, late={clock for clock, _ in late})


async def test_answers_around_the_last_moment_are_judged_the_same_by_both(
    city: Installation, conn: asyncpg.Connection
) -> None:
    """By HTTP and by Kafka, one after the other, while everything runs and midnight passes."""
    leap(city)
    await city.start()
    found = await signing(conn)
    await sleep_until(city, timedelta(seconds=-2))
    async with city.client("routing", Role.OFFICER, office=EMPLOYMENT) as office, city.producer() as producer:
        begun = now(city)
        for place, (_, referral) in enumerate(found):
            if place % 2:
                await producer.send_and_wait(*feedback(referral), key=referral.bytes)
            else:
                await signs(office, referral)
            behind = timedelta(seconds=4) * (place + 1) / NUMBER - (now(city) - begun)
            await asyncio.sleep(max(0.0, behind.total_seconds()))
    await reaches(conn, SIGNED, NUMBER, city)
    met = await times_of(conn)
    early = {clock for clock, at in met.items() if at < MIDNIGHT}
    assert 0 < len(early) < NUMBER, "they came on both sides of the last moment"
    await both_say(city, conn, early=early, late=met.keys() - early)


async def test_one_of_two_watchers_is_killed_before_the_last_moment(
    city: Installation, conn: asyncpg.Connection
) -> None:
    """What was answered in time lies unread on its partitions: no breach. The others are said by who is left."""
    leap(city)
    begun = now(city)
    await city.start(*SERVICES, "notify-2")
    await until("both have read", partial(_both_have_read, conn, begun))
    found = await signing(conn)
    await sleep_until(city, timedelta(seconds=-15))
    city.kill("notify-2")
    killed = now(city)
    early, late = in_halves(found)
    async with city.client("routing", Role.OFFICER, office=EMPLOYMENT) as office:
        await asyncio.gather(*(signs(office, referral) for _, referral in early))
    assert now(city) < MIDNIGHT, "the machine is too slow for this story"

    await reaches(conn, f"({BROKEN}) AS broken", len(late), city)
    assert now(city) - killed < timedelta(seconds=ALIVE_SECONDS) + SLACK, "no longer than until nobody waits for it"
    await until("notify has heard of the answers", partial(_met, conn, len(early)))
    rows = await conn.fetch(BROKEN)
    assert sorted(row["clock_id"] for row in rows) == sorted(clock for clock, _ in late), "each once, and no other"
    assert await parked(conn) == 0


async def _both_have_read(conn: asyncpg.Connection, begun: datetime) -> bool:
    """Each reader that can bring an answer, since they were started."""
    rows = await conn.fetch(
        "SELECT reader FROM notify.consumer_progress WHERE read_until > $1 GROUP BY 1 HAVING count(*) = 2", begun
    )
    return {row["reader"] for row in rows} >= set(READERS)


async def _met(conn: asyncpg.Connection, number: int) -> bool:
    return await count(conn, "notify.timers WHERE kind = 'signing' AND status = 'met'") == number


def leap(city: Installation) -> None:
    """All clocks of the installation stand so long before midnight that everything can be started, and run on."""
    lead = BEFORE + timedelta(seconds=2 * city.start_took)
    city.environment |= {
        "YIMEN_TIME_ANCHOR": datetime.now(UTC).isoformat(),
        "YIMEN_TIME_ORIGIN": (MIDNIGHT - lead).isoformat(),
    }


def now(city: Installation) -> datetime:
    origin, anchor = (datetime.fromisoformat(city.environment[f"YIMEN_TIME_{name}"]) for name in ("ORIGIN", "ANCHOR"))
    return origin + (datetime.now(UTC) - anchor)


async def sleep_until(city: Installation, behind: timedelta) -> None:
    left = (MIDNIGHT + behind - now(city)).total_seconds()
    assert left > 0, "the machine is too slow for this story"
    await asyncio.sleep(left)


async def signing(conn: asyncpg.Connection) -> list[tuple[UUID, UUID]]:
    """Clock and referral of what waits to be signed for."""
    rows = await conn.fetch("SELECT clock_id, referral_id, due_at FROM notify.timers WHERE kind = 'signing'")
    assert {row["due_at"] for row in rows} == {MIDNIGHT - timedelta(microseconds=1)}
    return [(row["clock_id"], row["referral_id"]) for row in rows]


def in_halves(found: list[Any]) -> tuple[list[Any], list[Any]]:
    return found[: NUMBER // 2], found[NUMBER // 2 :]


def feedback(referral: UUID) -> tuple[str, bytes]:
    value = {"feedback_id": f"sign-{referral}", "referral_id": str(referral), "action": "sign"}
    return OFFICE_FEEDBACK.named(EMPLOYMENT), json.dumps(value).encode()


async def signs(office: httpx.AsyncClient, referral: UUID) -> None:
    reply = await office.post(f"/v1/referrals/{referral}/sign", json={})
    assert reply.status_code == 200, reply.text


async def answered(city: Installation, waiting: list[tuple[UUID, UUID]]) -> None:
    async with city.producer() as producer:
        for _, referral in waiting:
            await producer.send(*feedback(referral), key=referral.bytes)
        await producer.flush()


async def times_of(conn: asyncpg.Connection) -> dict[UUID, datetime]:
    """When routing says that they were signed for, by clock."""
    events = [json.loads(row["value"]) for row in await conn.fetch(MET)]
    changes = [change for event in events for change in event.get("clocks", ())]
    stops = [change for change in changes if (change["change"], change["kind"]) == ("met", "signing")]
    found = {UUID(stop["clock_id"]): datetime.fromisoformat(stop["at"]) for stop in stops}
    assert len(found) == len(stops)
    return found


async def both_say(city: Installation, conn: asyncpg.Connection, *, early: set[UUID], late: set[UUID]) -> None:
    met = await times_of(conn)
    assert {clock for clock, at in met.items() if at < MIDNIGHT} == early
    assert met.keys() == early | late
    await reaches(conn, f"({BROKEN}) AS broken", len(late), city)
    await until("notify knows all ends", partial(_all_ended, conn))
    rows = await conn.fetch("SELECT clock_id, status, ended_at FROM notify.timers WHERE kind = 'signing'")
    assert {row["clock_id"]: row["ended_at"] for row in rows} == met
    assert {row["clock_id"] for row in rows if row["status"] == "met"} == early
    assert {row["clock_id"] for row in rows if row["status"] == "breached"} == late
    broken = [row["clock_id"] for row in await conn.fetch(BROKEN)]
    assert (len(broken), set(broken)) == (len(late), late), "each once"
    assert await parked(conn) == 0


async def _all_ended(conn: asyncpg.Connection) -> bool:
    ended = "notify.timers WHERE kind = 'signing' AND status IN ('met', 'breached') AND ended_at IS NOT NULL"
    return await count(conn, ended) == NUMBER
