"""The applicant agrees to checks at the window, gets it on paper, and takes it back whenever they like."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import text

from contracts.access import Relation
from contracts.codes import ReferralRole
from libraries.runtime.web.auth import Principal
from tests.integration.intake import fake_events
from tests.integration.intake.test_access import WHO, Stage, officer, own_stage
from tests.integration.intake.test_registration import a_submission
from tests.integration.web import bearer

__all__ = ["own_stage"]
WINDOW, LEAD = WHO[Relation.WINDOW], WHO[Relation.LEAD]
ASKED = officer("health-130700000000")
GIVES = {"purpose": "means_check", "consent": "written"}


async def posts(stage: Stage, who: Principal, path: str, body: object) -> tuple[int, Any]:
    reply = await stage.http.post(
        f"/v1/cases/{stage.number}/check-consents{path}", json=body, headers=stage.bearer(who)
    )
    return reply.status_code, reply.json()


async def said(stage: Stage, kind: str) -> list[dict[str, Any]]:
    async with stage.engine.connect() as conn:
        found = await conn.execute(text("SELECT value FROM journal WHERE type = :kind"), {"kind": f"yimen.{kind}.v1"})
        return [msgspec.json.decode(bytes(row.value)) for row in found]


async def test_a_consent_is_on_record_on_paper_and_in_the_story(own_stage: Stage) -> None:
    status, given = await posts(own_stage, WINDOW, "", GIVES)
    assert status == 201
    assert (given["purpose_zh"], given["consent_zh"], given["withdrawn_at"]) == (
        "社会救助家庭经济状况核对",
        "书面委托",
        None,
    )
    (event,) = await said(own_stage, "case.consent_given")
    assert (event["consent_id"], event["purpose"], event["by"]["office"]) == (
        given["consent_id"],
        "means_check",
        WINDOW.office,
    )
    papers = (await own_stage.asks(WINDOW, "/documents")).json()
    paper = next(one for one in papers if one["kind"] == "check_consent")
    told = (await own_stage.asks(WINDOW, f"/documents/{paper['id']}")).json()
    rows = {row["name"]: row["value"] for row in told["zh"]["rows"]}
    assert (rows["核对目的"], rows["授权方式"]) == ("社会救助家庭经济状况核对", "书面委托")
    assert "撤回" in "".join(told["zh"]["paragraphs"])
    for who in (WINDOW, LEAD):
        listed = (await own_stage.asks(who, "/check-consents")).json()
        assert [one["consent_id"] for one in listed] == [given["consent_id"]]
    assert (await own_stage.asks(WHO[Relation.CO_HANDLER], "/check-consents")).status_code == 403
    story = [entry["zh"] for entry in (await own_stage.asks(WINDOW, "/timeline")).json()]
    assert any("申请人授权核对（社会救助家庭经济状况核对" in (line or "") for line in story)


async def test_one_consent_stands_for_a_purpose_and_what_is_wrong_is_named(own_stage: Stage) -> None:
    status, refused = await posts(own_stage, WINDOW, "", {"purpose": "handling", "consent": "written"})
    assert (status, refused["errors"][0]["code"]) == (422, "unknown_purpose")
    assert "means_check" in refused["errors"][0]["message_zh"] if "message_zh" in refused["errors"][0] else True
    assert (await posts(own_stage, WINDOW, "", {**GIVES, "name": "x"}))[0] == 422
    assert (await posts(own_stage, WINDOW, "", {**GIVES, "consent": "surely"}))[0] == 422
    assert (await posts(own_stage, LEAD, "", GIVES))[0] == 403
    assert (await posts(own_stage, WINDOW, "", GIVES))[0] == 201
    status, refused = await posts(own_stage, WINDOW, "", GIVES)
    assert (status, refused["code"]) == (409, "consent_stands")
    assert (await posts(own_stage, WINDOW, "", {**GIVES, "purpose": "status_check"}))[0] == 201


async def test_it_is_taken_back_by_the_applicant_or_at_the_window_and_can_be_given_again(own_stage: Stage) -> None:
    _, given = await posts(own_stage, WINDOW, "", GIVES)
    path = f"/{given['consent_id']}/withdraw"
    assert (await posts(own_stage, LEAD, path, {}))[0] == 403
    assert (await posts(own_stage, WINDOW, f"/{uuid4()}/withdraw", {}))[0] == 404
    status, gone = await posts(own_stage, WHO[Relation.APPLICANT], path, {})
    assert (status, gone["withdrawn_at"] is not None) == (200, True)
    status, refused = await posts(own_stage, WINDOW, path, {})
    assert (status, refused["code"]) == (409, "consent_gone")
    (event,) = await said(own_stage, "case.consent_withdrawn")
    assert event["consent_id"] == given["consent_id"]
    assert (await posts(own_stage, WINDOW, "", GIVES))[0] == 201


async def test_who_is_asked_sees_whom_it_is_about_and_nothing_else(own_stage: Stage) -> None:
    check = uuid4()
    asked = {"office": ASKED.office, "role": ReferralRole.CHECK, "purpose": "means_check"}
    await own_stage.readers.consumes(fake_events.dispatched(own_stage.case_id, check, **asked))
    for path in ("", "/timeline", "/clocks", "/explain", "/time", "/related", "/check-consents"):
        assert (await own_stage.asks(ASKED, path)).status_code == 403, path
    assert (await own_stage.asks(ASKED, "/documents")).json() == []
    assert (await own_stage.http.get("/v1/cases", headers=bearer(ASKED))).json()["items"] == []
    assert (await own_stage.asks(ASKED, "/applicant?purpose=handling")).status_code == 422
    person = (await own_stage.asks(ASKED, "/applicant?purpose=means_check")).json()
    assert (person["name"], "phone" in person) == ("张示例", False)
    reads = (await own_stage.asks(WHO[Relation.COORDINATOR], "/reads")).json()
    assert (reads[0]["office"], reads[0]["purpose"]) == (ASKED.office, "means_check")
    done = {"office": ASKED.office, "role": ReferralRole.CHECK}
    await own_stage.readers.consumes(fake_events.completed(own_stage.case_id, check, **done))
    assert (await own_stage.asks(ASKED, "/applicant?purpose=means_check")).status_code == 403


async def test_a_window_asks_while_the_case_is_with_it_and_its_question_is_read_on_record(own_stage: Stage) -> None:
    body = a_submission(9, category="civil_affairs.temporary_aid", materials=[])
    case = (await own_stage.http.post("/v1/cases", content=body, headers=bearer(WINDOW))).json()
    path = f"/v1/cases/{case['number']}"

    async def asks(**changes: str) -> tuple[int, Any]:
        asked = {"office": ASKED.office, "purpose": "means_check", "question": "（示例）？", **changes}
        reply = await own_stage.http.post(f"{path}/request-check", json=asked, headers=bearer(WINDOW))
        return reply.status_code, reply.json()

    status, refused = await asks(office="nobody", purpose="handling", question=" ")
    assert (status, [one["code"] for one in refused["errors"]]) == (
        422,
        ["unknown_office", "unknown_purpose", "question_missing"],
    )
    assert (await asks())[1]["code"] == "consent_needed"
    given = await own_stage.http.post(f"{path}/check-consents", json=GIVES, headers=bearer(WINDOW))
    assert given.status_code == 201
    status, told = await asks()
    assert status == 201
    assert (await asks())[1]["code"] == "question_open"
    (event,) = await said(own_stage, "case.check_requested")
    assert (event["check_id"], event["office"], event["by"]["office"]) == (
        told["check_id"],
        ASKED.office,
        WINDOW.office,
    )
    assert "question" not in event
    check = UUID(told["check_id"])
    sent = {"office": ASKED.office, "role": ReferralRole.CHECK, "purpose": "means_check"}
    await own_stage.readers.consumes(fake_events.dispatched(UUID(case["case_id"]), check, **sent))
    door = f"{path}/checks/{check}/question"
    for who in (ASKED, WINDOW):
        assert (await own_stage.http.get(door, headers=bearer(who))).json() == {"text": "（示例）？"}
    assert (await own_stage.http.get(door, headers=bearer(WHO[Relation.COORDINATOR]))).status_code == 403
    assert (await own_stage.http.get(door, headers=bearer(WHO[Relation.STRANGER]))).status_code == 404
    reads = (await own_stage.http.get(f"{path}/reads", headers=bearer(WHO[Relation.COORDINATOR]))).json()
    assert {(one["part"], one["office"]) for one in reads} >= {
        ("check_answers", ASKED.office),
        ("check_answers", WINDOW.office),
    }
    accepted = await own_stage.http.post(f"{path}/accept", json={}, headers=bearer(WINDOW))
    assert accepted.status_code == 200
    assert (await asks())[1]["code"] == "lead_asks"
