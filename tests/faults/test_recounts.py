"""A year is published while everything runs, and the process that counts again is killed in the middle of it."""

import asyncio
import json
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from contracts.topics import SUBMISSIONS
from libraries.clocks.clock import LegalClock
from libraries.clocks.recounting import calendar_version, recount
from libraries.clocks.rows import decoded
from libraries.deadlines import statutory_calendar
from libraries.policies import Policy, load_policy
from tests.acceptance.installation import Installation, installed, until
from tests.calendars import published_year
from tests.civil_time import CIVIL_TIME
from tests.faults.outcome import EMPLOYMENT, parked, reaches, submit
from tests.integration.intake.test_registration import a_submission
from tests.unit.intake.builders import needs_material

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

PACKS = Path(__file__).parents[2] / "deploy" / "policies"
NEXT = statutory_calendar(CIVIL_TIME).published_through.year + 1
ORIGIN = datetime(NEXT - 1, 12, 21, 2, tzinfo=UTC)
"""Ten working days from here end in the next year; the days to sign for and to return end in this one."""
LAST_WEEK = datetime(NEXT - 1, 12, 15, 2, tzinfo=UTC)
"""What was handed in then is to be accepted by the days of this year."""
NUMBER = 1_500
"""Each with three clocks at its office: more than two batches of a recount."""
AT_THE_WINDOW = 3_000
"""Cases that wait to be accepted: more than one batch."""
BRIDGE = [date(NEXT, 1, day) for day in (4, 5, 6, 7, 8, 9, 10) if date(NEXT, 1, day).weekday() < 5]
"""A long New Year, so that dates move and do not only lose their doubt."""
YEAR = published_year(NEXT, *(f"{{date: {day}, works: false, zh: 假日, en: holiday}}" for day in BRIDGE))
WAITS_FOR_THE_JOURNAL = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND relation IN (SELECT oid FROM pg_class WHERE relname LIKE 'journal%')
"""
SAID = """
    SELECT event_id, case_id, convert_from(value, 'UTF8') AS value FROM {0}.journal
    WHERE type = 'yimen.clock.recalculated.v1' AND topic LIKE '{0}.%'
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "packs")
    return tmp_path / "packs" / "zhangjiakou"


@pytest.fixture
def year(tmp_path: Path) -> Path:
    file = tmp_path / "next.yaml"
    file.write_text(YEAR, "utf-8")
    return file


@pytest.fixture
async def city(
    database: str, kafka: str, tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    monkeypatch.setenv("YIMEN_POLICY_DIR", str(pack))
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,), origin=ORIGIN) as installation:
        yield installation


Dates = dict[tuple[UUID, int], datetime | None]


async def test_a_recount_that_is_killed_goes_on_and_says_everything_once(
    city: Installation, conn: asyncpg.Connection, pack: Path, year: Path
) -> None:
    await submit(city, "faults-recount", NUMBER)
    await reaches(conn, "notify.timers WHERE kind = 'handling'", NUMBER, city)
    rows = await conn.fetch("SELECT clock::text AS clock FROM routing.clocks")
    clocks = [decoded(row["clock"]) for row in rows]

    await _killed_twice(city, conn, "routing", pack, year)

    published = load_policy(pack)
    expected = _moved(clocks, published)
    assert len(clocks) > len(expected) >= NUMBER
    await reaches(conn, "notify.timers WHERE version = 2", len(expected), city)
    await until("all clocks carry the new calendar", partial(_all_carry, conn, "routing.clocks", published))
    assert await _said(conn, "routing") == expected
    await _notify_knows(conn, expected)


async def test_the_windows_own_recount_is_killed_and_says_everything_once(
    city: Installation, conn: asyncpg.Connection, pack: Path, year: Path
) -> None:
    """Every second case was handed in the week before, so that no day of the next year concerns it."""
    await _wait_at_the_window(city)
    await reaches(conn, "intake.cases", AT_THE_WINDOW, city)
    cases: dict[UUID, list[LegalClock]] = defaultdict(list)
    for row in await conn.fetch("SELECT case_id, clock::text AS clock FROM intake.clocks"):
        cases[row["case_id"]].append(decoded(row["clock"]))
    clocks = [clock for found in cases.values() for clock in found]
    await reaches(conn, "notify.timers", len(clocks), city)

    await _killed_twice(city, conn, "intake", pack, year)

    published = load_policy(pack)
    expected = _moved(clocks, published)
    touched = {case_id for case_id, found in cases.items() if _moved(found, published)}
    assert (len(clocks), len(touched)) == (3 * AT_THE_WINDOW // 2, AT_THE_WINDOW // 2)
    await reaches(conn, "notify.timers WHERE version = 2", len(expected), city)
    await until("all clocks carry the new calendar", partial(_all_carry, conn, "intake.clocks", published))
    assert await _said(conn, "intake") == expected
    told = await conn.fetch("SELECT case_id FROM intake.case_timeline WHERE type = 'clock.recalculated'")
    assert sorted(row["case_id"] for row in told) == sorted(touched), "once in the story of each, and of no other"
    kept = [decoded(row["clock"]) for row in await conn.fetch("SELECT clock::text AS clock FROM intake.clocks")]
    assert {(clock.id, clock.version) for clock in kept} == expected.keys() | {
        (clock.id, 1) for clock in clocks if (clock.id, 2) not in expected
    }
    await _notify_knows(conn, expected)


async def _wait_at_the_window(city: Installation) -> None:
    """Half of them lack material and were handed in last week, half are for a clerk to accept and came now."""
    old = {"category": needs_material()[0], "materials": [], "received_at": LAST_WEEK.isoformat()}
    new = {"category": "petition.request", "received_at": ORIGIN.isoformat()}
    async with city.producer() as producer:
        for number in range(AT_THE_WINDOW):
            body = a_submission(number, source="faults-window-recount", **(old if number % 2 else new))
            await producer.send(SUBMISSIONS.name, body, key=str(number).encode())
        await producer.flush()


async def _killed_twice(city: Installation, conn: asyncpg.Connection, service: str, pack: Path, year: Path) -> None:
    """Inside of a batch and between two, and started again at last."""
    await _killed_inside_of_a_portion(city, conn, service, pack, year)
    assert await conn.fetch(SAID.format(service)) == []
    city.environment["YIMEN_RECOUNT_PAUSE_SECONDS"] = "60"
    await city.start(service)
    await _killed_between_portions(city, conn, service)
    city.environment["YIMEN_RECOUNT_PAUSE_SECONDS"] = "0.05"
    await city.start(service)


async def _killed_inside_of_a_portion(
    city: Installation, conn: asyncpg.Connection, service: str, pack: Path, year: Path
) -> None:
    """What is said of its clocks waits: nothing of it is committed."""
    other = await asyncpg.connect(city.database)
    status, told = await city.command("calendar", "publish", str(year), "--policy", str(pack))
    assert status == 0, told
    # Known everywhere when the command ends, and in force some seconds later.
    status, told = await city.command("policy", "activate", str(pack), "--author", "test", "--reason", "new year")
    assert status == 0, told
    async with conn.transaction():
        await conn.execute(f"LOCK TABLE {service}.journal IN SHARE ROW EXCLUSIVE MODE")
        await until("a batch waits for the journal", partial(_waits, other))
        city.kill(service)
    await other.close()


async def _killed_between_portions(city: Installation, conn: asyncpg.Connection, service: str) -> None:
    await reaches(conn, f"({SAID.format(service)}) AS said", 1, city)
    city.kill(service)
    said = await conn.fetch(SAID.format(service))
    left = await conn.fetchval(f"SELECT count(DISTINCT calendar_version) FROM {service}.clocks")
    assert (len(said) > 0, left) == (True, 2), "some are counted again, and some are not yet"


async def _waits(conn: asyncpg.Connection) -> bool:
    return bool(await conn.fetchval(WAITS_FOR_THE_JOURNAL))


async def _all_carry(conn: asyncpg.Connection, table: str, policy: Policy) -> bool:
    await asyncio.sleep(0.5)
    carried = await conn.fetch(f"SELECT DISTINCT calendar_version FROM {table} WHERE calendar_version IS NOT NULL")
    return [row["calendar_version"] for row in carried] == [calendar_version(policy)]


def _moved(clocks: list[LegalClock], policy: Policy) -> Dates:
    return {
        (clock.id, again.version): again.announced_dates.due_at
        for clock in clocks
        if (again := recount(clock, policy)) is not clock and again.announced_dates is not None
    }


async def _said(conn: asyncpg.Connection, service: str) -> Dates:
    """Each clock and version once, or it fails."""
    found: Dates = {}
    for row in await conn.fetch(SAID.format(service)):
        for clock in json.loads(row["value"])["clocks"]:
            key = UUID(clock["clock_id"]), clock["version"]
            assert key not in found
            found[key] = datetime.fromisoformat(clock["due_at"])
    return found


async def _notify_knows(conn: asyncpg.Connection, expected: Dates) -> None:
    watches = await conn.fetch("SELECT clock_id, version, due_at FROM notify.timers WHERE version > 1")
    assert {(row["clock_id"], row["version"]): row["due_at"] for row in watches} == expected
    assert await parked(conn) == 0
