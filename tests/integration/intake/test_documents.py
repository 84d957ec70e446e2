"""What the window hands out: issued with the act, read by who may, the same in each form, gone with the key."""

import io

import docx as python_docx
from pypdf import PdfReader
from sqlalchemy import text

from contracts.access import Relation
from libraries.policies import load_policy
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_registration import PACK, a_submission
from tests.integration.web import bearer

__all__ = ["own_stage"]
WINDOW, COORDINATOR = WHO[Relation.WINDOW], WHO[Relation.COORDINATOR]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def registered(stage: Stage, number: int = 7) -> str:
    body = a_submission(number, category="civil_affairs.temporary_aid", materials=[])
    reply = await stage.http.post("/v1/cases", content=body, headers=bearer(WINDOW))
    path: str = f"/v1/cases/{reply.json()['number']}"
    return path


async def kinds(stage: Stage, path: str) -> list[tuple[int, str]]:
    listed = (await stage.http.get(f"{path}/documents", headers=bearer(WINDOW))).json()
    return [(one["id"], one["kind"]) for one in listed]


async def test_registering_issues_a_receipt_once_that_says_what_the_record_says(own_stage: Stage) -> None:
    path = await registered(own_stage)
    assert await registered(own_stage) == path
    assert await kinds(own_stage, path) == [(1, "receipt")]
    case = (await own_stage.http.get(path, headers=bearer(WINDOW))).json()
    told = (await own_stage.http.get(f"{path}/documents/1", headers=bearer(WINDOW))).json()
    assert told["number"] == f"{case['number']}-文01"
    rows = {row["name"]: row["value"] for row in told["zh"]["rows"]}
    assert rows["文书编号"] == told["number"]
    assert rows["事项编号"] == case["number"]
    assert rows["事项"] == case["category_zh"]
    assert rows["属地"] == case["area_zh"]
    assert rows["首问窗口"] == case["first_contact_office_zh"]
    assert rows["下一步承办单位"] == case["answer_by"]["office_zh"]
    assert rows["下一步"] == case["answer_by"]["clock_zh"]
    assert case["answer_by"]["basis"]["source"].partition(" | ")[0] in rows["依据"]
    assert told["en"]["title"] == "Receipt"


async def test_every_form_shows_each_field_of_the_record(own_stage: Stage) -> None:
    path = f"{await registered(own_stage)}/documents/1"
    own = bearer(WINDOW)
    told = (await own_stage.http.get(path, headers=own)).json()
    for lang in ("zh", "en"):
        paper = told[lang]
        lines = [
            paper["title"],
            *(t for row in paper["rows"] for t in (row["name"], row["value"])),
            *paper["paragraphs"],
        ]
        found = await own_stage.http.get(f"{path}?format=pdf&lang={lang}", headers=own)
        assert found.headers["content-type"] == "application/pdf"
        assert found.headers["content-language"] == {"zh": "zh-CN", "en": "en"}[lang]
        read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(found.content)).pages)
        assert "".join(read.split()) == "".join("".join(lines).split())
        found = await own_stage.http.get(f"{path}?lang={lang}", headers={**own, "accept": DOCX})
        assert found.headers["content-type"] == DOCX
        assert "attachment" in found.headers["content-disposition"]
        opened = python_docx.Document(io.BytesIO(found.content))
        cells = [cell.text for row in opened.tables[0].rows for cell in row.cells]
        paragraphs = [one.text for one in opened.paragraphs if one.text]
        assert [paragraphs[0], *cells, *paragraphs[1:]] == lines
        page = await own_stage.http.get(f"{path}?lang={lang}", headers={**own, "accept": "text/html"})
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert paper["title"] in page.text


async def test_a_one_time_notice_names_everything_and_a_second_one_needs_the_coordinator(own_stage: Stage) -> None:
    path = await registered(own_stage)
    body: dict[str, object] = {"missing": ["household_register"]}
    reply = await own_stage.http.post(f"{path}/request-supplement", json=body, headers=bearer(WINDOW))
    assert reply.status_code == 200, reply.text
    names = {one.code: one.zh for each in load_policy(PACK).categories.values() for one in each.materials}
    told = (await own_stage.http.get(f"{path}/documents/2", headers=bearer(WINDOW))).json()
    rows = {row["name"]: row["value"] for row in told["zh"]["rows"]}
    assert told["kind"] == "notice"
    assert rows["需补正的材料"].split("、") == [names[code] for code in reply.json()["missing"]]
    await own_stage.http.post(f"{path}/supplement", json={"materials": ["identity_card"]}, headers=bearer(WINDOW))
    again = await own_stage.http.post(f"{path}/request-supplement", json={}, headers=bearer(WINDOW))
    assert (again.status_code, again.json()["code"]) == (409, "notice_already_given")
    assert await kinds(own_stage, path) == [(1, "receipt"), (2, "notice")]
    body = {"override": True}
    again = await own_stage.http.post(f"{path}/request-supplement", json=body, headers=bearer(COORDINATOR))
    assert again.status_code == 200, again.text
    assert await kinds(own_stage, path) == [(1, "receipt"), (2, "notice"), (3, "notice")]


async def test_a_decline_says_why_and_where_to_go(own_stage: Stage) -> None:
    path = await registered(own_stage)
    policy = load_policy(PACK)
    reason = next(one for one in policy.reasons.values() if "decline" in one.uses)
    office = policy.offices["education-130722000000"]
    body = {"reason": reason.code, "go_to": office.code}
    reply = await own_stage.http.post(f"{path}/decline", json=body, headers=bearer(WINDOW))
    assert reply.status_code == 200, reply.text
    told = (await own_stage.http.get(f"{path}/documents/2", headers=bearer(WINDOW))).json()
    rows = {row["name"]: row["value"] for row in told["zh"]["rows"]}
    assert (rows["不予受理的理由"], rows["可向其提出"]) == (reason.zh, office.zh)


async def test_who_may_read_the_part_may_read_the_document(own_stage: Stage) -> None:
    path = f"/v1/cases/{own_stage.number}"
    listed = await own_stage.asks(WHO[Relation.APPLICANT], "/documents")
    assert [one["kind"] for one in listed.json()] == ["receipt"]
    assert (await own_stage.asks(WHO[Relation.STRANGER], "/documents")).status_code == 404
    assert (await own_stage.asks(WHO[Relation.STRANGER], "/documents/1")).status_code == 404
    notice = await registered(own_stage)
    await own_stage.http.post(f"{notice}/request-supplement", json={}, headers=bearer(WINDOW))
    other = bearer(WHO[Relation.AREA_WINDOW])
    assert [one["id"] for one in (await own_stage.http.get(f"{notice}/documents", headers=other)).json()] == [1]
    assert (await own_stage.http.get(f"{notice}/documents/2", headers=other)).status_code == 403
    for serial in ("0", "2", "999999999999999999999", "-1", "x"):
        reply = await own_stage.http.get(f"{path}/documents/{serial}", headers=bearer(WINDOW))
        assert reply.status_code in {400, 404}, (serial, reply.text)


async def test_destroying_the_key_makes_documents_unreadable(own_stage: Stage) -> None:
    path = await registered(own_stage)
    async with own_stage.engine.begin() as conn:
        sealed = (await conn.execute(text("SELECT sealed FROM documents"))).scalars().all()
        assert not any("回执".encode() in bytes(one) for one in sealed)
        await conn.execute(text("UPDATE cases SET fingerprint = '', wrapped_key = ''"))
    assert await kinds(own_stage, path) == [(1, "receipt")]
    for form in ("json", "html", "pdf", "docx"):
        reply = await own_stage.http.get(f"{path}/documents/1?format={form}", headers=bearer(WINDOW))
        assert (reply.status_code, reply.json()["code"]) == (410, "erased")
