"""Submitted once, never asked again: files of earlier cases at intake's doors, and who learns what of them."""

import asyncio
import json
from base64 import b64encode
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from contracts.access import Relation
from libraries.policies import load_policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import Principal
from services.intake.attachments.keeping import PART
from services.intake.attachments.tus import MEDIA_TYPE
from services.intake.erasing import erase
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_merging import merged, registered, story
from tests.integration.intake.test_people import ELSEWHERE
from tests.integration.intake.test_registration import NOW, PACK
from tests.integration.web import bearer
from tests.pictures import jpeg, pdf

__all__ = ["own_stage"]
WINDOW = WHO[Relation.WINDOW]
PERSON = {"name": "钱示例", "phone": "0313-0000001"}
AID, MEANS = "civil_affairs.temporary_aid", "civil_affairs.subsistence_allowance"
CARD, REGISTER = "identity_card", "household_register"
LONG = pdf(2 * PART + 77)


async def a_case(stage: Stage, number: int, category: str = MEANS, **changes: Any) -> dict[str, Any]:
    attributes = {"urgent": False} if category == AID else {}
    return await registered(
        stage, number, **{"category": category, "attributes": attributes, "applicant": PERSON, **changes}
    )


async def attach(stage: Stage, key: str, content: bytes, name: str, material: str, who: Principal = WINDOW) -> Any:
    pairs = {"filename": name, "material": material}
    told = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())
    sent = {"tus-resumable": "1.0.0", "upload-length": str(len(content)), "upload-metadata": told}
    headers = bearer(who) | sent | {"content-type": MEDIA_TYPE}
    return await stage.http.post(f"/v1/cases/{key}/attachments", headers=headers, content=content)


async def on_file(stage: Stage, key: str, who: Principal = WINDOW) -> dict[str, Any]:
    reply = await stage.http.get(f"/v1/cases/{key}/on-file", headers=bearer(who))
    assert reply.status_code == 200, reply.text
    return {one["code"]: one for one in reply.json()["materials"]}


async def take(stage: Stage, key: str, *files: str, who: Principal = WINDOW, **headers: str) -> Any:
    body = {"attachments": files, "consent": "in_person"}
    return await stage.http.post(f"/v1/cases/{key}/take-overs", json=body, headers=bearer(who) | headers)


async def seen(stage: Stage, key: str, path: str = "", who: Principal = WINDOW) -> Any:
    return (await stage.http.get(f"/v1/cases/{key}{path}", headers=bearer(who))).json()


def wrong(reply: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in reply.json()["errors"]]


async def rows(stage: Stage, statement: str) -> list[Any]:
    async with stage.engine.connect() as conn:
        return list((await conn.execute(text(statement))).all())


async def earlier(stage: Stage, number: int = 7, **changes: Any) -> tuple[str, str, str]:
    """The number of a case, and its two files."""
    told = await a_case(stage, number, **changes)
    card = await attach(stage, told["number"], jpeg(), "身份证.jpg", CARD)
    register = await attach(stage, told["number"], LONG, "户口簿.pdf", REGISTER)
    assert (card.status_code, register.status_code) == (201, 201), (card.text, register.text)
    assert card.json()["material_zh"] == "居民身份证"
    return told["number"], card.json()["id"], register.json()["id"]


async def erased(stage: Stage, number: str) -> None:
    policy = load_policy(PACK)
    async with transaction(stage.engine) as conn:
        case_id = await conn.scalar(text("SELECT case_id FROM cases WHERE number = :number"), {"number": number})
        over = "UPDATE cases SET state = 'withdrawn' WHERE number = :number AND state <> 'merged'"
        await conn.execute(text(over), {"number": number})
        await erase(case_id, conn, policy, reason="erasure_request", at=NOW, by="test")


async def test_what_was_handed_in_once_serves_again_with_the_consent(own_stage: Stage) -> None:
    first, card, register = await earlier(own_stage)
    second = (await a_case(own_stage, 8, materials=["check_consent"]))["number"]
    offered = await on_file(own_stage, second)
    assert {code: one["status"] for code, one in offered.items()} == {
        REGISTER: "on_file",
        CARD: "on_file",
        "check_consent": "here",
    }
    (one,) = offered[REGISTER]["files"]
    assert (one["attachment_id"], one["number"], one["usable"], one["code"]) == (register, first, True, None)
    assert one["valid_until"][:4] == str(int(one["handed_in_at"][:4]) + 1)
    assert "按政策可沿用1年，至" in one["why_zh"]
    assert "户口簿.pdf" not in json.dumps(offered, ensure_ascii=False), "no name before it is taken over"
    reply = await take(own_stage, second, card, register)
    assert reply.status_code == 201, reply.text
    taken = reply.json()
    assert (taken["consent"], taken["office"], len(taken["attachments"])) == ("in_person", WINDOW.office, 2)
    listed = {one["material"]: one for one in await seen(own_stage, second, "/attachments")}
    assert (listed[REGISTER]["name"], listed[REGISTER]["taken_over"]) == ("户口簿.pdf", True)
    assert listed[REGISTER]["handed_in_at"] == one["handed_in_at"], "the day on which it was brought first"
    content = await own_stage.http.get(
        f"/v1/cases/{second}/attachments/{listed[REGISTER]['id']}", headers=bearer(WINDOW)
    )
    assert content.content == LONG
    assert listed[CARD]["thumbnail"]
    case = await seen(own_stage, second)
    assert (case["state"], case["missing"]) == ("accepted", [])
    assert [line for line in await story(own_stage, second) if "沿用" in line] == [
        "沿用以前提交的材料：居民身份证、户口簿（当面同意）"
    ]
    assert {one["status"] for one in (await on_file(own_stage, second)).values()} == {"here"}
    again = await take(own_stage, second, card)
    assert (again.status_code, wrong(again)) == (422, [("attachments[0]", "file_is_here")])
    reads = await seen(own_stage, first, "/reads", WHO[Relation.COORDINATOR])
    assert sorted(one["attachment_id"] for one in reads if one["part"] == "attachments") == sorted([card, register])
    noted = await rows(own_stage, "SELECT what FROM audit_entries WHERE kind = 'read' AND what = 'on_file'")
    assert len(noted) == 4, "each look, at both cases"


async def test_a_window_learns_of_a_file_elsewhere_that_it_exists_and_no_more(own_stage: Stage) -> None:
    told = await a_case(own_stage, 7, who=ELSEWHERE, area="130722101")
    far = await attach(own_stage, told["number"], jpeg(), "身份证.jpg", CARD, ELSEWHERE)
    assert far.status_code == 201, far.text
    second = (await a_case(own_stage, 8, AID))["number"]
    (one,) = (await on_file(own_stage, second))[CARD]["files"]
    assert (one["attachment_id"], one["number"], one["usable"]) == (far.json()["id"], None, True)
    assert (await own_stage.http.get(f"/v1/cases/{told['number']}", headers=bearer(WINDOW))).status_code == 404
    assert (await take(own_stage, second, far.json()["id"])).status_code == 201
    (copy,) = await seen(own_stage, second, "/attachments")
    assert copy["name"] == "身份证.jpg"
    for relation, status in ((Relation.STRANGER, 403), (Relation.OPS, 403), (Relation.LEAD, 403)):
        reply = await own_stage.http.get(f"/v1/cases/{second}/on-file", headers=bearer(WHO[relation]))
        assert reply.status_code == status, relation
    assert (await own_stage.http.get(f"/v1/cases/{second}/on-file", headers=bearer(ELSEWHERE))).status_code == 404
    assistant = await on_file(own_stage, second, WHO[Relation.ASSISTANT])
    assert assistant[CARD]["status"] == "here"


async def test_what_cannot_serve_is_refused_and_nothing_is_half_done(own_stage: Stage) -> None:
    first, card, register = await earlier(own_stage)
    other = await earlier(own_stage, 9, applicant=PERSON | {"name": "孙示例"})
    second = (await a_case(own_stage, 8))["number"]
    reply = await take(own_stage, second, card, other[1], str(uuid4()))
    assert (reply.status_code, wrong(reply)) == (
        422,
        [("attachments[1]", "not_on_file"), ("attachments[2]", "not_on_file")],
    )
    async with transaction(own_stage.engine) as conn:
        await conn.execute(text("UPDATE attachments SET added_at = added_at - interval '370 days'"))
    reply = await take(own_stage, second, register)
    assert wrong(reply) == [("attachments[0]", "material_expired")]
    assert (await on_file(own_stage, second))[REGISTER]["status"] == "missing"
    third = (await a_case(own_stage, 10))["number"]
    assert (await merged(own_stage, third, first)).status_code == 200
    assert wrong(await take(own_stage, second, card)) == [("attachments[0]", "file_of_merged")]
    await erased(own_stage, first)
    assert (await on_file(own_stage, second))[CARD]["files"] == []
    assert wrong(await take(own_stage, second, card)) == [("attachments[0]", "not_on_file")]
    assert await seen(own_stage, second, "/attachments") == []
    assert await rows(own_stage, "SELECT 1 FROM take_overs") == []
    bad = await attach(own_stage, second, jpeg(), "a.jpg", "medical_invoices")
    assert (bad.status_code, wrong(bad)) == (422, [("Upload-Metadata", "unlisted_material")])
    body: dict[str, Any]
    for body, expected in (
        ({"attachments": [], "consent": "in_person"}, 422),
        ({"attachments": [card], "consent": "silence"}, 422),
        ({"attachments": [card]}, 422),
        ({"attachments": [card] * 11, "consent": "written"}, 422),
        ({"attachments": [card], "consent": "written", "reason": "x"}, 422),
    ):
        reply = await own_stage.http.post(f"/v1/cases/{second}/take-overs", json=body, headers=bearer(WINDOW))
        assert reply.status_code == expected, body


async def test_a_withdrawn_consent_takes_the_copies_and_leaves_the_originals(own_stage: Stage) -> None:
    first, card, register = await earlier(own_stage)
    second = (await a_case(own_stage, 8, materials=[CARD]))["number"]
    taken = (await take(own_stage, second, card, register)).json()
    path = f"/v1/cases/{second}/take-overs/{taken['take_over_id']}/withdraw"
    strange = await own_stage.http.post(path, headers=bearer(ELSEWHERE))
    assert strange.status_code == 404
    reply = await own_stage.http.post(path, headers=bearer(WINDOW))
    assert reply.status_code == 200, reply.text
    assert reply.json()["attachments"] == []
    assert reply.json()["withdrawn_at"]
    assert await seen(own_stage, second, "/attachments") == []
    assert (await seen(own_stage, second))["missing"] == [REGISTER, "check_consent"], "the card came on paper, too"
    assert len(await seen(own_stage, first, "/attachments")) == 2
    assert (await story(own_stage, second))[-1] == "撤回沿用材料的同意：户口簿"
    again = await own_stage.http.post(path, headers=bearer(WINDOW))
    assert (again.status_code, again.json()["code"]) == (409, "take_over_gone")
    assert (await take(own_stage, second, register)).status_code == 201, "if the applicant agrees again"


async def test_erasing_one_case_leaves_the_other_what_it_has_and_erasing_it_takes_that(own_stage: Stage) -> None:
    first, card, _ = await earlier(own_stage)
    second = (await a_case(own_stage, 8, AID))["number"]
    copy = (await take(own_stage, second, card)).json()["attachments"][0]
    await erased(own_stage, first)
    path = f"/v1/cases/{second}/attachments/{copy}"
    assert (await own_stage.http.get(path, headers=bearer(WINDOW))).content == jpeg()
    await erased(own_stage, second)
    assert (await own_stage.http.get(path, headers=bearer(WINDOW))).status_code == 410
    states = await rows(own_stage, "SELECT state FROM attachments WHERE taken_from IS NOT NULL")
    assert [one.state for one in states] == ["dropped"]


async def test_of_two_at_the_same_time_one_takes_it(own_stage: Stage) -> None:
    _, card, _ = await earlier(own_stage)
    second = (await a_case(own_stage, 8, AID))["number"]
    replies = await asyncio.gather(*(take(own_stage, second, card) for _ in range(4)))
    assert sorted(one.status_code for one in replies) == [201, 422, 422, 422]
    assert len(await seen(own_stage, second, "/attachments")) == 1
    assert len(await rows(own_stage, "SELECT 1 FROM take_overs")) == 1


async def test_a_retry_with_its_key_is_answered_again_and_a_stale_view_is_refused(own_stage: Stage) -> None:
    _, card, _ = await earlier(own_stage)
    second = (await a_case(own_stage, 8, AID))["number"]
    stale = await take(own_stage, second, card, **{"if-match": '"1"'})
    assert stale.status_code == 412
    one, two = [await take(own_stage, second, card, **{"idempotency-key": '"k-1"'}) for _ in range(2)]
    assert (one.status_code, two.status_code) == (201, 201), two.text
    assert one.json()["take_over_id"] == two.json()["take_over_id"]
