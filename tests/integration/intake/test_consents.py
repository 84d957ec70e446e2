"""Who hands a matter in for somebody says how they agreed, and it stands on record."""

from typing import Any

from contracts.access import Relation
from libraries.runtime.web.auth import Principal, Role
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_registration import a_submission
from tests.integration.web import bearer

__all__ = ["own_stage"]
ASSISTANT = Principal(subject="assistant-v", role=Role.ASSISTANT, area="130722100201")
OTHER = Principal(subject="assistant-w", role=Role.ASSISTANT, area="130722100202")
VILLAGE = {"area": "130722100201", "category": "education.student_aid"}


async def test_an_assistant_registers_for_the_own_village_with_consent(own_stage: Stage) -> None:
    async def sends(number: int, **more: str) -> tuple[int, Any]:
        body = a_submission(number, **{**VILLAGE, **more})
        reply = await own_stage.http.post("/v1/cases", content=body, headers=bearer(ASSISTANT))
        return reply.status_code, reply.json()

    status, refused = await sends(7)
    assert (status, refused["code"], refused["errors"][0]["field"]) == (422, "missing", "consent")
    assert (await sends(7, consent="because"))[0] == 422
    status, refused = await sends(7, consent="written", area="130722100202")
    assert (status, refused["code"]) == (403, "not_your_area")
    status, told = await sends(7, consent="written")
    assert status == 201
    assert "receipt" in told
    assert told["first_contact_office"] == "township-130722100000"
    assert (await sends(7, consent="written"))[0] == 200
    path = f"/v1/cases/{told['number']}/consent"
    for who in (ASSISTANT, WHO[Relation.WINDOW], WHO[Relation.COORDINATOR]):
        (consent,) = (await own_stage.http.get(path, headers=bearer(who))).json()
        assert (consent["consent"], consent["subject"], consent["role"]) == ("written", "assistant-v", "assistant")
    stranger = await own_stage.http.get(path, headers=bearer(OTHER))
    assert stranger.status_code == 404


async def test_a_window_may_say_it_and_needs_not(own_stage: Stage) -> None:
    window = bearer(WHO[Relation.WINDOW])
    for number, consent in ((7, None), (8, "by_phone")):
        body = a_submission(number, **VILLAGE, **({"consent": consent} if consent else {}))
        told = (await own_stage.http.post("/v1/cases", content=body, headers=window)).json()
        found = (await own_stage.http.get(f"/v1/cases/{told['number']}/consent", headers=window)).json()
        assert [one["consent"] for one in found] == ([consent] if consent else [])


async def test_an_assistant_brings_material_and_does_nothing_else(own_stage: Stage) -> None:
    body = a_submission(7, **{**VILLAGE, "category": "civil_affairs.temporary_aid"}, consent="in_person", materials=[])
    told = (await own_stage.http.post("/v1/cases", content=body, headers=bearer(ASSISTANT))).json()
    path = f"/v1/cases/{told['number']}"
    for act in ("accept", "decline", "withdraw", "callback", "reopen", "request-supplement"):
        reply = await own_stage.http.post(f"{path}/{act}", json={}, headers=bearer(ASSISTANT))
        assert reply.status_code in {403, 422}, act
    given = {"materials": ["identity_card"]}
    reply = await own_stage.http.post(f"{path}/supplement", json=given, headers=bearer(ASSISTANT))
    assert (reply.status_code, reply.json()["materials"]) == (200, ["identity_card"])
    story = (await own_stage.http.get(f"{path}/timeline", headers=bearer(ASSISTANT))).json()
    brought = next(one for one in story if one["type"] == "case.supplemented")
    assert (brought["actor"]["role"], brought["actor"]["office"]) == ("assistant", "township-130722100000")
