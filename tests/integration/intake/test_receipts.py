"""The code of a receipt: who is told it, what it opens, and how a lost one ends."""

from msgspec.structs import replace
from sqlalchemy import text

from contracts.access import Relation
from libraries.runtime.web.auth import Principal, Role
from services.intake.domain.receipts import code_of, is_code, plain_number
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_registration import a_submission
from tests.integration.web import bearer

__all__ = ["own_stage"]
WINDOW = WHO[Relation.WINDOW]
NOBODY = Principal(subject="status", role=Role.APPLICANT)


async def opened(stage: Stage, number: str, receipt: str) -> tuple[int, str]:
    reply = await stage.http.post(
        "/v1/receipts/open", json={"number": number, "receipt": receipt}, headers=bearer(NOBODY)
    )
    return reply.status_code, reply.json().get("case_id") or reply.json()["code"]


async def registered(stage: Stage, number: int, who: Principal = WINDOW) -> dict[str, str]:
    body = a_submission(number, category="education.student_aid")
    told: dict[str, str] = (await stage.http.post("/v1/cases", content=body, headers=bearer(who))).json()
    return told


async def test_the_window_is_told_a_code_that_opens_this_case_alone(own_stage: Stage) -> None:
    told, other = await registered(own_stage, 7), await registered(own_stage, 8)
    assert (await registered(own_stage, 7))["receipt"] == told["receipt"] != other["receipt"]
    assert await opened(own_stage, told["number"], told["receipt"]) == (200, told["case_id"])
    blurred = f" {told['number']} ".replace("-", "－"), told["receipt"].replace("-", "  ")
    assert await opened(own_stage, *blurred) == (200, told["case_id"])
    wrong = [(told["number"], other["receipt"]), (told["number"], ""), ("130722-20200101-00001-5", told["receipt"])]
    for number, receipt in (*wrong, ("nonsense", told["receipt"]), (told["case_id"], told["receipt"])):
        assert await opened(own_stage, number, receipt) == (403, "no_such_receipt")
    seen = await own_stage.http.get(f"/v1/cases/{told['number']}", headers=bearer(WINDOW))
    assert "receipt" not in seen.json()


async def test_whoever_registers_for_another_window_is_told_no_code(own_stage: Stage) -> None:
    await registered(own_stage, 7)
    again = await registered(own_stage, 7, WHO[Relation.AREA_WINDOW])
    assert "receipt" not in again


async def test_a_receipt_that_is_issued_again_ends_the_one_before_and_stands_on_record(own_stage: Stage) -> None:
    told = await registered(own_stage, 7)
    path = f"/v1/cases/{told['number']}"
    for relation, status in ((Relation.AREA_WINDOW, 403), (Relation.LEAD, 403), (Relation.STRANGER, 403)):
        reply = await own_stage.http.post(f"{path}/receipt", headers=bearer(WHO[relation]))
        assert reply.status_code == status, reply.text
    again = (await own_stage.http.post(f"{path}/receipt", json={}, headers=bearer(WINDOW))).json()
    assert await opened(own_stage, told["number"], told["receipt"]) == (403, "no_such_receipt")
    assert await opened(own_stage, told["number"], again["receipt"]) == (200, told["case_id"])
    assert (await registered(own_stage, 7))["receipt"] == again["receipt"]
    issues = (await own_stage.http.get(f"{path}/receipts", headers=bearer(WINDOW))).json()
    assert [(one["subject"], one["role"], one["office"]) for one in issues] == [("clerk-w", "clerk", WINDOW.office)]


async def test_a_case_whose_data_was_erased_has_no_receipt(own_stage: Stage) -> None:
    told = await registered(own_stage, 7)
    async with own_stage.engine.begin() as conn:
        await conn.execute(text("UPDATE cases SET fingerprint = '', wrapped_key = ''"))
    assert await opened(own_stage, told["number"], told["receipt"]) == (403, "no_such_receipt")
    reply = await own_stage.http.post(f"/v1/cases/{told['number']}/receipt", json={}, headers=bearer(WINDOW))
    assert reply.status_code == 410


async def test_an_applicant_rates_and_reopens_the_own_case_and_does_nothing_else(own_stage: Stage) -> None:
    told = await registered(own_stage, 7)
    own = bearer(replace(NOBODY, case=own_stage.case_id))
    path = f"/v1/cases/{own_stage.number}"
    for act in ("accept", "withdraw", "supplement"):
        assert (await own_stage.http.post(f"{path}/{act}", json={}, headers=own)).status_code in {403, 422}
    early = await own_stage.http.post(f"{path}/callback", json={"satisfied": True}, headers=own)
    assert (early.status_code, early.json()["code"]) == (409, "illegal_move")
    unheard = await own_stage.http.post(f"{path}/callback", json={"reached": False}, headers=own)
    assert (unheard.status_code, unheard.json()["code"]) == (403, "role_not_allowed")
    async with own_stage.engine.begin() as conn:
        await conn.execute(
            text("UPDATE cases SET state = 'resolved', resolved_at = now() WHERE case_id = :one"),
            {"one": own_stage.case_id},
        )
    rated = await own_stage.http.post(f"{path}/callback", json={"satisfied": True}, headers=own)
    assert (rated.status_code, rated.json()["state"]) == (200, "closed")
    again = await own_stage.http.post(f"{path}/reopen", json={"reason": "not_resolved"}, headers=own)
    assert again.status_code in {200, 422}
    foreign = await own_stage.http.post(f"/v1/cases/{told['number']}/reopen", json={"reason": "x"}, headers=own)
    assert foreign.status_code == 404
    story = (await own_stage.http.get(f"{path}/timeline", headers=own)).json()
    closed = next(one for one in story if one["type"] == "case.closed")
    assert (closed["who_zh"], closed["actor"]["role"]) == ("申请人", "applicant")


def test_codes_are_digits_in_groups_and_are_compared_as_people_write_them() -> None:
    assert code_of(b"\x00" * 32) == "0000-0000-0000"
    assert is_code("4821 0937-5562", "4821-0937-5562")
    assert is_code("４８２１　０９３７　５５６２", "4821-0937-5562")
    assert not is_code("4821-0937-5563", "4821-0937-5562")
    assert not is_code("四八二一", "4821-0937-5562")
    assert plain_number(" 130722–20260302－00017-7 ") == "130722-20260302-00017-7"
