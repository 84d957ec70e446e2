"""What the window hands out: issued with the act, read by who may, the same in each form, gone with the key."""

import io
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import docx as python_docx
import pytest
from pypdf import PdfReader
from sqlalchemy import text

from contracts.access import Relation
from contracts.clocks import ClockExtended, ClockStarted
from contracts.codes import ClockKind, SupervisionLevel
from contracts.events.alerts import SupervisionSupervised
from contracts.events.referrals import ReferralExtended
from libraries.policies import load_policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka.records import Incoming, Reader, Record, read_record
from services.intake.domain.documents import moment
from tests.integration.intake import fake_events
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
    await reads_the_same(own_stage, f"{await registered(own_stage)}/documents/1")


async def reads_the_same(own_stage: Stage, path: str) -> None:
    """In each form and language, read by readers that are not ours."""
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
    assert [one["kind"] for one in listed.json()] == ["receipt", *["referral_letter"] * 3]
    assert [one["id"] for one in (await own_stage.asks(WHO[Relation.LEAD], "/documents")).json()] == [1, 2, 3, 4]
    for who, letter in ((Relation.FORMER, 2), (Relation.CO_HANDLER, 4)):
        listed = await own_stage.asks(WHO[who], "/documents")
        assert [one["id"] for one in listed.json()] == [1, letter]
        assert (await own_stage.asks(WHO[who], f"/documents/{letter}")).status_code == 200
        assert (await own_stage.asks(WHO[who], "/documents/3")).status_code == 403
    assert (await own_stage.asks(WHO[Relation.STRANGER], "/documents")).status_code == 404
    assert (await own_stage.asks(WHO[Relation.STRANGER], "/documents/1")).status_code == 404
    notice = await registered(own_stage)
    await own_stage.http.post(f"{notice}/request-supplement", json={}, headers=bearer(WINDOW))
    other = bearer(WHO[Relation.AREA_WINDOW])
    assert [one["id"] for one in (await own_stage.http.get(f"{notice}/documents", headers=other)).json()] == [1]
    assert (await own_stage.http.get(f"{notice}/documents/2", headers=other)).status_code == 403
    for serial in ("0", "99", "999999999999999999999", "-1", "x"):
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


async def a_life(stage: Stage, number: int = 8) -> tuple[str, UUID, UUID, list[tuple[Reader, list[Record]]]]:
    """A case that was sent, is late, got more time and is solved; and the records that said so."""
    reply = await stage.http.post("/v1/cases", content=a_submission(number), headers=bearer(WINDOW))
    case_id, lead = UUID(reply.json()["case_id"]), uuid4()
    first = fake_events.clock(lead, change=ClockStarted)
    more = {"added": "10wd", "approver": "unit_head", "reason": "complex", "extensions": ("10wd",)}
    longer = fake_events.clock(lead, version=2, change=ClockExtended, due_at=fake_events.DUE + timedelta(14), **more)
    sent = [fake_events.dispatched(case_id, lead, clocks=(first,))]
    sent.append(fake_events.referral_event(ReferralExtended, case_id, lead, clocks=(longer,)))
    late = SupervisionSupervised(
        case_id=case_id,
        clock_id=longer.clock_id,
        office=fake_events.OFFICE,
        area="130722100000",
        level=SupervisionLevel.SUPERVISED,
        recipients=(fake_events.OFFICE, fake_events.DECIDER),
        at=fake_events.DUE + timedelta(15),
        kind=ClockKind.HANDLING,
        due_at=longer.due_at,
    )
    readers = stage.readers
    told = [
        (readers.referrals, readers.routing.records(sent)),
        (readers.alerts, readers.notify.records([late])),
        (readers.referrals, readers.routing.records([fake_events.completed(case_id, lead)])),
    ]
    return f"/v1/cases/{reply.json()['number']}", case_id, lead, told


async def test_what_routing_and_notify_say_is_issued_once_as_the_record_says_it(own_stage: Stage) -> None:
    path, _, _, told = await a_life(own_stage)
    for reader, records in [*told, *told]:
        await own_stage.readers.reads(reader, records)
    assert await kinds(own_stage, path) == list(
        enumerate(["receipt", "referral_letter", "extension", "supervision_letter", "result"], 1)
    )
    case = (await own_stage.http.get(path, headers=bearer(WINDOW))).json()
    policy = load_policy(PACK)
    office, decider = policy.offices[fake_events.OFFICE].zh, policy.offices[fake_events.DECIDER].zh
    day = partial(moment, calendar=policy.calendar)
    due, longer = day(fake_events.DUE)[0], day(fake_events.DUE + timedelta(14))[0]
    common = {
        "事项编号": case["number"],
        "事项": case["category_zh"],
        "属地": case["area_zh"],
        "首问窗口": case["first_contact_office_zh"],
    }
    expected: dict[int, dict[str, str]] = {
        2: {"承办单位": office, "承办方式": "主办", "办理期限": due, "转办时间": day(fake_events.AT)[0]},
        3: {
            "下一步承办单位": office,
            "原办理期限": due,
            "办理期限": longer,
            "延长": "10个工作日",
            "时限": "15个工作日加10个工作日",
            "批准人": policy.approvers["unit_head"].zh,
            "延期理由": policy.reasons["complex"].zh,
        },
        4: {
            "被督办单位": office,
            "督办级别": "督办",
            "督办环节": "办理时限",
            "原定期限": longer,
            "抄送": decider,
        },
        5: {"承办单位": office, "办理结果": "已办结", "办结时间": day(datetime.fromisoformat(case["resolved_at"]))[0]},
    }
    expected[5]["可申请重新办理至"] = day(datetime.fromisoformat(case["reopen_until"]))[0]
    for serial, facts in expected.items():
        paper = (await own_stage.http.get(f"{path}/documents/{serial}", headers=bearer(WINDOW))).json()
        rows = {row["name"]: row["value"] for row in paper["zh"]["rows"]}
        wanted = common | facts | {"文书编号": f"{case['number']}-文{serial:02d}"}
        assert {name: rows[name] for name in wanted} == wanted
        await reads_the_same(own_stage, f"{path}/documents/{serial}")


async def test_a_batch_that_dies_has_issued_nothing_and_an_erased_case_gets_no_paper(own_stage: Stage) -> None:
    path, case_id, _, told = await a_life(own_stage)
    reader, records = told[0]
    batch = [one for record in records if isinstance(one := read_record(reader, record), Incoming)]

    async def dies() -> None:
        async with transaction(own_stage.engine) as conn:
            await reader.handle(batch, conn)
            found = await conn.execute(text("SELECT count(*) FROM documents WHERE case_id = :id"), {"id": case_id})
            assert found.scalar_one() == 3
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await dies()
    assert await kinds(own_stage, path) == [(1, "receipt")]
    async with own_stage.engine.begin() as conn:
        await conn.execute(text("UPDATE cases SET fingerprint = '', wrapped_key = ''"))
    for reader, records in told:
        await own_stage.readers.reads(reader, records)
    assert await kinds(own_stage, path) == [(1, "receipt")]
