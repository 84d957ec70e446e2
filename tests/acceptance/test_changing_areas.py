"""Townships are merged, renamed, moved and given other codes while the services have open work there."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from contracts.topics import ALERTS, CASES, OFFICE_REFERRALS, REFERRALS
from libraries.policies import load_policy
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import SERVICES, Installation, installed, until
from tests.integration.intake.test_registration import a_submission
from tests.unit.policies.changing import AREAS, HEADING, write_pack

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]

EVE = datetime.fromisoformat("2026-03-31T10:00:00+08:00")
MIDNIGHT = datetime.fromisoformat("2026-03-31T23:59:50+08:00")
"""So short before the day that it comes while the services start or run."""
WEEKS_LATER = datetime.fromisoformat("2026-05-20T08:30:00+08:00")
OLD, NEW = "education-130721000000", "education-130705000000"
COUNTY_BEFORE, COUNTY_NOW = "130722000000", "130705000000"
"""Of the township that moves with its code."""
MERGED, RENUMBERED, MOVED, RENAMED = "130721101", "130729100", "130722200", "130722201"
NOW = {MERGED: "130705001000", RENUMBERED: "130708100000", MOVED: "130722200000", RENAMED: "130722201000"}
OFFICES = [
    f"{role}-{county}000000"
    for role in ("education", "civil_affairs")
    for county in ("130705", "130708", "130721", "130722", "130729")
]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path)


@pytest.fixture
async def place(
    database: str, kafka: str, tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    monkeypatch.setenv("YIMEN_POLICY_DIR", str(pack))
    async with installed(database, kafka, tmp_path, offices=OFFICES, origin=EVE) as installation:
        yield installation


@pytest.fixture
async def conn(database: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database)
    yield conn
    await conn.close()


async def test_open_work_goes_with_its_place_and_nothing_is_said_to_nobody(
    place: Installation, conn: asyncpg.Connection, pack: Path
) -> None:
    cases = await _registered(place)
    await _dispatched(place, conn, len(cases))
    assert await _sees(place, "130705000000") == set(), "not before the day"
    returned = await _asks_to_return(place, cases[MOVED])

    await _starts_again(place, MIDNIGHT)
    for area, case in cases.items():
        await until(f"{area} lies in {NOW[area]}", lambda case=case, area=area: _lies_in(place, case, NOW[area]))
    said = await place.heard(CASES.name, cases[MERGED], ["case.area_changed"])
    changed = dict(said)["case.area_changed"]
    assert (changed["area_before"], changed["area"]) == (f"{MERGED}000", NOW[MERGED])
    told = await place.heard(REFERRALS.name, cases[MERGED], ["referral.office_succeeded", "clock.recalculated"])
    succeeded = [value for kind, value in told if kind == "referral.office_succeeded" and value["role"] == "lead"]
    assert [(one["predecessor"], one["office"]) for one in succeeded] == [(OLD, NEW)]
    assert {kind for kind, _ in await place.heard(CASES.name, cases[RENAMED], [])} == set()

    await until("rights follow", lambda: _rights_follow(place, cases))
    await _the_successor_signs(place, cases[MERGED])
    await _the_new_county_has_it(place, cases[MOVED])
    await _the_new_county_decides(place, returned)
    await until("verify finds everything where it belongs", lambda: _verified(place))

    await _starts_again(place, WEEKS_LATER, speed=600)
    known = set(load_policy(pack, WEEKS_LATER.date()).offices)
    for case in cases.values():
        escalated = await place.heard(ALERTS.name, case, ["clock.breached", "supervision.urged", "supervision.listed"])
        for kind, value in escalated:
            if kind.startswith("supervision."):
                assert value["recipients"], (kind, value)
                assert set(value["recipients"]) <= known
                assert case != cases[MOVED] or not any(one.endswith(COUNTY_BEFORE) for one in value["recipients"])
    levels = await conn.fetch("SELECT recipients FROM notify.alerts WHERE type <> 'clock.due' OR level <> ''")
    assert levels
    assert all(json.loads(row["recipients"]) for row in levels)


async def test_a_change_that_would_leave_work_without_an_owner_is_refused(
    place: Installation, conn: asyncpg.Connection, pack: Path
) -> None:
    cases = await _registered(place)
    await _dispatched(place, conn, len(cases))
    gone = (RENAMED, MOVED)
    rows = [line for line in (HEADING + AREAS).splitlines() if line.split(",")[0] not in gone]
    (pack / "areas.csv").write_text("\n".join(rows) + "\n")
    status, told = await place.command("policy", "activate", str(pack), "--author", "test", "--reason", "merged")
    assert status == 1
    assert f"area {RENAMED}000 has " in told
    assert f"area {MOVED}000 has " in told
    assert "no row any more: keep its row, with valid_until and a successor" in told
    assert await _lies_in(place, cases[RENAMED], NOW[RENAMED])

    _, output = await place.command("doctor", "--json")
    findings = {one["what"]: one for one in json.loads(output)["findings"]}
    assert findings["places"]["ok"], "what stands in the folder changes nothing"
    assert "which is not in force" in findings["policy folder"]["detail"]


async def _registered(place: Installation) -> dict[str, str]:
    """One case in each township; by its code before the day."""
    found = {}
    async with place.client("intake", Role.CLERK) as window:
        for number, area in enumerate(NOW, 1):
            reply = await window.post("/v1/cases", content=a_submission(number, area=area, source="places"))
            assert reply.status_code == 201, reply.text
            found[area] = reply.json()["case_id"]
    return found


async def _dispatched(place: Installation, conn: asyncpg.Connection, number: int) -> None:
    async def all_watched() -> bool:
        leads = "notify.timers AS t JOIN notify.referral_status AS r USING (referral_id) WHERE r.role = 'lead'"
        return bool(await conn.fetchval(f"SELECT count(*) FROM {leads} AND t.kind = 'handling'") == number)

    await until("every lead is watched", all_watched)


async def _starts_again(place: Installation, origin: datetime, speed: float = 1) -> None:
    """At another time. A breach waits some minutes for whatever may have come in time: let them pass."""
    for name in SERVICES:
        assert place.stop(name) == 0, place.log(name)
    place.environment["YIMEN_TIME_SPEED"] = str(speed)
    place.environment["YIMEN_TIME_ORIGIN"] = origin.isoformat()
    place.environment["YIMEN_TIME_ANCHOR"] = (datetime.now().astimezone() - timedelta(seconds=1)).isoformat()
    await place.start()


async def _lies_in(place: Installation, case_id: str, area: str) -> bool:
    async with place.client("intake", Role.CLERK) as window:
        return bool((await window.get(f"/v1/cases/{case_id}")).json()["area"] == area)


async def _sees(place: Installation, area: str) -> set[str]:
    """The cases that the coordinator of an area is shown."""
    async with place.client("intake", Role.COORDINATOR, area=area) as coordinator:
        return {one["case_id"] for one in (await coordinator.get("/v1/cases")).json()["items"]}


async def _rights_follow(place: Installation, cases: dict[str, str]) -> bool:
    """To the county in which a township lies now, whatever its digits say."""
    seen = {county: await _sees(place, f"{county}000000") for county in ("130705", "130708", "130722")}
    return seen == {
        "130705": {cases[MERGED], cases[MOVED]},
        "130708": {cases[RENUMBERED]},
        "130722": {cases[RENAMED]},
    }


async def _the_successor_signs(place: Installation, case_id: str) -> None:
    async with place.client("routing", Role.OFFICER, office=NEW) as office:

        async def inbox() -> Any:
            items = (await office.get("/v1/referrals")).json()["items"]
            return next((one for one in items if one["case_id"] == case_id), None)

        referral = await until("the successor has it", inbox)
        reply = await office.post(f"/v1/referrals/{referral['referral_id']}/sign", json={})
        assert (reply.status_code, reply.json()["state"]) == (200, "signed")


async def _asks_to_return(place: Installation, case_id: str) -> str:
    """The old county's bureau does not think that it is competent, and its coordinator has not decided yet."""
    async with place.client("routing", Role.OFFICER, office=f"education-{COUNTY_BEFORE}") as office:
        (mine,) = [one for one in (await office.get("/v1/referrals")).json()["items"] if one["case_id"] == case_id]
        referral = str(mine["referral_id"])
        asked = await office.post(f"/v1/referrals/{referral}/return", json={"reason": "not_competent"})
        assert (asked.status_code, asked.json()["decider"]) == (200, f"civil_affairs-{COUNTY_BEFORE}"), asked.text
    return referral


async def _the_new_county_has_it(place: Installation, case_id: str) -> None:
    """Each office that had a part has handed it on once, and both know."""
    told = await place.heard(REFERRALS.name, case_id, ["referral.office_succeeded"] * 2 + ["clock.recalculated"])
    succeeded = [value for kind, value in told if kind == "referral.office_succeeded"]
    assert {(one["predecessor"], one["office"]) for one in succeeded} == {
        (f"{role}-{COUNTY_BEFORE}", f"{role}-{COUNTY_NOW}") for role in ("education", "civil_affairs")
    }
    assert len(succeeded) == len({one["referral_id"] for one in succeeded})
    for county in (COUNTY_BEFORE, COUNTY_NOW):
        heard = await place.heard(OFFICE_REFERRALS.named(f"education-{county}"), case_id, ["referral.office_succeeded"])
        copies = [value for kind, value in heard if kind == "referral.office_succeeded"]
        assert copies == [one for one in succeeded if one["office"] == f"education-{COUNTY_NOW}"]


async def _the_new_county_decides(place: Installation, referral: str) -> None:
    body, path = {"approve": False}, f"/v1/referrals/{referral}/decide-return"
    for county, status in ((COUNTY_BEFORE, 404), (COUNTY_NOW, 200)):
        scope = {"office": f"civil_affairs-{county}", "area": county}
        async with place.client("routing", Role.COORDINATOR, **scope) as coordinator:
            decided = await coordinator.post(path, json=body)
            assert decided.status_code == status, decided.text
    assert decided.json()["referral"]["office"] == f"education-{COUNTY_NOW}"


async def _verified(place: Installation) -> bool:
    """Of every case, so that nothing of one is on its way any more."""
    _, output = await place.command("verify", "--json")
    looked = [one for one in json.loads(output)["checks"] if one["name"] in ("held_by_an_office", "follows_its_area")]
    return len(looked) == 2 and all(one["checked"] >= len(NOW) and not one["faults"] for one in looked)
