"""Whole stories through public doors only: HTTP, Kafka."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from contracts.topics import ALERTS, OFFICE_FEEDBACK, OFFICE_REFERRALS, REFERRALS, SUBMISSIONS
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.integration.intake.test_registration import a_submission

pytestmark = pytest.mark.engines

CLAIM = "social_security.pension_claim"
PENSIONS = "social_security-130722000000"
EDUCATION = "education-130722000000"
CIVIL_AFFAIRS = "civil_affairs-130722000000"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path) -> AsyncIterator[Installation]:
    offices = (PENSIONS, EDUCATION, CIVIL_AFFAIRS)
    async with installed(database, kafka, tmp_path, offices=offices) as installation:
        yield installation


async def test_http_alone_takes_a_case_from_registration_to_closed(city: Installation) -> None:
    async with (
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=PENSIONS) as office,
        city.client("notify", Role.OPS) as board,
    ):
        body = a_submission(1, source="http-alone", category=CLAIM, materials=["identity_card"])
        case = (await window.post("/v1/cases", content=body)).json()
        assert case["answer_by"]["office"] == PENSIONS

        inbox = await until("the referral is in the inbox", lambda: in_inbox(office, case["number"]))
        path = f"/v1/referrals/{inbox['referral_id']}"
        for action in ("sign", "accept", "progress", "complete"):
            reply = await office.post(f"{path}/{action}", json={"text": "办理中（示例）"})
            assert reply.status_code == 200, reply.text
        explained = (await office.get(f"{path}/explain")).json()
        assert explained["decision"]["rule"] == "category.social_security.pension_claim"
        handling = next(clock for clock in explained["clocks"] if clock["kind"] == "handling")
        assert sum(day["counts"] for day in handling["days"]) >= 20

        await until("the case is resolved", lambda: in_state(window, case["number"], "resolved"))
        closed = await window.post(f"/v1/cases/{case['number']}/callback", json={"satisfied": True})
        assert closed.json()["state"] == "closed"
        story = (await window.get(f"/v1/cases/{case['number']}/timeline")).json()
        assert [entry["type"] for entry in story if entry["type"].startswith("case.")] == [
            "case.registered",
            "case.accepted",
            "case.progressed",
            "case.resolved",
            "case.closed",
        ]
        # Without the progress, and its copy for the office, the same life is 14 records.
        assert await records_of(city, case["case_id"]) == 16
        total = await until("the board shows it", lambda: completed(board))
        assert (total["completed"], total["on_time"], total["late"]) == (1, 1, 0)
    for name in ("intake", "routing", "notify"):
        assert city.stop(name) == 0, city.log(name)


async def records_of(city: Installation, case_id: str) -> int:
    """What intake and routing have to send of a case, to everybody and to offices."""
    conn = await asyncpg.connect(city.database)
    try:
        found = [
            await conn.fetchval(f"SELECT count(*) FROM {service}.journal WHERE case_id = $1", UUID(case_id))
            for service in ("intake", "routing")
        ]
    finally:
        await conn.close()
    return sum(found)


async def test_kafka_alone_acts_as_a_township_and_as_an_office(city: Installation) -> None:
    body = a_submission(1, source="kafka-alone", category=CLAIM, materials=["identity_card"])
    async with city.producer() as producer:
        await producer.send_and_wait(SUBMISSIONS.name, body, key=b"1")
        async with city.client("intake", Role.CLERK) as window:
            case = await until("the case is registered", lambda: first_case(window))
        case_id = case["case_id"]
        copies = await city.heard(OFFICE_REFERRALS.named(PENSIONS), case_id, ["referral.dispatched"])
        referral_id = dict(copies)["referral.dispatched"]["referral_id"]
        for action in ("sign", "accept", "complete"):
            answer = {"feedback_id": f"{action}-1", "referral_id": referral_id, "action": action}
            await producer.send_and_wait(
                OFFICE_FEEDBACK.named(PENSIONS), json.dumps(answer).encode(), key=referral_id.encode()
            )
    told = await city.heard(OFFICE_REFERRALS.named(PENSIONS), case_id, ["referral.completed"])
    assert [said for said, _ in told] == [
        "referral.dispatched",
        "referral.signed",
        "referral.accepted",
        "referral.completed",
    ]
    async with city.client("intake", Role.CLERK) as window:
        await until("the case is resolved", lambda: in_state(window, case["number"], "resolved"))


async def test_a_return_is_decided_and_the_next_office_has_what_is_left(city: Installation) -> None:
    async with (
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=EDUCATION) as office,
        city.client("routing", Role.COORDINATOR, area="130722000000") as coordinator,
    ):
        case = (await window.post("/v1/cases", content=a_submission(1, source="returned"))).json()
        inbox = await until("the referral is in the inbox", lambda: in_inbox(office, case["number"]))
        path = f"/v1/referrals/{inbox['referral_id']}"
        assert (await office.post(f"{path}/return", json={})).status_code == 422
        assert (await office.post(f"{path}/return", json={"reason": "not_competent"})).status_code == 200
        decided = await coordinator.post(f"{path}/decide-return", json={"approve": True, "to": PENSIONS})
        successor = decided.json()["successor"]
        assert successor["office"] == PENSIONS
        old, new = due_of(inbox), due_of(successor)
        assert old == new
        assert (await office.post(f"{path}/sign", json={})).json()["code"] == "referral_ended"
        stranger = await office.post(f"/v1/referrals/{successor['referral_id']}/sign", json={})
        assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
        await until("the window knows the next office", lambda: led_by(window, case["number"], PENSIONS))
    await the_commands_tell_it(city, case["number"])


async def the_commands_tell_it(city: Installation, number: str) -> None:
    """`yimen case` names every office that had the case, each with its own time and its own clocks."""

    async def time_of_the_next_office() -> Any:
        status, output = await city.command("case", "time", number, "--json")
        assert status == 0
        view = json.loads(output)
        return view if view["pieces"][-1]["holder"] == PENSIONS else None

    view = await until("the time of the next office is told", time_of_the_next_office)
    assert sum(piece["spent"]["calendar_seconds"] for piece in view["pieces"]) == view["whole"]["calendar_seconds"]
    status, output = await city.command("case", "show", number, "--json")
    shown = json.loads(output)
    assert status == 0
    due = {(clock["kind"], clock["office"]): clock["due_at"] for clock in shown["clocks"]}
    assert due["handling", EDUCATION] == due["handling", PENSIONS]
    assert ("return_decision", CIVIL_AFFAIRS) in due
    status, output = await city.command("case", "show", number)
    assert status == 0
    told = [line.split("  ")[-1] for line in output.splitlines()]
    (asked,) = [line for line in told if line.startswith("张北县教育局：申请退件（不属于本部门职责）")]
    assert "张北县民政局 退件审核时限至" in asked, "and who decides on it until when"
    assert "张示例" not in output
    assert (await city.command("case", "show", str(uuid4())))[0] == 1
    status, output = await city.command("case", "explain", number, "--json")
    explained = json.loads(output)
    assert status == 0
    assert {clock["kind"] for clock in explained["clocks"]} >= {"acceptance"}
    clocks = {(c["kind"], c["office"]): c for one in explained["referrals"] for c in one["clocks"]}
    assert clocks["handling", PENSIONS]["days"]
    status, output = await city.command("case", "explain", number, "--lang", "en")
    assert status == 0
    referrals = [one for one in explained["referrals"] if one["clocks"]]
    assert {one["referral"]["office"] for one in referrals} >= {EDUCATION, PENSIONS}
    assert output.count(f"Time limits explained: {number}") == 1 + len(referrals), "the window and each office"
    assert "## Handling: " in output


async def test_silence_is_acceptance_and_lateness_is_said_once(database: str, kafka: str, tmp_path: Path) -> None:
    """A day passes in a second: nobody signs, and nobody finishes in time."""
    async with installed(database, kafka, tmp_path, offices=(PENSIONS,), speed=86_400 * 2) as city:
        async with city.client("intake", Role.CLERK) as window:
            body = a_submission(1, source="silent", category=CLAIM, materials=["identity_card"])
            headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
            case = (await window.post("/v1/cases", content=body, headers=headers)).json()
        case_id = case["case_id"]
        await city.heard(REFERRALS.name, case_id, ["referral.deemed_accepted"])
        await until("the handling clock is broken", lambda: broken(city, case_id, "handling"))
        alerts = await city.heard(ALERTS.name, case_id, ["clock.breached"] * 2 + ["supervision.urged"])
        # At two days a second it is for the machine to say whether the lead was found within its day.
        alerts = [(said, value) for said, value in alerts if value["kind"] != "dispatch"]
        assert sorted((said, value["kind"]) for said, value in alerts if said.startswith("clock.")) == [
            ("clock.breached", "handling"),
            ("clock.breached", "signing"),
            ("clock.due", "handling"),
            ("clock.due", "return_window"),
            ("clock.due", "signing"),
            ("clock.due_soon", "handling"),
            ("clock.due_soon", "handling"),
            ("clock.due_soon", "handling"),
            ("clock.due_soon", "signing"),
        ]
        for topic, kind in (
            (OFFICE_REFERRALS.named(PENSIONS), "referral.dispatched"),
            (ALERTS.name, "clock.breached"),
            (ALERTS.name, "supervision.urged"),
        ):
            records = await city.records(topic, case_id, [kind])
            traces = {headers["traceparent"].split("-")[1] for said, headers, _ in records if said == kind}
            assert traces == {TRACE}, f"the trace of the submission goes on to {kind}"


async def broken(city: Installation, case_id: str, kind: str) -> bool:
    conn = await asyncpg.connect(city.database)
    try:
        said = "SELECT 1 FROM notify.alerts WHERE case_id = $1 AND type = 'clock.breached' AND kind = $2"
        return await conn.fetchval(said, UUID(case_id), kind) is not None
    finally:
        await conn.close()


async def first_case(window: httpx.AsyncClient) -> Any:
    items = (await window.get("/v1/cases")).json()["items"]
    return items[0] if items else None


async def in_inbox(office: httpx.AsyncClient, number: str) -> Any:
    items = (await office.get("/v1/referrals")).json()["items"]
    return next((item for item in items if item["number"] == number), None)


async def in_state(window: httpx.AsyncClient, number: str, state: str) -> bool:
    return bool((await window.get(f"/v1/cases/{number}")).json()["state"] == state)


async def led_by(window: httpx.AsyncClient, number: str, office: str) -> bool:
    return bool((await window.get(f"/v1/cases/{number}")).json()["lead_office"] == office)


async def completed(board: httpx.AsyncClient) -> Any:
    total = (await board.get("/v1/overview")).json()["total"]
    return total if total["completed"] else None


def due_of(view: dict[str, Any]) -> str:
    return str(next(clock["due_at"] for clock in view["clocks"] if clock["kind"] == "handling"))
