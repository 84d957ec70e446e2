"""kill -9 of each service in the middle of its work changes nothing of the outcome."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.installation import Installation, installed
from tests.faults.outcome import EMPLOYMENT, NUMBER, answer, exactly_once, reaches, submit

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as installation:
        yield installation


async def test_each_service_is_killed_in_the_middle_of_its_work(city: Installation, conn: asyncpg.Connection) -> None:
    await submit(city, "faults-kill")
    await reaches(conn, "intake.cases", 50, city)
    city.kill("intake")
    await city.start("intake")
    await reaches(conn, "routing.referrals", 50, city)
    city.kill("routing")
    await city.start("routing")
    await reaches(conn, "notify.timers", 100, city)
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
    await reaches(conn, "notify.timers WHERE kind = 'handling' AND status = 'met'", NUMBER, city)
    await exactly_once(conn)
