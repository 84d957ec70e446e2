"""A window puts right over HTTP what it has registered; what is refused says what is possible instead."""

from libraries.runtime.web.auth import Principal, Role
from tests.integration.intake.test_access import Stage, own_stage
from tests.integration.intake.test_merging import FAR, WINDOW, registered, story
from tests.integration.web import bearer

__all__ = ["own_stage"]
AID = {"category": "education.student_aid", "reason": "wrong_category"}


async def test_what_no_office_has_yet_becomes_another_matter(own_stage: Stage) -> None:
    case = await registered(own_stage, 7, category="petition.request")
    path = f"/v1/cases/{case['number']}/reclassify"
    assert case["state"] == "registered"
    for who, status in ((FAR, 404), (Principal(subject="o", role=Role.OFFICER, office="petition-130722000000"), 403)):
        assert (await own_stage.http.post(path, json=AID, headers=bearer(who))).status_code == status
    for body, code in (
        ({"reason": "wrong_category"}, "same_matter"),
        (AID | {"reason": "x" * 5000}, "unknown_reason"),
        (AID | {"area": "\0"}, "bad_character"),
        (AID | {"area": "999999999999"}, "unknown_area"),
        (AID | {"lead": "x"}, "unknown_field"),
    ):
        refused = (await own_stage.http.post(path, json=body, headers=bearer(WINDOW))).json()
        assert (refused.get("errors") or [refused])[0]["code"] == code
    done = await own_stage.http.post(path, json=AID, headers=bearer(WINDOW))
    assert done.status_code == 200, done.text
    assert (done.json()["category"], done.json()["field"]) == ("education.student_aid", "education")
    seen = (await own_stage.http.get(f"/v1/cases/{case['number']}", headers=bearer(WINDOW))).json()
    assert (seen["category"], seen["state"], seen["reclassified"]) == ("education.student_aid", "accepted", None)
    told = await story(own_stage, case["number"])
    assert any("改类：信访求决 → 教育救助" in (line or "") for line in told), told


async def test_a_refusal_names_what_is_possible(own_stage: Stage) -> None:
    case = await registered(own_stage, 7)
    for act, body in (("accept", {}), ("reopen", {"reason": "not_satisfied"}), ("unmerge", {})):
        reply = await own_stage.http.post(f"/v1/cases/{case['number']}/{act}", json=body, headers=bearer(WINDOW))
        assert (reply.status_code, reply.json()["code"]) == (409, "illegal_move"), reply.text
        assert [one["act"] for one in reply.json()["possible"]] == ["withdraw", "merge"]
        assert reply.json()["possible"][0]["by"] == [case["first_contact_office"]]
    second = await own_stage.http.post(
        f"/v1/cases/{case['number']}/request-supplement",
        json={"missing": ["identity_card"], "override": True},
        headers=bearer(WINDOW),
    )
    assert (second.status_code, second.json()["code"]) == (403, "needs_coordinator")
    assert second.json()["possible"]
