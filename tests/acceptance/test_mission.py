"""What the city asked for, row by row of its opinion on grassroots civil-affairs services: by public doors only."""

import hashlib
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pypdf import PdfReader

from console.topics import DEFAULT_POLICY
from contracts.codes import Field
from libraries.policies import load_policy
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.integration.intake.test_registration import a_submission
from tests.ledgers import HEADING, a_row, as_csv, as_xlsx
from tests.pictures import jpeg, pdf

pytestmark = pytest.mark.engines

ZHANGBEI, KANGBAO = "130722000000", "130723000000"
ONE_OF_EACH = {
    Field.EDUCATION: ("education.school_placement", "education"),
    Field.HEALTH: ("health.public_health", "health"),
    Field.SOCIAL_SECURITY: ("social_security.personal_registration", "social_security"),
    Field.HOUSING: ("housing.property_dispute", "housing"),
    Field.EMPLOYMENT: ("employment.training_subsidy", "employment"),
    Field.PETITION: ("petition.suggestion", "petition"),
}


@pytest.fixture(scope="module")
async def city(postgres: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    name = f"mission_{uuid4().hex[:8]}"
    await run(postgres, f"CREATE DATABASE {name}")
    folder: Path = tmp_path_factory.mktemp("mission")
    policy = load_policy(DEFAULT_POLICY)
    offices = [o.code for o in policy.offices.values() if o.area == ZHANGBEI and "kafka" in o.channels]
    async with installed(f"{postgres.rpartition('/')[0]}/{name}", kafka, folder, offices=offices) as installation:
        yield installation
    await run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


async def run(postgres: str, statement: str) -> None:
    conn = await asyncpg.connect(postgres)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def registered(window: httpx.AsyncClient, **changes: object) -> dict[str, Any]:
    body = a_submission(1, **{"source": f"mission-{uuid4().hex[:12]}", **changes})
    reply = await window.post("/v1/cases", content=body)
    assert reply.status_code == 201, reply.text
    told: dict[str, Any] = reply.json()
    return told


async def referrals(city: Installation, case: dict[str, Any], number: int = 1) -> list[dict[str, Any]]:
    """All referrals of a case, once there are so many."""

    async def enough() -> list[dict[str, Any]]:
        async with city.client("routing", Role.COORDINATOR) as coordinator:
            found: list[dict[str, Any]] = []
            cursor: dict[str, str] = {}
            while True:
                page = (await coordinator.get("/v1/referrals", params={"limit": 200, **cursor})).json()
                found += [item for item in page["items"] if item["number"] == case["number"]]
                if not page["next"]:
                    return found if len(found) >= number else []
                cursor = {"cursor": page["next"]}

    answer: list[dict[str, Any]] = await until("the case is referred", enough)
    return answer


async def answers(city: Installation, referral: dict[str, Any], *actions: str, **body: object) -> httpx.Response:
    async with city.client("routing", Role.OFFICER, office=referral["office"]) as office:
        for action in actions:
            reply = await office.post(f"/v1/referrals/{referral['referral_id']}/{action}", json=body)
    return reply


async def becomes(window: httpx.AsyncClient, case: dict[str, Any], state: str) -> dict[str, Any]:
    async def there() -> Any:
        told = (await window.get(f"/v1/cases/{case['number']}")).json()
        return told if told["state"] == state else None

    answer: dict[str, Any] = await until(f"the case is {state}", there)
    return answer


async def test_row_1_any_window_takes_any_matter_for_any_area(city: Installation) -> None:
    """一门受理、协同办理."""
    async with city.client("intake", Role.CLERK, office="township-130723100000") as window:
        case = await registered(window, area="130722101", category="housing.property_dispute")
    assert case["first_contact_office"] == "township-130723100000"
    found = await referrals(city, case, 2)
    assert {(one["role"], one["office"]) for one in found} == {
        ("lead", "housing-130722000000"),
        ("co", "justice-130722000000"),
    }


@pytest.mark.parametrize("field", ONE_OF_EACH)
async def test_row_2_six_fields_are_referred(city: Installation, field: Field) -> None:
    """教育、卫计、社保、住房、就业、信访."""
    category, role = ONE_OF_EACH[field]
    async with city.client("intake", Role.CLERK) as window:
        case = await registered(window, category=category)
    found = await referrals(city, case)
    lead = next(one for one in found if one["role"] == "lead")
    assert (lead["field"], lead["office"]) == (field.value, f"{role}-{ZHANGBEI}")


async def test_row_2_the_lead_waits_for_its_co_handlers(city: Installation) -> None:
    """协办、转办、反馈."""
    async with city.client("intake", Role.CLERK) as window:
        case = await registered(window, category="education.student_aid")
        lead, co = sorted(await referrals(city, case, 2), key=lambda one: one["role"], reverse=True)
        early = await answers(city, lead, "accept", "complete")
        assert (early.status_code, early.json()["code"]) == (409, "co_handlers_open")
        await answers(city, co, "accept", "complete")
        assert (await answers(city, lead, "complete")).json()["state"] == "completed"
        await becomes(window, case, "resolved")


async def test_row_4_every_step_has_its_limit_and_every_limit_its_law(city: Installation) -> None:
    """限时办结."""
    async with city.client("intake", Role.CLERK) as window:
        case = await registered(window, category="petition.request")
        assert (case["answer_by"]["clock"], case["answer_by"]["limit"]) == ("acceptance", "15d")
        assert case["answer_by"]["basis"]["source"] == "信访工作条例"
        await window.post(f"/v1/cases/{case['number']}/accept", json={})
    lead = next(one for one in await referrals(city, case) if one["role"] == "lead")
    limits = {clock["kind"]: (clock["limit"], clock["basis"].get("article")) for clock in lead["clocks"]}
    assert limits["handling"] == ("60d", "34")
    assert limits["petition_objection"] == ("5wd", "23")
    async with city.client("routing", Role.COORDINATOR, area=ZHANGBEI) as coordinator:
        told = (await coordinator.get(f"/v1/referrals/{lead['referral_id']}/explain")).json()
    handling = next(clock for clock in told["clocks"] if clock["kind"] == "handling")
    assert sum(day["counts"] for day in handling["days"] if day["reason"] == "counted") == 60
    assert handling["days"][0]["reason"] == "start_day"


async def test_row_5_who_was_asked_first_is_on_record(city: Installation) -> None:
    """首问首办."""
    async with city.client("intake", Role.CLERK, office="township-130722100000", post="window-3") as window:
        case = await registered(window, category="petition.suggestion")
        seen = (await window.get(f"/v1/cases/{case['number']}")).json()
    assert seen["first_contact_office"] == "township-130722100000"
    assert seen["first_contact_post"] == "window-3"


async def test_row_6_missing_material_is_told_once_and_on_paper(city: Installation) -> None:
    """一次性告知."""
    async with (
        city.client("intake", Role.CLERK, office="township-130722100000", area="130722100000") as window,
        city.client("intake", Role.COORDINATOR, area=ZHANGBEI) as coordinator,
    ):
        case = await registered(window, category="civil_affairs.temporary_aid", materials=[])
        path = f"/v1/cases/{case['number']}"
        ask = {"missing": ["household_register"]}
        told = (await window.post(f"{path}/request-supplement", json=ask)).json()
        assert {"identity_card", "household_register"} <= set(told["missing"])
        notice = (await window.get(f"{path}/documents/2")).json()
        rows = {row["name"]: row["value"] for row in notice["zh"]["rows"]}
        assert (notice["number"], notice["zh"]["title"]) == (f"{case['number']}-文02", "一次性告知书")
        assert len(rows["需补正的材料"].split("、")) == len(told["missing"])
        printed = await window.get(f"{path}/documents/2", params={"format": "pdf"})
        read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(printed.content)).pages)
        assert rows["需补正的材料"] in "".join(read.split())
        await window.post(f"{path}/supplement", json={"materials": ["identity_card"]})
        again = await window.post(f"{path}/request-supplement", json={})
        assert (again.status_code, again.json()["code"]) == (409, "notice_already_given")
        allowed = await coordinator.post(f"{path}/request-supplement", json={"override": True})
        assert allowed.status_code == 200, allowed.text
        kinds = [one["kind"] for one in (await window.get(f"{path}/documents")).json()]
        assert kinds == ["receipt", "notice", "notice"]


async def test_row_7_four_levels_each_see_their_own(city: Installation) -> None:
    """市、县、乡、村."""
    village = "130722100001"
    async with (
        city.client("intake", Role.TOWNSHIP, area="130722100000", sources=frozenset({"four-levels"})) as township,
        city.client("intake", Role.TOWNSHIP, area="130722101000") as neighbour,
        city.client("intake", Role.COORDINATOR, area=ZHANGBEI) as county,
        city.client("intake", Role.COORDINATOR, area=KANGBAO) as other_county,
        city.client("intake", Role.COORDINATOR, area="130700000000") as whole_city,
    ):
        case = await registered(
            township, area=village, channel="village_agent", category="civil_affairs.mediation", source="four-levels"
        )
        path = f"/v1/cases/{case['number']}"
        seen = [(await client.get(path)).status_code for client in (township, county, whole_city)]
        hidden = [(await client.get(path)).status_code for client in (neighbour, other_county)]
    assert (seen, hidden) == ([200] * 3, [404] * 2)
    lead = next(one for one in await referrals(city, case) if one["role"] == "lead")
    assert lead["office"] == "township-130722100000"
    async with city.client("routing", Role.OFFICER, office=f"justice-{KANGBAO}") as stranger:
        assert (await stranger.get(f"/v1/referrals/{lead['referral_id']}")).status_code == 404


async def test_row_8_the_county_decides_and_the_city_settles_between_offices_that_disagree(city: Installation) -> None:
    """县（区）民政局：综合协调、监督落实。"""
    async with city.client("intake", Role.CLERK) as window:
        case = await registered(window, category="social_security.personal_registration")
    (first,) = await referrals(city, case)
    await answers(city, first, "return", reason="not_competent")
    async with (
        city.client("routing", Role.COORDINATOR, area=ZHANGBEI) as coordinator,
        city.client("routing", Role.COORDINATOR, office="government_office-130700000000") as superior,
    ):
        path = f"/v1/referrals/{first['referral_id']}"
        body = {"approve": True, "to": f"employment-{ZHANGBEI}"}
        second = (await coordinator.post(f"{path}/decide-return", json=body)).json()["successor"]
        await answers(city, second, "return", reason="not_competent")
        path, word = f"/v1/referrals/{second['referral_id']}", {"to": first["office"], "reason": "by_competence"}
        early = await coordinator.post(f"{path}/arbitrate", json=word)
        assert (early.status_code, early.json()["code"]) == (403, "not_the_decider")
        settled = await superior.post(f"{path}/arbitrate", json=word)
        final = settled.json()["successor"]
    assert (final["office"], final["return_locked"]) == (first["office"], True)
    refused = await answers(city, final, "return", reason="not_competent")
    assert (refused.status_code, refused.json()["code"]) == (409, "return_locked")
    async with city.client("routing", Role.OFFICER, office=final["office"]) as office:
        body = {"approve": True}
        assert (await office.post(f"/v1/referrals/{final['referral_id']}/decide-return", json=body)).status_code == 403


async def test_row_11_departments_report_back_and_the_applicant_is_called(city: Installation) -> None:
    """反馈、回访."""
    async with city.client("intake", Role.CLERK) as window:
        case = await registered(window, category="employment.training_subsidy")
        (lead,) = await referrals(city, case)
        states = [(await answers(city, lead, action)).json()["state"] for action in ("sign", "accept", "progress")]
        assert states == ["signed", "accepted", "in_progress"]
        assert (await answers(city, lead, "complete")).json()["state"] == "completed"
        resolved = await becomes(window, case, "resolved")
        assert (resolved["answer_by"]["clock"], resolved["answer_by"]["limit"]) == ("callback", "3wd")
        body = {"satisfied": False, "reason": "not_satisfied"}
        again = (await window.post(f"/v1/cases/{case['number']}/callback", json=body)).json()
        assert (again["state"], again["round"]) == ("in_progress", 2)

        async def taken_up_again() -> bool:
            (found,) = await referrals(city, case)
            return bool(found["state"] == "in_progress" and found["round"] == 2)

        await until("the office works on it again", taken_up_again)
        await answers(city, lead, "complete")
        await becomes(window, case, "resolved")
        closed = await window.post(f"/v1/cases/{case['number']}/callback", json={"satisfied": True})
        assert closed.json()["state"] == "closed"


async def test_row_13_another_office_is_asked_with_the_consent_on_record_and_no_longer(city: Installation) -> None:
    """社会救助信息互联互通、资源共享、核对: by the window before it accepts, then by the lead, until consent ends."""
    pensions, schools = f"social_security-{ZHANGBEI}", f"education-{ZHANGBEI}"
    async with (
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=pensions) as asked,
        city.client("intake", Role.OFFICER, office=pensions) as asked_of_intake,
        city.client("routing", Role.OFFICER, office=schools) as lead,
    ):
        case = await registered(window, category="civil_affairs.temporary_aid", materials=[])
        path = f"/v1/cases/{case['number']}"
        question = {"office": pensions, "purpose": "means_check", "question": "是否领取养老金（示例）？"}
        refused = await window.post(f"{path}/request-check", json=question)
        assert (refused.status_code, refused.json()["code"]) == (409, "consent_needed")
        agreed = {"purpose": "means_check", "consent": "written"}
        given = await window.post(f"{path}/check-consents", json=agreed)
        assert given.status_code == 201, given.text
        papers = (await window.get(f"{path}/documents")).json()
        assert "check_consent" in [paper["kind"] for paper in papers]
        assert (await window.post(f"{path}/request-check", json=question)).status_code == 201
        check = await until("the office is asked", lambda: in_inbox(asked, case["number"]))
        assert ([clock["kind"] for clock in check["clocks"]], check["role"]) == (["check"], "check")
        links = (await asked.get(f"/v1/referrals/{check['referral_id']}")).json()["links"]
        told = await until("intake knows whom it asks", lambda: ok(asked_of_intake, links["question"]))
        assert told["text"] == question["question"]
        person = (await asked_of_intake.get(f"{links['applicant']}?purpose=means_check")).json()
        assert (person["name"], "phone" in person) == ("张示例", False)
        assert (await asked_of_intake.get(path)).status_code == 403
        answer = await answers(city, check, "complete", text="未领取（示例）。")
        assert answer.json()["state"] == "completed"

        second = await registered(window, category="education.student_aid")
        again = await window.post(f"/v1/cases/{second['number']}/check-consents", json=agreed)
        mine = await until("the lead has it", lambda: in_inbox(lead, second["number"]))
        await answers(city, mine, "accept")
        asks = {"text": "（示例）？", "attributes": {"office": pensions, "purpose": "means_check"}}
        await until("the lead asks", lambda: posted(lead, f"/v1/referrals/{mine['referral_id']}/request-check", asks))
        open_ = await until("the office is asked", lambda: in_inbox(asked, second["number"]))
        gone = f"/v1/cases/{second['number']}/check-consents/{again.json()['consent_id']}/withdraw"
        assert (await window.post(gone, json={})).status_code == 200

        async def ended() -> bool:
            return bool((await asked.get(f"/v1/referrals/{open_['referral_id']}")).json()["state"] == "cancelled")

        await until("nobody is asked any more", ended)
        late = await answers(city, open_, "complete", text="太迟了（示例）。")
        assert (late.status_code, late.json()["code"]) == (409, "check_ended")
    async with city.client("routing", Role.CLERK) as desk:
        read = (await desk.get(f"/v1/referrals/{check['referral_id']}/answers")).json()
        assert [one["text"] for one in read] == ["未领取（示例）。"]


async def in_inbox(office: httpx.AsyncClient, number: str) -> Any:
    items = (await office.get("/v1/referrals")).json()["items"]
    return next((one for one in items if one["number"] == number), None)


async def ok(client: httpx.AsyncClient, path: str) -> Any:
    reply = await client.get(path)
    return reply.json() if reply.status_code == 200 else None


async def posted(client: httpx.AsyncClient, path: str, body: object) -> bool:
    return (await client.post(path, json=body)).status_code == 200


async def test_what_is_attached_reaches_the_office_and_the_file_of_the_case(city: Installation, tmp_path: Path) -> None:
    """附件随案流转；档案一次导出."""
    photo, answer = jpeg(), pdf()
    async with city.client("intake", Role.CLERK) as window:
        case = await registered(window, category="education.school_placement", summary="孩子入学（示例）")
        path = f"/v1/cases/{case['number']}"
        attached = await window.post(f"{path}/attachments", headers=upload_heads(photo, "户口簿.jpg"), content=photo)
        assert attached.status_code == 201, attached.text
    lead = next(one for one in await referrals(city, case) if one["role"] == "lead")
    async with city.client("intake", Role.OFFICER, office=lead["office"]) as office:

        async def arrived() -> list[dict[str, Any]]:
            reply = await office.get(f"{path}/attachments")
            return list(reply.json()) if reply.status_code == 200 else []

        (seen,) = await until("the office sees it", arrived)
        assert (seen["name"], seen["thumbnail"]) == ("户口簿.jpg", True)
        assert (await office.get(f"{path}/attachments/{seen['id']}")).content == photo
        reply = await office.post(f"{path}/attachments", headers=upload_heads(answer, "答复.pdf"), content=answer)
        assert reply.status_code == 201, reply.text
    events = await city.heard("intake.cases.v1", case["case_id"], ["case.attachment_added"] * 2)
    said = [value for kind, value in events if kind == "case.attachment_added"]
    assert [one["kind"] for one in said] == ["jpeg", "pdf"]
    assert not any("户口簿" in str(value) for _, value in events)
    archive = tmp_path / "case.zip"
    status, told = await city.command("case", "export", case["number"], "--output", str(archive), "--json")
    assert status == 0, told
    assert json.loads(told)["attachments"] == 2
    with zipfile.ZipFile(archive) as package:
        assert package.testzip() is None
        assert {"documents/01 受理回执.pdf", "documents/02 转办单.pdf"} <= set(package.namelist())
        sums = dict(line.split("  ", 1)[::-1] for line in package.read("SHA256SUMS").decode().splitlines())
        assert all(hashlib.sha256(package.read(name)).hexdigest() == digest for name, digest in sums.items())
        assert package.read("attachments/01 户口簿.jpg") == photo
        index = package.read("index.html").decode()
        assert all(text in index for text in ("孩子入学（示例）", "受理回执", "收到附件", "张示例"))
        assert any("法" in package.read(name).decode() for name in sums if name.startswith("dates/"))
    async with city.client("intake", Role.COORDINATOR) as coordinator:
        reads = (await coordinator.get(f"{path}/reads")).json()
    by_console = {(one["part"], one["purpose"]) for one in reads if one["subject"] == "console"}
    assert by_console == {("summary", ""), ("applicant", "archiving"), ("attachments", "")}


async def test_row_15_what_was_submitted_once_is_not_asked_for_again(city: Installation) -> None:
    """让信息多跑路，让群众少跑腿：在另一窗口提交过的材料，经本人同意沿用."""
    person = {"name": "冯示例", "id_number": "000000198001010013"}
    aid: dict[str, Any] = {
        "category": "social_security.pension_claim",
        "applicant": person,
        "summary": "养老待遇（示例）",
    }
    async with city.client("intake", Role.CLERK, office="township-130722101000") as elsewhere:
        before = await registered(elsewhere, **aid, area="130722101")
        heads = upload_heads(jpeg(), "身份证.jpg", "identity_card")
        path = f"/v1/cases/{before['number']}/attachments"
        assert (await elsewhere.post(path, headers=heads, content=jpeg())).status_code == 201
    async with city.client("intake", Role.CLERK, office="township-130722100000") as window:
        case = await registered(window, **aid, area="130722100")
        path = f"/v1/cases/{case['number']}"
        assert case["missing"] == ["identity_card"]
        assert (await window.get(f"/v1/cases/{before['number']}")).status_code == 404
        (card,) = (await window.get(f"{path}/on-file")).json()["materials"]
        assert (card["status"], card["files"][0]["number"]) == ("on_file", None)
        wanted = {"attachments": [card["files"][0]["attachment_id"]], "consent": "in_person"}
        taken = await window.post(f"{path}/take-overs", json=wanted)
        assert taken.status_code == 201, taken.text
        now = (await window.get(path)).json()
        assert (now["state"], now["missing"]) == ("accepted", []), "nobody was sent home for a paper"
        (copy,) = (await window.get(f"{path}/attachments")).json()
        assert (await window.get(f"{path}/attachments/{copy['id']}")).content == jpeg()
    events = await city.heard("intake.cases.v1", case["case_id"], ["case.materials_taken_over", "case.accepted"])
    assert not any("冯" in str(value) or "身份证" in str(value) for _, value in events)
    lead = next(one for one in await referrals(city, case) if one["role"] == "lead")
    async with city.client("intake", Role.OFFICER, office=lead["office"]) as office:

        async def arrived() -> list[dict[str, Any]]:
            reply = await office.get(f"{path}/attachments")
            return list(reply.json()) if reply.status_code == 200 else []

        (seen,) = await until("the office sees it", arrived)
        assert (seen["material"], seen["taken_over"]) == ("identity_card", True)


async def test_a_running_ledger_is_taken_in_row_by_row_and_once(city: Installation, tmp_path: Path) -> None:
    """在办台账一次导入，时限自收件之日起算."""
    async with city.client("intake", Role.CLERK) as window:
        today = datetime.fromisoformat((await registered(window))["registered_at"])
        days = [(today - timedelta(days=back)).date().isoformat() for back in (10, 3, 1)]
        rows = [a_row(number, 收件日期=day) for number, day in enumerate(days)]
        rows[1][HEADING.index("事项")] = "信访求决"
        given = ["--source", "zhangbei-ledger", "--ignore", "备注", "--json"]
        wrong, right = tmp_path / "wrong.csv", tmp_path / "right.xlsx"
        wrong.write_bytes(as_csv([*rows, a_row(3, 收件日期="上周")], "gbk"))
        right.write_bytes(as_xlsx(rows))
        status, told = await city.command("case", "import", str(wrong), *given)
        found = json.loads(told)
        assert (status, found["rows"], found["registered"]) == (1, 3, 0)
        assert [(one["row"], one["column"], one["code"]) for one in found["faults"]] == [(6, "收件日期", "cell_date")]
        for dry, registered_, known in (("--dry-run", 0, 0), ("", 3, 0), ("", 0, 3)):
            status, told = await city.command("case", "import", str(right), *given, *filter(None, [dry]))
            found = json.loads(told)
            assert (status, found["registered"], found["known"]) == (0, registered_, known), told
        page = (await window.get("/v1/cases", params={"source": "zhangbei-ledger"})).json()["items"]
        assert len(page) == 3
        petition = next(one for one in page if one["category"].startswith("petition."))
        assert datetime.fromisoformat(petition["received_at"]).date() <= datetime.fromisoformat(days[1]).date()
        story = (await window.get(f"/v1/cases/{petition['number']}/clocks")).json()
        acceptance = next(one for one in story if one["kind"] == "acceptance")
        assert acceptance["started_at"] == petition["received_at"]
    aid = next(one for one in page if one["category"] == "education.student_aid")
    assert next(one for one in await referrals(city, aid) if one["role"] == "lead")


def upload_heads(content: bytes, name: str, material: str = "") -> dict[str, str]:
    """The whole file in one request, as tus 1.0 has it."""
    more = f",material {b64encode(material.encode()).decode()}" if material else ""
    return {
        "tus-resumable": "1.0.0",
        "upload-length": str(len(content)),
        "upload-metadata": f"filename {b64encode(name.encode()).decode()}{more}",
        "content-type": "application/offset+octet-stream",
    }
