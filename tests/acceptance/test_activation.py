"""A policy is put in force while everything runs: from one moment on, in all services, and back again."""

import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from libraries.runtime.clock import Clock
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import MONDAY, Installation, installed, until
from tests.integration.intake.test_registration import a_submission
from tests.packs import PACKS, write

pytestmark = [pytest.mark.engines, pytest.mark.timeout(500)]

EDUCATION, CIVIL_AFFAIRS = "education-130722000000", "civil_affairs-130722000000"
OTHER_LEAD = "- {id: aid, categories: [education.student_aid], lead: civil_affairs}\n"
WHO = ("--author", "示例", "--reason", "a test", "--json")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "packs")
    return tmp_path / "packs" / "zhangjiakou"


@pytest.fixture
async def place(
    database: str, kafka: str, tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    monkeypatch.setenv("YIMEN_POLICY_DIR", str(pack))
    async with installed(database, kafka, tmp_path, offices=(EDUCATION, CIVIL_AFFAIRS)) as installation:
        yield installation


@pytest.fixture
async def conn(database: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database)
    yield conn
    await conn.close()


async def test_every_service_decides_by_the_version_of_the_moment(
    place: Installation, conn: asyncpg.Connection, pack: Path
) -> None:
    first, (lead, version) = await _registered(place, conn, 1)
    assert lead == EDUCATION

    write(pack, "rules.yaml", OTHER_LEAD)
    _, (lead, same) = await _registered(place, conn, 2)
    assert (lead, same) == (EDUCATION, version), "what stands in the folder changes nothing"

    planned = await _done(place, "policy", "activate", str(pack), *WHO, "--at", "2026-03-03T09:00+08:00")
    assert planned["before"] == version
    again = await _done(place, "policy", "activate", str(pack), *WHO)
    assert (again["new"], again["number"]) == (False, planned["number"])
    _, (lead, same) = await _registered(place, conn, 3)
    assert (lead, same) == (EDUCATION, version), "not before it starts"
    assert (await _done(place, "policy", "back", *WHO))["planned"] == planned["version"]

    new = await _done(place, "policy", "activate", str(pack), *WHO)
    write(pack, "rules.yaml", "- {id: half-cop")
    await _starts(place, new)
    registered, (lead, now) = await _registered(place, conn, 4)
    assert (lead, now) == (CIVIL_AFFAIRS, new["version"])
    assert registered["answer_by"]["office"] == CIVIL_AFFAIRS, "intake tells the applicant what routing does"
    assert await _decision(conn, first["case_id"]) == (EDUCATION, version), "what runs keeps its terms"

    assert place.stop("routing") == 0
    await place.start("routing")
    _, (lead, now) = await _registered(place, conn, 5)
    assert (lead, now) == (CIVIL_AFFAIRS, new["version"]), "a restart does not fall back to the folder, which is broken"

    await _starts(place, await _done(place, "policy", "back", *WHO))
    _, (lead, now) = await _registered(place, conn, 6)
    assert (lead, now) == (EDUCATION, version)
    shown = await _done(place, "policy", "show", "--on", str(MONDAY.date()), "--part", "rules", "--json")
    assert [one["version"] for one in shown["versions"]] == [version, version, new["version"], version]
    (pack / "rules.yaml").write_text(OTHER_LEAD, "utf-8")
    tested = await _done(place, "policy", "backtest", str(pack), "--since", "2026-03-01", "--json")
    assert (tested["cases"], tested["other_office"], tested["newly_late"]) == (6, 4, 0)
    assert {one["office"] for one in tested["offices"]} == {EDUCATION, CIVIL_AFFAIRS}
    told = await _done(place, "policy", "versions", "--json")
    assert [(one["version"], one["author"]) for one in told] == [
        (version, "installation"),
        (new["version"], "示例"),
        (version, "示例"),
        (new["version"], "示例"),
        (version, "示例"),
    ]


async def test_a_version_that_a_service_has_not_heard_is_taken_back_for_all(
    place: Installation, conn: asyncpg.Connection, pack: Path
) -> None:
    place.pause("notify")
    write(pack, "rules.yaml", OTHER_LEAD)
    status, _ = await place.command("policy", "activate", str(pack), *WHO)
    assert status == 1
    place.resume("notify")
    for schema in ("routing", "intake", "notify"):
        await until(f"{schema} knows it", lambda schema=schema: _taken_back(conn, schema))
    _, (lead, _) = await _registered(place, conn, 1)
    assert lead == EDUCATION


async def _registered(
    place: Installation, conn: asyncpg.Connection, number: int
) -> tuple[dict[str, Any], tuple[str, str]]:
    """The case as the window is told, and who leads it by which version."""
    async with place.client("intake", Role.CLERK) as window:
        reply = await window.post("/v1/cases", content=a_submission(number, area="130722100", source="activation"))
    assert reply.status_code == 201, reply.text
    case = reply.json()
    return case, await until("routing has decided", lambda: _decision(conn, case["case_id"]))


async def _decision(conn: asyncpg.Connection, case_id: str) -> tuple[str, str] | None:
    found = await conn.fetchrow("SELECT lead, policy_version FROM routing.decisions WHERE case_id = $1", case_id)
    return (found["lead"], found["policy_version"]) if found is not None else None


async def _taken_back(conn: asyncpg.Connection, schema: str) -> bool:
    rows = await conn.fetch(f"SELECT version FROM {schema}.policy_activations ORDER BY number")
    return len(rows) == 3 and rows[0]["version"] == rows[2]["version"] != rows[1]["version"]


async def _done(place: Installation, *arguments: str) -> Any:
    status, told = await place.command(*arguments)
    assert status == 0, told
    return json.loads(told)


async def _starts(place: Installation, activated: dict[str, Any]) -> None:
    anchor = datetime.fromisoformat(place.environment["YIMEN_TIME_ANCHOR"])
    clock = Clock(origin=MONDAY, anchor=anchor)
    starts_at = datetime.fromisoformat(activated["starts_at"])

    async def begun() -> bool:
        return clock.at(datetime.now(UTC)) > starts_at + timedelta(milliseconds=1)

    await until("it is in force", begun)
