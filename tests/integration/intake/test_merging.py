"""Duplicates are merged over HTTP, all or none; their receipts open the case that goes on; a wrong merge is undone."""

from typing import Any

from contracts.access import Relation
from libraries.runtime.web.auth import Principal, Role
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_receipts import opened
from tests.integration.intake.test_registration import a_submission
from tests.integration.web import bearer

__all__ = ["own_stage"]
WINDOW = WHO[Relation.WINDOW]
FAR = Principal(subject="clerk-far", role=Role.CLERK, office="township-130723100000", area="130723100000")


async def registered(stage: Stage, number: int, who: Principal | None = None, **changes: object) -> dict[str, Any]:
    body = a_submission(number, **changes)
    told: dict[str, Any] = (await stage.http.post("/v1/cases", content=body, headers=bearer(who or WINDOW))).json()
    return told


async def merged(stage: Stage, into: str, *duplicates: str, who: Principal = WINDOW, **headers: str) -> Any:
    path, body = f"/v1/cases/{into}/merge", {"duplicates": duplicates}
    return await stage.http.post(path, json=body, headers=bearer(who) | headers)


async def story(stage: Stage, number: str) -> list[str]:
    entries = (await stage.http.get(f"/v1/cases/{number}/timeline", headers=bearer(WINDOW))).json()
    return [entry["zh"] for entry in entries]


async def test_duplicates_go_on_in_one_case(own_stage: Stage) -> None:
    first, second, third = [await registered(own_stage, number) for number in (7, 8, 9)]
    done = await merged(own_stage, first["number"], second["number"], third["case_id"])
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["applicant_untold"]) == ("accepted", ["merge"])
    for one in (second, third):
        seen = (await own_stage.http.get(f"/v1/cases/{one['number']}", headers=bearer(WINDOW))).json()
        assert (seen["state"], seen["merged_into"], seen["answer_by"]) == ("merged", first["case_id"], None)
        assert (await story(own_stage, one["number"]))[-1] == f"并入 {first['number']} 一并办理"
        assert await opened(own_stage, one["number"], one["receipt"]) == (200, first["case_id"])
    assert [line for line in await story(own_stage, first["number"]) if "并入本件" in line] == [
        f"重复件 {one['number']} 并入本件" for one in (second, third)
    ]


async def test_one_that_cannot_be_merged_keeps_all_as_they_were(own_stage: Stage) -> None:
    first, second = [await registered(own_stage, number) for number in (7, 8)]
    other = await registered(own_stage, 9, applicant={"name": "李示例", "phone": "000-1111111"})
    reply = await merged(own_stage, first["number"], second["number"], other["number"], first["case_id"])
    assert reply.status_code == 409, reply.text
    named = [(error["field"], error["code"]) for error in reply.json()["errors"]]
    assert named == [("duplicates[1]", "other_applicant"), ("duplicates[2]", "itself")]
    assert other["number"] in reply.json()["errors"][0]["detail"]
    for one in (first, second, other):
        seen = (await own_stage.http.get(f"/v1/cases/{one['number']}", headers=bearer(WINDOW))).json()
        assert (seen["state"], seen["merged_into"]) == ("accepted", None)


async def test_what_is_not_ones_own_is_like_what_there_is_not(own_stage: Stage) -> None:
    first, second = [await registered(own_stage, number) for number in (7, 8)]
    for key in ("130722-20260302-99999-9", "nonsense", "00000000-0000-0000-0000-000000000000"):
        reply = await merged(own_stage, first["number"], key)
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "no_such_case")
    assert (await merged(own_stage, first["number"], second["number"], who=FAR)).status_code == 404
    for body in ({}, {"duplicates": []}, {"duplicates": [second["number"]], "into": 1}, {"duplicates": "x"}):
        path = f"/v1/cases/{first['number']}/merge"
        assert (await own_stage.http.post(path, json=body, headers=bearer(WINDOW))).status_code in {400, 422}
    officer = await merged(own_stage, first["number"], second["number"], who=WHO[Relation.LEAD])
    assert officer.status_code == 403


async def test_a_merge_is_done_on_what_was_seen(own_stage: Stage) -> None:
    first, second = [await registered(own_stage, number) for number in (7, 8)]
    stale = await merged(own_stage, first["number"], second["number"], **{"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


async def test_a_wrong_merge_is_undone(own_stage: Stage) -> None:
    first, second = [await registered(own_stage, number) for number in (7, 8)]
    path = f"/v1/cases/{second['number']}"
    assert (await own_stage.http.post(f"{path}/unmerge", headers=bearer(WINDOW))).status_code == 409
    await merged(own_stage, first["number"], second["number"])
    undone = await own_stage.http.post(f"{path}/unmerge", headers=bearer(WINDOW))
    assert undone.status_code == 200, undone.text
    assert (undone.json()["state"], undone.json()["merged_into"]) == ("accepted", None)
    assert undone.json()["accepted_at"] == second["accepted_at"]
    assert await opened(own_stage, second["number"], second["receipt"]) == (200, second["case_id"])
    assert (await story(own_stage, first["number"]))[-1] == f"{second['number']} 不再并入本件"


async def test_a_chain_of_merges_leads_to_its_end(own_stage: Stage) -> None:
    first, second, third = [await registered(own_stage, number) for number in (7, 8, 9)]
    await merged(own_stage, second["number"], third["number"])
    await merged(own_stage, first["number"], second["number"])
    assert await opened(own_stage, third["number"], third["receipt"]) == (200, first["case_id"])
