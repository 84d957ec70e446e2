"""A matter that a window could not tell, through public doors only: classified late, put right, both dates told."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.topics import ALERTS, OFFICE_FEEDBACK, REFERRALS
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.acceptance.test_stories import EDUCATION, in_inbox
from tests.integration.intake.test_registration import a_submission

pytestmark = pytest.mark.engines

DESK, MEDICAL, COUNTY = "civil_affairs-130722000000", "medical_security-130722000000", "130722000000"
UNCLASSIFIED, REIMBURSEMENT = "civil_affairs.unclassified", "health.manual_reimbursement"


async def test_what_a_window_could_not_tell_is_classified_and_put_right_and_told_with_both_dates(
    database: str, kafka: str, tmp_path: Path
) -> None:
    """Half a day passes in a second."""
    async with (
        installed(database, kafka, tmp_path, offices=(DESK, EDUCATION), speed=43_200) as city,
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=DESK) as desk,
        city.client("routing", Role.OFFICER, office=EDUCATION) as education,
        city.client("routing", Role.COORDINATOR, area=COUNTY) as coordinator,
    ):
        body = a_submission(1, source="not-sure", category=UNCLASSIFIED)
        case = (await window.post("/v1/cases", content=body)).json()
        number, case_id = case["number"], case["case_id"]
        inbox = await until("it lies with the desk", lambda: in_inbox(desk, number))
        assert "classification" in {clock["kind"] for clock in inbox["clocks"]}
        refused = (await window.post(f"/v1/cases/{number}/accept")).json()
        assert {"withdraw", "merge"} <= {one["act"] for one in refused["possible"]}

        # Nobody signs and nobody classifies: both are late, and the ladder begins.
        alerts = await city.heard(ALERTS.name, case_id, ["clock.breached"] * 2 + ["supervision.urged"])
        late = {(value["kind"], value["office"]) for said, value in alerts if said == "clock.breached"}
        assert ("classification", DESK) in late
        await _classifies_by_kafka(city, inbox["referral_id"])
        given = await until("the education office has it", lambda: in_inbox(education, number))
        (handling,) = [clock for clock in given["clocks"] if clock["kind"] == "handling"]
        assert handling["started_at"] == inbox["dispatched_at"], "the legal start does not move"
        assert (await education.post(f"/v1/referrals/{given['referral_id']}/accept", json={})).status_code == 200

        wrong = {"category": REIMBURSEMENT, "reason": "wrong_category"}
        path = f"/v1/referrals/{given['referral_id']}/reclassify"
        assert (await education.post(path, json=wrong)).json()["code"] == "not_the_decider"
        done = await coordinator.post(path, json=wrong)
        assert done.status_code == 200, done.text
        assert (done.json()["successor"]["office"], done.json()["referral"]["state"]) == (MEDICAL, "cancelled")
        await _told(window, number, before=handling["due_at"])
        wanted = ["routing.reclassified"] * 2 + ["referral.reassigned"]
        said = [said for said, _ in await city.heard(REFERRALS.name, case_id, wanted)]
        assert said.count("referral.reassigned") == 1
        code, text = await city.command("case", "explain", number)
        assert (code, "社会保险经办条例" in text) == (0, True), text
        # Other tests have left records on the topics of this broker.
        code, found = await city.command("verify", "--no-topics", "--json")
        assert (code, json.loads(found)["cases"]) == (0, 1), found


async def _classifies_by_kafka(city: Installation, referral_id: str) -> None:
    answer = {
        "feedback_id": "classify-1",
        "referral_id": referral_id,
        "action": "classify",
        "attributes": {"category": "education.student_aid"},
    }
    async with city.producer() as producer:
        topic = OFFICE_FEEDBACK.named(DESK)
        await producer.send_and_wait(topic, json.dumps(answer).encode(), key=referral_id.encode())


async def _told(window: Any, number: str, *, before: str) -> None:
    """The case and its story have both dates, each with its law."""

    async def moved() -> Any:
        seen = (await window.get(f"/v1/cases/{number}")).json()
        return seen if seen["lead_office"] == MEDICAL and seen["answer_by"]["office"] == MEDICAL else None

    seen = await until("the case follows", moved)
    assert (seen["category"], seen["field"]) == (REIMBURSEMENT, "health")
    was, now = seen["reclassified"], seen["answer_by"]
    assert (was["category"], was["due_at"], was["reason"]) == ("education.student_aid", before, "wrong_category")
    assert (now["due_at"] > was["due_at"], now["basis"]["source"]) == (True, "社会保险经办条例")
    story = (await window.get(f"/v1/cases/{number}/timeline")).json()
    texts = [entry["zh"] for entry in story if entry["type"] == "routing.reclassified"]
    assert "待归类事项" in texts[0]
    assert "教育救助 → 医疗费用手工报销（事项类别登记有误）；起算时间不变，期限由" in texts[1]
    assert "张北县民政局（承办人员）归类：教育救助" in "".join(entry["zh"] or "" for entry in story)
