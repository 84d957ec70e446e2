"""A year is published while everything runs, and the process that counts again is killed in the middle of it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from services.deadlines import statutory_calendar
from services.policies import load_policy
from services.policies.packing import PackedClock, unpack
from services.policies.recounting import recount
from tests.acceptance.installation import Installation, installed, until
from tests.calendars import published_year
from tests.faults.outcome import EMPLOYMENT, parked, reaches, submit

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

PACKS = Path(__file__).parents[2] / "deploy" / "policies"
NEXT = statutory_calendar().published_through.year + 1
ORIGIN = datetime(NEXT - 1, 12, 21, 2, tzinfo=UTC)
"""Ten working days from here end in the next year; the days to sign for and to return end in this one."""
NUMBER = 1_500
"""Each with three clocks at its office: more than two portions of a recount."""
BRIDGE = [date(NEXT, 1, day) for day in (4, 5, 6, 7, 8, 9, 10) if date(NEXT, 1, day).weekday() < 5]
"""A long New Year, so that dates move and do not only lose their doubt."""
YEAR = published_year(NEXT, *(f"{{date: {day}, works: false, zh: 假日, en: holiday}}" for day in BRIDGE))
WAITS_FOR_THE_JOURNAL = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND relation IN (SELECT oid FROM pg_class WHERE relname LIKE 'journal%')
"""
SAID = """
    SELECT event_id, convert_from(value, 'UTF8') AS value FROM routing.journal
    WHERE type = 'yimen.clock.recalculated.v1' AND topic = 'routing.referrals.v1'
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "packs")
    return tmp_path / "packs" / "zhangjiakou"


@pytest.fixture
async def city(
    database: str, kafka: str, tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    monkeypatch.setenv("YIMEN_POLICY_DIR", str(pack))
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,), origin=ORIGIN) as installation:
        yield installation


Dates = dict[tuple[UUID, int], datetime | None]


async def test_a_recount_that_is_killed_goes_on_and_says_everything_once(
    city: Installation, conn: asyncpg.Connection, pack: Path, tmp_path: Path
) -> None:
    await submit(city, "faults-recount", NUMBER)
    await reaches(conn, "notify.watches WHERE kind = 'handling'", NUMBER, city)
    clocks = [unpack(packed) for packed in await _clocks(conn)]
    file = tmp_path / "next.yaml"
    file.write_text(YEAR, "utf-8")

    await _killed_inside_of_a_portion(city, conn, pack, file)
    assert await conn.fetch(SAID) == []
    city.environment["YIMEN_RECOUNT_PAUSE_SECONDS"] = "60"
    await city.start("routing")
    await _killed_between_portions(city, conn)
    city.environment["YIMEN_RECOUNT_PAUSE_SECONDS"] = "0.05"
    await city.start("routing")

    published = load_policy(pack)
    expected: Dates = {
        (clock.id, again.version): again.told.due_at
        for clock in clocks
        if (again := recount(clock, published)) is not clock and again.told is not None
    }
    assert len(clocks) > len(expected) >= NUMBER
    await reaches(conn, "notify.watches WHERE version = 2", len(expected), city)
    await until("all clocks carry the new calendar", partial(_all_carry, conn, published.calendar.version))
    assert await _said(conn) == expected
    watches = await conn.fetch("SELECT clock_id, version, due_at FROM notify.watches WHERE version > 1")
    assert {(row["clock_id"], row["version"]): row["due_at"] for row in watches} == expected
    assert await parked(conn) == 0


async def _killed_inside_of_a_portion(city: Installation, conn: asyncpg.Connection, pack: Path, file: Path) -> None:
    """Clocks are saved, and what is said of them waits: nothing of it is committed."""
    other = await asyncpg.connect(city.database)
    async with conn.transaction():
        await conn.execute("LOCK TABLE routing.journal IN SHARE ROW EXCLUSIVE MODE")
        status, told = await city.command("calendar", "publish", str(file), "--policy", str(pack))
        assert status == 0, told
        await until("a portion waits for the journal", partial(_waits, other))
        city.kill("routing")
    await other.close()


async def _killed_between_portions(city: Installation, conn: asyncpg.Connection) -> None:
    await reaches(conn, f"({SAID}) AS said", 1, city)
    city.kill("routing")
    assert 0 < len(await conn.fetch(SAID)) < NUMBER


async def _waits(conn: asyncpg.Connection) -> bool:
    return bool(await conn.fetchval(WAITS_FOR_THE_JOURNAL))


async def _all_carry(conn: asyncpg.Connection, version: str) -> bool:
    await asyncio.sleep(0.5)
    carried = await conn.fetch("SELECT DISTINCT calendar_version FROM routing.clocks WHERE stopped_at IS NULL")
    return [row["calendar_version"] for row in carried] == [version]


async def _clocks(conn: asyncpg.Connection) -> list[PackedClock]:
    rows = await conn.fetch("SELECT clock::text AS clock FROM routing.clocks")
    return [msgspec.json.decode(row["clock"], type=PackedClock) for row in rows]


async def _said(conn: asyncpg.Connection) -> Dates:
    """Each clock and version once, or it fails."""
    found: Dates = {}
    for row in await conn.fetch(SAID):
        for clock in msgspec.json.decode(row["value"])["clocks"]:
            key = UUID(clock["clock_id"]), clock["version"]
            assert key not in found
            found[key] = datetime.fromisoformat(clock["due_at"])
    return found
