"""kill -9 of each service in the middle of its work changes nothing of the outcome."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from contracts.topics import OFFICE_FEEDBACK, SUBMISSIONS
from tests.acceptance.installation import Installation, installed
from tests.integration.intake.test_registration import a_submission

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

EMPLOYMENT = "employment-130722000000"
NUMBER = 400
SECONDS = 90


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as installation:
        yield installation


@pytest.fixture
async def conn(city: Installation) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(city.database)
    yield conn
    await conn.close()


async def count(conn: asyncpg.Connection, what: str) -> int:
    return int(await conn.fetchval(f"SELECT count(*) FROM {what}"))


async def reaches(conn: asyncpg.Connection, what: str, number: int, city: Installation) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while await count(conn, what) < number:  # noqa: ASYNC110 - other processes have no event to wait for
                await asyncio.sleep(0.1)
    except TimeoutError:
        found = await count(conn, what)
        logs = "\n".join(city.log(name)[-1500:] for name in city.processes)
        raise AssertionError(f"{found} of {number} {what}\n{logs}") from None


async def submit(city: Installation, source: str) -> None:
    async with city.producer() as producer:
        for number in range(NUMBER):
            body = a_submission(number, source=source, category="employment.training_subsidy")
            await producer.send(SUBMISSIONS.name, body, key=str(number).encode())
        await producer.flush()


async def answer(city: Installation, conn: asyncpg.Connection, *actions: str) -> None:
    """The office's answers to all its referrals, each said twice: partners repeat themselves."""
    referrals = [str(row["referral_id"]) for row in await conn.fetch("SELECT referral_id FROM routing.referrals")]
    async with city.producer() as producer:
        for action in actions:
            for referral in referrals * 2:
                value = {"feedback_id": f"{action}-{referral}", "referral_id": referral, "action": action}
                topic = OFFICE_FEEDBACK.named(EMPLOYMENT)
                await producer.send(topic, json.dumps(value).encode(), key=referral.encode())
        await producer.flush()


async def test_each_service_is_killed_in_the_middle_of_its_work(city: Installation, conn: asyncpg.Connection) -> None:
    await submit(city, "faults-kill")
    await reaches(conn, "intake.cases", 50, city)
    city.kill("intake")
    await city.start("intake")
    await reaches(conn, "routing.referrals", 50, city)
    city.kill("routing")
    await city.start("routing")
    await reaches(conn, "notify.watches", 100, city)
    city.kill("notify")
    await city.start("notify")
    await reaches(conn, "routing.referrals", NUMBER, city)

    await answer(city, conn, "sign", "accept", "complete")
    await reaches(conn, "routing.referrals WHERE state = 'completed'", 50, city)
    city.kill("routing")
    city.kill("notify")
    await city.start("routing", "notify")
    await reaches(conn, "intake.cases WHERE state = 'resolved'", 50, city)
    city.kill("intake")
    await city.start("intake")

    await reaches(conn, "intake.cases WHERE state = 'resolved'", NUMBER, city)
    await reaches(conn, "notify.watches WHERE kind = 'handling' AND status = 'met'", NUMBER, city)
    await exactly_once(conn)


async def exactly_once(conn: asyncpg.Connection) -> None:
    """Nothing is lost, doubled, stuck or out of order, in any of the three services."""
    assert await count(conn, "intake.cases") == NUMBER
    assert await count(conn, "routing.routed_cases") == NUMBER
    assert await count(conn, "routing.referrals") == NUMBER
    assert await count(conn, "routing.referrals WHERE state = 'completed'") == NUMBER
    assert await count(conn, "notify.legs WHERE state = 'completed'") == NUMBER
    assert await count(conn, "notify.alerts") == 0
    for service in ("intake", "routing", "notify"):
        assert await count(conn, f"{service}.parked_records") == 0
    kinds = await conn.fetch(
        "SELECT type, count(*) AS number FROM routing.journal WHERE topic LIKE 'routing.%' GROUP BY 1"
    )
    said: dict[str, Any] = {row["type"].removeprefix("yimen.").removesuffix(".v1"): row["number"] for row in kinds}
    for once in (
        "routing.decided",
        "referral.dispatched",
        "referral.signed",
        "referral.accepted",
        "referral.completed",
    ):
        assert said[once] == NUMBER, (once, said)
    assert said["feedback.received"] == NUMBER * 6
    gaps = """
        SELECT case_id FROM {0}.journal WHERE topic LIKE '{0}.%'
        GROUP BY case_id HAVING max(sequence) <> count(DISTINCT sequence)
    """
    for service in ("intake", "routing"):
        assert await conn.fetch(gaps.format(service)) == []
