"""Routing's HTTP door over a real socket: who may put a pause right, and what stays on record."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.web.auth import Principal, Role, issue_token
from tests.integration.routing.clients import open_client
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.integration.web import KEY
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON

HOUR = timedelta(hours=1)


def token(role: Role, office: str | None = None) -> dict[str, str]:
    principal = Principal(subject=f"{role.value}-1", role=role, office=office, installation=True)
    return {"authorization": f"Bearer {issue_token(KEY, principal)}"}


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Routing(engine, Clock(speed=1000, origin=NOON, anchor=datetime.now(UTC)))
    await engine.dispose()


@pytest.fixture
async def http(routing: Routing) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(routing) as client:
        client.headers.update(token(Role.COORDINATOR))
        yield client


async def held_and_resumed(routing: Routing, http: httpx.AsyncClient) -> str:
    """A referral whose office waited for an appraisal, over HTTP; returns its path."""
    await routing.consumes(an_accepted_case("education.school_placement"))
    path = f"/v1/referrals/{await routing.referral(EDUCATION)}"
    officer = token(Role.OFFICER, EDUCATION)
    assert (await http.post(f"{path}/accept", json={}, headers=officer)).status_code == 200
    held = await http.post(f"{path}/hold", json={"reason": "appraisal"}, headers=officer)
    assert held.status_code == 200
    resumed = await http.post(f"{path}/resume", json={}, headers=officer)
    assert resumed.status_code == 200
    return path


async def test_the_coordinator_of_the_area_ends_a_hold_that_was_forgotten(
    routing: Routing, http: httpx.AsyncClient
) -> None:
    await routing.consumes(an_accepted_case("education.school_placement"))
    path = f"/v1/referrals/{await routing.referral(EDUCATION)}"
    officer = token(Role.OFFICER, EDUCATION)
    await http.post(f"{path}/accept", json={}, headers=officer)
    held = (await http.post(f"{path}/hold", json={"reason": "appraisal"}, headers=officer)).json()
    (review,) = [clock for clock in held["clocks"] if clock["kind"] == "hold_review"]
    assert (review["status"], review["limit"], review["office"]) == ("running", "15wd", EDUCATION)

    elsewhere = Principal(subject="c", role=Role.COORDINATOR, area="130723000000")
    outside = {"authorization": f"Bearer {issue_token(KEY, elsewhere)}"}
    assert (await http.post(f"{path}/resume", json={}, headers=outside)).status_code == 404
    assert (await http.post(f"{path}/resume", json={}, headers=token(Role.CLERK))).status_code == 403
    said = {"feedback_id": "x"}
    assert (await http.post(f"{path}/resume", json=said)).json()["code"] == "unknown_field"
    assert (await http.post(f"{path}/resume", json={"reason": "workload"})).json()["code"] == "unknown_reason"

    told = await http.post(f"{path}/resume", json={})
    assert (told.status_code, told.json()["state"]) == (200, "in_progress")
    clocks = {clock["kind"]: clock["status"] for clock in told.json()["clocks"]}
    assert (clocks["handling"], clocks["hold_review"]) == ("running", "met")
    assert (await http.post(f"{path}/resume", json={})).status_code == 409
    assert await routing.rows("SELECT count(*) FROM answers_of_offices WHERE action = 'resume'") == [(0,)]


async def a_correction(http: httpx.AsyncClient, path: str, **changes: Any) -> dict[str, Any]:
    """That the only pause never was."""
    clocks = (await http.get(f"{path}/explain")).json()["clocks"]
    start = next(clock["pauses"][0]["start"] for clock in clocks if clock["pauses"])
    return {"pause": 0, "start": start, "end": start, "reason": "never_paused", "approver": "unit_head"} | changes


async def test_a_coordinator_puts_a_pause_right_and_the_old_one_stays_on_record(
    routing: Routing, http: httpx.AsyncClient
) -> None:
    path = await held_and_resumed(routing, http)
    told = await http.post(f"{path}/correct-pause", json=await a_correction(http, path))
    assert told.status_code == 200
    handling = next(clock for clock in told.json()["referral"]["clocks"] if clock["kind"] == "handling")
    assert handling["due_at"] == "2026-03-23T15:59:59.999999Z"

    why = (await http.get(f"{path}/explain")).json()
    (correction,) = why["corrections"]
    assert (correction["pause"], correction["reason"], correction["approver"], correction["corrected_by"]) == (
        0,
        "never_paused",
        "unit_head",
        CIVIL_AFFAIRS,
    )
    assert correction["was_end"] > correction["end"] == correction["start"] == correction["was_start"]
    ((said, topics),) = await routing.rows(
        """
        SELECT min(convert_from(value, 'UTF8'))::json, count(*) FROM journal
        WHERE type = 'yimen.clock.recalculated.v1'
        """
    )
    assert (said["reason"], said["correction"]["reason"], said["clocks"][0]["version"]) == (
        "pause_corrected",
        "never_paused",
        4,
    )
    assert topics == 2, "the office gets a copy"


async def test_an_explanation_comes_as_a_page_or_as_text_with_what_was_put_right(
    routing: Routing, http: httpx.AsyncClient
) -> None:
    path = await held_and_resumed(routing, http)
    assert (await http.post(f"{path}/correct-pause", json=await a_correction(http, path))).status_code == 200
    page = await http.get(f"{path}/explain", headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="zh-CN">' in page.text
    assert "<h2>更正</h2>" in page.text
    english = (await http.get(f"{path}/explain", params={"format": "text", "lang": "en"})).text
    assert "Office: " in english.splitlines()[1]
    assert "Dispatched by rule category.education.school_placement" in english
    assert "## Handling: " in english
    assert "pause 1 put right: was 2026-03-" in english
    assert "approved by the head of the office, entered by Civil Affairs Bureau" in english

    handling = next(c for c in (await http.get(f"{path}/explain")).json()["clocks"] if c["kind"] == "handling")
    one = await http.get(f"{path}/explain", params={"clock": handling["clock_id"], "format": "html"})
    assert one.text.count("<article") == 1
    other = "00000000-0000-0000-0000-000000000000"
    assert (await http.get(f"{path}/explain", params={"clock": other})).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"pause": 7}, 422, "unknown_pause"),
        ({"approver": "me"}, 422, "approver_missing"),
        ({"reason": "workload"}, 422, "unknown_reason"),
        ({"end": None}, 422, "pause_is_over"),
        ({"end": "2026-03-02T12:00:00"}, 422, "offset_missing"),
        ({"start": "2026-03-02T12:00:00+26:00"}, 422, "offset_range"),
        ({"end": "2026-03-02T12:00:00+26:00"}, 422, "offset_range"),
        ({"start": "2026-03-02T12:00:00+15:00"}, 422, "offset_range"),
        ({"end": "soon"}, 422, "time_form"),
        ({"start": "2026-03-01T12:00:00+08:00"}, 422, "pause_before_start"),
        ({"more": 1}, 422, "unknown_field"),
    ],
)
async def test_a_wrong_correction_is_refused(
    routing: Routing, http: httpx.AsyncClient, changes: dict[str, Any], status: int, code: str
) -> None:
    path = await held_and_resumed(routing, http)
    told = await http.post(f"{path}/correct-pause", json=await a_correction(http, path, **changes))
    assert (told.status_code, told.json()["code"]) == (status, code)


async def test_nobody_but_a_coordinator_may(routing: Routing, http: httpx.AsyncClient) -> None:
    path = await held_and_resumed(routing, http)
    correction = await a_correction(http, path)
    for role in (Role.OFFICER, Role.CLERK, Role.TOWNSHIP, Role.OPS):
        headers = token(role, EDUCATION if role is Role.OFFICER else None)
        told = await http.post(f"{path}/correct-pause", json=correction, headers=headers)
        assert told.status_code == 403


async def test_a_late_hold_over_http_says_since_when(routing: Routing, http: httpx.AsyncClient) -> None:
    await routing.consumes(an_accepted_case("education.school_placement"))
    path = f"/v1/referrals/{await routing.referral(EDUCATION)}"
    officer = token(Role.OFFICER, EDUCATION)
    await http.post(f"{path}/accept", json={}, headers=officer)
    before = {"reason": "appraisal", "occurred_at": (NOON - HOUR).isoformat()}
    told = await http.post(f"{path}/hold", json=before, headers=officer)
    assert (told.status_code, told.json()["code"]) == (422, "occurred_out_of_range")
    assert await routing.rows("SELECT code FROM answers_of_offices WHERE action = 'hold'") == [
        ("occurred_out_of_range",)
    ]


HOLD = {"reason": "appraisal"}
EXTEND = {"reason": "complex"}


def longer(by: str) -> dict[str, Any]:
    return EXTEND | {"attributes": {"by": by}}


@pytest.mark.parametrize(
    ("action", "body", "status", "code", "names"),
    [
        ("hold", HOLD | {"occurred_at": "2026-03-02T09:00:00"}, 422, "offset_missing", "occurred_at"),
        ("hold", HOLD | {"occurred_at": "2026-03-02T09:00:00+26:00"}, 422, "offset_range", "occurred_at"),
        ("hold", HOLD | {"occurred_at": "soon"}, 422, "time_form", '"field":"occurred_at","code":"time_form"'),
        ("hold", HOLD | {"occurred_at": "2026-03-02T09:00:00+15:00"}, 422, "offset_range", "occurred_at"),
        ("hold", HOLD | {"occurred_at": "2106-03-02T09:00:00+08:00"}, 422, "calendar_range", "occurred_at"),
        ("hold", HOLD | {"occurred_at": "2026-03-01T09:00:00+08:00"}, 422, "occurred_out_of_range", "occurred_at"),
        ("hold", HOLD | {"occurred_at": "2026-04-01T09:00:00+08:00"}, 422, "occurred_out_of_range", "occurred_at"),
        ("hold", {"reason": "because"}, 422, "unknown_reason", "reason"),
        ("resume", {}, 409, "illegal_move", "resume"),
        ("extend", EXTEND, 422, "limit_form", "attributes.by"),
        ("extend", longer("-5wd"), 422, "limit_form", "attributes.by"),
        ("extend", longer("0wd"), 422, "limit_range", "attributes.by"),
        ("extend", longer("1000000wd"), 422, "limit_range", "attributes.by"),
        ("extend", longer("1000wd"), 422, "extension_too_long", "attributes.by"),
    ],
)
async def test_what_an_office_says_of_time_and_cannot_be_is_named(
    routing: Routing, http: httpx.AsyncClient, action: str, body: dict[str, Any], status: int, code: str, names: str
) -> None:
    await routing.consumes(an_accepted_case("education.school_placement"))
    path = f"/v1/referrals/{await routing.referral(EDUCATION)}"
    officer = token(Role.OFFICER, EDUCATION)
    await http.post(f"{path}/accept", json={}, headers=officer)
    told = await http.post(f"{path}/{action}", json=body, headers=officer)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert names in told.text
    assert await routing.rows("SELECT max(version) FROM clocks WHERE kind = 'handling'") == [(1,)]


async def test_an_extension_after_the_end_is_refused(routing: Routing, http: httpx.AsyncClient) -> None:
    await routing.consumes(an_accepted_case("education.school_placement"))
    path = f"/v1/referrals/{await routing.referral(EDUCATION)}"
    officer = token(Role.OFFICER, EDUCATION)
    await http.post(f"{path}/accept", json={}, headers=officer)
    async with routing.engine.begin() as conn:
        await conn.execute(text('UPDATE clocks SET clock = clock || \'{"started_at": "2026-01-05T04:00:00Z"}\''))
    told = await http.post(f"{path}/extend", json=longer("1wd"), headers=officer)
    assert (told.status_code, told.json()["code"]) == (409, "extension_too_late")
