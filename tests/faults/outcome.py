"""Many cases sent through an installation, and what must have become of them whatever happened meanwhile."""

import asyncio
import json
from typing import Any

import asyncpg

from contracts.topics import OFFICE_FEEDBACK, SUBMISSIONS
from tests.acceptance.installation import Installation
from tests.integration.intake.test_registration import a_submission

EMPLOYMENT = "employment-130722000000"
NUMBER = 400
SECONDS = 90


async def count(conn: asyncpg.Connection, what: str) -> int:
    return int(await conn.fetchval(f"SELECT count(*) FROM {what}"))


async def parked(conn: asyncpg.Connection) -> int:
    """By all services."""
    return sum([await count(conn, f"{service}.parked_records") for service in ("intake", "routing", "notify")])


async def reaches(conn: asyncpg.Connection, what: str, number: int, city: Installation) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while await count(conn, what) < number:  # noqa: ASYNC110 -- other processes have no event to wait for
                await asyncio.sleep(0.1)
    except TimeoutError:
        found = await count(conn, what)
        logs = "\n".join(city.log(name)[-1500:] for name in city.processes)
        raise AssertionError(f"{found} of {number} {what}\n{logs}") from None


async def submit(city: Installation, source: str, number: int = NUMBER) -> None:
    async with city.producer() as producer:
        for each in range(number):
            body = a_submission(each, source=source, category="employment.training_subsidy")
            await producer.send(SUBMISSIONS.name, body, key=str(each).encode())
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


async def exactly_once(conn: asyncpg.Connection, number: int = NUMBER, *, deliveries: int = 1) -> None:
    """Nothing is lost, doubled, stuck or out of order, in any of the three services."""
    assert await count(conn, "intake.cases") == number
    assert await count(conn, "routing.routed_cases") == number
    assert await count(conn, "routing.referrals") == number
    assert await count(conn, "routing.referrals WHERE state = 'completed'") == number
    assert await count(conn, "notify.referral_status WHERE state = 'completed'") == number
    assert await count(conn, "notify.alerts") == 0
    assert await parked(conn) == 0
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
        assert said[once] == number, (once, said)
    # Each answer was given twice, and whoever repeats itself is told so, also about what a kill made Kafka say again.
    outcomes = await conn.fetch(
        """
        SELECT convert_from(value, 'UTF8')::json ->> 'outcome' AS outcome, count(*) AS number FROM routing.journal
        WHERE type = 'yimen.feedback.received.v1' AND topic LIKE 'routing.%' GROUP BY 1
        """
    )
    told = {row["outcome"]: row["number"] for row in outcomes}
    assert told.keys() == {"repeated"}, told
    assert told["repeated"] >= number * (6 * deliveries - 3), told
    gaps = """
        SELECT case_id FROM {0}.journal WHERE topic LIKE '{0}.%'
        GROUP BY case_id HAVING max(sequence) <> count(DISTINCT sequence)
    """
    for service in ("intake", "routing"):
        assert await conn.fetch(gaps.format(service)) == []
