"""Intake's HTTP door over a real socket, with good callers and bad ones."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from libraries.runtime.web.auth import Principal, Role, issue_token
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_registration import IDENTITY, MOBILE, a_submission
from tests.integration.web import KEY


def token(
    role: Role = Role.CLERK,
    area: str | None = None,
    *,
    post: str = "",
    sources: frozenset[str] | None = None,
    **more: Any,
) -> dict[str, str]:
    office = "education-130722000000" if role is Role.OFFICER else None
    principal = Principal(
        subject="window-1",
        role=role,
        area=area,
        office=office,
        post=post,
        sources=sources,
        installation=area is None,
    )
    return {"authorization": f"Bearer {issue_token(KEY, principal, **more)}"}


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(database) as (client, _):
        client.headers.update(token())
        yield client


async def test_a_clerk_registers_and_learns_who_answers_by_when(http: httpx.AsyncClient) -> None:
    reply = await http.post("/v1/cases", content=a_submission())
    told = reply.json()
    assert reply.status_code == 201
    assert told["state"] == "accepted"
    assert told["answer_by"]["office"] == "education-130722000000"
    assert told["answer_by"]["office_zh"] == "张北县教育局"
    assert told["answer_by"]["limit"] == "15wd"
    assert told["answer_by"]["basis"]["article"] == "36"

    # The code of the receipt is said once.
    del told["receipt"]
    for key in (told["case_id"], told["number"]):
        assert (await http.get(f"/v1/cases/{key}")).json().items() >= told.items()
    story = (await http.get(f"/v1/cases/{told['number']}/timeline")).json()
    assert [entry["type"] for entry in story] == [
        "case.registered",
        "case.accepted",
    ]


async def test_the_answer_names_the_office_to_which_the_rules_send_the_case(http: httpx.AsyncClient) -> None:
    aid = "civil_affairs.temporary_aid"
    urgent = a_submission(category=aid, attributes={"urgent": True}, materials=["identity_card"])
    told = (await http.post("/v1/cases", content=urgent)).json()
    if told["answer_by"]["clock"] == "acceptance":
        told = (await http.post(f"/v1/cases/{told['number']}/accept")).json()
    assert told["answer_by"]["office"] == "township-130722100000"
    assert (await http.get(f"/v1/cases/{told['number']}")).json()["answer_by"] == told["answer_by"]
    (listed,) = (await http.get("/v1/cases")).json()["items"]
    assert listed["answer_by"] == told["answer_by"]


async def test_the_time_of_a_case_is_told_to_whom_may_see_it(http: httpx.AsyncClient) -> None:
    body = a_submission(category="civil_affairs.subsistence_allowance")
    path = f"/v1/cases/{(await http.post('/v1/cases', content=body)).json()['number']}"
    await http.post(f"{path}/request-supplement", json={"missing": ["household_register"]})
    told = (await http.get(f"{path}/time", headers=token(Role.OPS))).json()
    assert (told["state"], told["over"]) == ("awaiting_supplement", False)
    assert told["whole"]["calendar_seconds"] == sum(piece["spent"]["calendar_seconds"] for piece in told["pieces"])
    assert {piece["holder"] for piece in told["pieces"]} <= {"applicant", "township-130722100000"}
    outside = token(Role.CLERK, "130723000000")
    assert (await http.get(f"{path}/time", headers=outside)).status_code == 404
    assert (await http.get("/v1/cases/nonsense/time")).status_code == 404


async def test_each_date_of_the_window_is_explained_also_of_clocks_that_ended(http: httpx.AsyncClient) -> None:
    body = a_submission(category="civil_affairs.subsistence_allowance")
    case = (await http.post("/v1/cases", content=body)).json()
    path = f"/v1/cases/{case['number']}"
    await http.post(f"{path}/request-supplement", json={"missing": ["household_register"]})
    told = (await http.get(f"{path}/explain", headers=token(Role.OPS))).json()
    assert told["case"]["case_id"] == case["case_id"]
    assert told["calendar"]["published_through"]
    clocks = {clock["kind"]: clock for clock in told["clocks"]}
    assert (clocks["acceptance"]["status"], clocks["acceptance"]["due_at"]) == ("paused", None)
    assert clocks["supplement_notice"]["status"] == "met"
    assert clocks["supplement_notice"]["stopped_at"] is not None
    assert all(clock["days"] and clock["basis"]["source"] for clock in clocks.values())
    by_id = (await http.get(f"/v1/cases/{case['case_id']}/explain")).json()
    assert by_id["clocks"] == told["clocks"]

    one = (await http.get(f"{path}/explain", params={"clock": clocks["acceptance"]["clock_id"]})).json()
    assert [clock["kind"] for clock in one["clocks"]] == ["acceptance"]
    assert (await http.get(f"{path}/explain", params={"clock": case["case_id"]})).status_code == 404
    assert (await http.get(f"{path}/explain", params={"clock": "x"})).status_code == 422
    outside = token(Role.CLERK, "130723000000")
    assert (await http.get(f"{path}/explain", headers=outside)).status_code == 404


async def test_an_explanation_comes_as_a_page_or_as_text_in_either_language(http: httpx.AsyncClient) -> None:
    case = (await http.post("/v1/cases", content=a_submission())).json()
    path = f"/v1/cases/{case['number']}/explain"
    page = await http.get(path, headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-language"] == "zh-CN"
    assert "default-src 'none'; style-src 'sha256-" in page.headers["content-security-policy"]
    assert page.headers["vary"] == "accept, accept-language"
    assert '<html lang="zh-CN">' in page.text
    assert f"<h1>期限说明 {case['number']}</h1>" in page.text
    english = await http.get(path, headers={"accept": "text/plain", "accept-language": "en-GB, zh;q=0.1"})
    assert english.headers["content-type"] == "text/plain; charset=utf-8"
    assert english.text.startswith(f"Time limits explained: {case['number']}")
    linked = await http.get(path, params={"format": "html", "lang": "en"}, headers={"accept": "application/json"})
    assert '<html lang="en">' in linked.text
    assert (await http.get(path)).headers["content-type"] == "application/json"
    for wrong in ({"format": "pdf"}, {"lang": "fr"}):
        assert (await http.get(path, params=wrong)).status_code == 422
    document = (await http.get("/openapi.json")).json()["paths"]["/v1/cases/{key}/explain"]["get"]
    assert document["responses"]["200"]["content"].keys() == {"application/json", "text/plain", "text/html"}
    assert {one["name"] for one in document["parameters"]} == {"key", "clock", "format", "lang"}


async def test_a_repeat_is_the_same_case_and_another_content_a_conflict(http: httpx.AsyncClient) -> None:
    first = await http.post("/v1/cases", content=a_submission())
    again = await http.post("/v1/cases", content=a_submission())
    other = await http.post("/v1/cases", content=a_submission(summary="another"))
    assert (again.status_code, again.json()) == (200, first.json())
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["code"] == "conflict"


async def test_a_township_sees_its_own_area_only(http: httpx.AsyncClient) -> None:
    number = (await http.post("/v1/cases", content=a_submission())).json()["number"]
    inside, outside = token(Role.TOWNSHIP, "130722100000"), token(Role.TOWNSHIP, "130723000000")
    assert (await http.get(f"/v1/cases/{number}", headers=inside)).status_code == 200
    assert (await http.get(f"/v1/cases/{number}", headers=outside)).status_code == 404
    assert (await http.get("/v1/cases?area=130722", headers=outside)).json()["items"] == []


async def test_a_township_registers_for_its_own_area_and_its_own_sources(http: httpx.AsyncClient) -> None:
    own = {"area": "130722100000", "sources": frozenset({"zhangbei-one-window"})}
    system = token(Role.TOWNSHIP, **own)
    assert (await http.post("/v1/cases", content=a_submission(1), headers=system)).status_code == 201
    assert (await http.post("/v1/cases", content=a_submission(1), headers=system)).status_code == 200
    for changes, code in (({"source": "another"}, "not_your_source"), ({"area": "130723"}, "not_your_area")):
        reply = await http.post("/v1/cases", content=a_submission(2, **changes), headers=system)
        assert (reply.status_code, [fault["code"] for fault in reply.json()["errors"]]) == (403, [code])
    both = await http.post("/v1/cases", content=a_submission(2, source="another", area="130723"), headers=system)
    assert {fault["field"] for fault in both.json()["errors"]} == {"source", "area"}
    lines = b"\n".join([a_submission(1), a_submission(3, source="another"), a_submission(3)])
    reply = await http.post("/v1/cases/batch", content=lines, headers=system)
    assert [json.loads(line)["status"] for line in reply.text.splitlines()] == [200, 403, 201]


async def test_a_repeat_shows_nobody_a_case_of_others(http: httpx.AsyncClient) -> None:
    await http.post("/v1/cases", content=a_submission(), headers=token(Role.CLERK, "130722100000"))
    reply = await http.post("/v1/cases", content=a_submission(), headers=token(Role.CLERK, "130723100000"))
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert "case_id" not in reply.text


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "clerk"},
        {"role": "coordinator"},
        {"role": "officer", "area": "130722000000"},
        {"role": "township", "sources": ["s"]},
        {"role": "clerk", "area": 130722000000},
        {"role": "clerk", "area": "130722"},
        {"role": "clerk", "office": ["township-130722100000"]},
        {"role": "nobody", "area": "130722000000"},
        {"role": "township", "area": "130722000000", "sources": "s"},
        {"role": "clerk", "area": "130722000000", "sub": 7},
        {"role": "clerk", "area": "130722000000", "exp": 1e300},
    ],
)
async def test_a_token_that_says_too_little_or_nonsense_opens_nothing(
    http: httpx.AsyncClient, claims: dict[str, Any]
) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    signed = jwt.encode({"iss": "yimen", "sub": "somebody", "exp": ends} | claims, KEY, "HS256")
    reply = await http.get("/v1/cases", headers={"authorization": f"Bearer {signed}"})
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json")


async def test_a_clerk_of_an_office_sees_the_area_of_the_office_alone(http: httpx.AsyncClient) -> None:
    number = (await http.post("/v1/cases", content=a_submission())).json()["number"]
    for office, status in (("township-130722100000", 200), ("township-130723100000", 404)):
        principal = Principal(subject="clerk", role=Role.CLERK, office=office)
        headers = {"authorization": f"Bearer {issue_token(KEY, principal)}"}
        assert (await http.get(f"/v1/cases/{number}", headers=headers)).status_code == status


async def test_a_token_whose_area_does_not_lie_in_that_of_its_office_opens_nothing(http: httpx.AsyncClient) -> None:
    for area, status in (("130723000000", 401), ("130722000000", 401), ("130722100000", 200), ("130722100201", 200)):
        principal = Principal(subject="clerk", role=Role.CLERK, office="township-130722100000", area=area)
        reply = await http.get("/v1/cases", headers={"authorization": f"Bearer {issue_token(KEY, principal)}"})
        assert reply.status_code == status, area
        assert status == 200 or reply.json()["code"] == "token_area"


async def test_an_id_that_names_a_person_is_refused_and_not_repeated(http: httpx.AsyncClient) -> None:
    for field, value in (("submission_id", IDENTITY), ("source", f"tel-{MOBILE}"), ("submission_id", MOBILE)):
        reply = await http.post("/v1/cases", content=a_submission(**{field: value}))
        assert reply.status_code == 422
        assert [(fault["field"], fault["code"]) for fault in reply.json()["errors"]] == [(field, "personal_id")]
        assert value not in reply.text


async def test_a_county_whose_code_ends_with_zero_sees_its_own_cases_only(http: httpx.AsyncClient) -> None:
    neighbour = (await http.post("/v1/cases", content=a_submission(area="130731"))).json()["number"]
    inside, outside = token(Role.CLERK, "130731000000"), token(Role.CLERK, "130730000000")
    assert (await http.get(f"/v1/cases/{neighbour}", headers=inside)).status_code == 200
    assert (await http.get(f"/v1/cases/{neighbour}", headers=outside)).status_code == 404
    assert (await http.get("/v1/cases", headers=outside)).json()["items"] == []


async def test_any_window_takes_any_matter_and_stays_responsible(http: httpx.AsyncClient) -> None:
    window = token(Role.CLERK, "130722100000", post="window-1")
    told = (await http.post("/v1/cases", content=a_submission(area="130723"), headers=window)).json()
    assert told["first_contact_office"] == "township-130722100000"
    assert told["first_contact_post"] == "window-1"
    assert told["lead_office"] is None
    assert (await http.get(f"/v1/cases/{told['number']}", headers=window)).status_code == 200
    assert [item["number"] for item in (await http.get("/v1/cases", headers=window)).json()["items"]] == [
        told["number"]
    ]
    assert (await http.get("/v1/cases?area=130722", headers=window)).json()["items"] == []


async def test_lists_hold_what_was_asked_for(http: httpx.AsyncClient) -> None:
    await http.post("/v1/cases", content=a_submission(1))
    await http.post("/v1/cases", content=a_submission(2, category="petition.request"))
    await http.post("/v1/cases", content=a_submission(3, source="another"))

    async def listed(query: str) -> list[str]:
        reply = await http.get(f"/v1/cases?{query}")
        assert reply.status_code == 200, reply.text
        return [item["submission_id"][-1] for item in reply.json()["items"]]

    assert await listed("state=registered") == ["2"]
    assert await listed("field=education") == ["1", "3"]
    assert await listed("category=petition.request") == ["2"]
    assert await listed("source=another&state=accepted") == ["3"]
    assert await listed("window=township-130722100000") == ["1", "2", "3"]
    assert await listed("lead=education-130722000000") == []
    assert (await http.get("/v1/cases?state=nonsense")).status_code == 422


async def test_pages_hold_every_case_once(http: httpx.AsyncClient) -> None:
    for number in range(5):
        await http.post("/v1/cases", content=a_submission(number))
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await http.get(f"/v1/cases?limit=2{cursor}")).json()
        seen += [item["number"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "not_json"),
        (b"\xff\xfe", 400, "not_utf8"),
        (b"[]", 400, "not_json"),
        (b"[" * 100_000, 400, "not_json"),
        (a_submission(area="99"), 422, "unknown_area"),
        (a_submission(received_at="9999-01-01T00:00:00+08:00"), 422, "calendar_range"),
    ],
)
async def test_a_bad_body_is_named(http: httpx.AsyncClient, body: bytes, status: int, code: str) -> None:
    reply = await http.post("/v1/cases", content=body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.json()["errors"]


async def test_a_giant_body_is_refused(http: httpx.AsyncClient) -> None:
    reply = await http.post("/v1/cases", content=b"x" * 10_000_000)
    assert reply.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Basic eDp5"},
        token(lifetime=timedelta(seconds=-1)),
    ],
)
async def test_without_a_valid_token_nothing_is_told(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    reply = await http.get("/v1/cases", headers=headers)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/nowhere", "/v1/cases/not-an-id", "/v1/cases/130722-20260302-00001-0"])
async def test_what_is_not_there_is_a_problem_too(http: httpx.AsyncClient, path: str) -> None:
    reply = await http.get(path)
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"


async def test_health_metrics_and_openapi_need_no_token(http: httpx.AsyncClient) -> None:
    bare = {"authorization": ""}
    assert (await http.get("/health/live", headers=bare)).json() == {"status": "ok"}
    assert (await http.get("/health/ready", headers=bare)).json() == {"database": "ok"}
    assert b"python_info" in (await http.get("/metrics", headers=bare)).content
    document = json.loads((await http.get("/openapi.json", headers=bare)).content)
    assert "/v1/cases" in document["paths"]


async def test_a_clerk_decides_at_the_window(http: httpx.AsyncClient) -> None:
    told = (await http.post("/v1/cases", content=a_submission(category="petition.request"))).json()
    assert (told["state"], told["answer_by"]["clock"]) == ("registered", "acceptance")
    path = f"/v1/cases/{told['number']}"

    wrong = await http.post(f"{path}/decline", json={"reason": "because", "go_to": "the moon"})
    assert (wrong.status_code, [error["field"] for error in wrong.json()["errors"]]) == (422, ["reason", "go_to"])
    accepted = await http.post(f"{path}/accept", json={})
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    again = await http.post(f"{path}/accept", json={})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")


async def test_an_act_with_a_wrong_body_changes_nothing_and_names_every_field(http: httpx.AsyncClient) -> None:
    path = f"/v1/cases/{(await http.post('/v1/cases', content=a_submission())).json()['number']}"
    for body in (b"{", b"[]", b"\xff", b"[" * 100_000):
        reply = await http.post(f"{path}/withdraw", content=body)
        assert reply.status_code == 400, body
        assert reply.headers["content-type"] == "application/problem+json"
    for body, named in (
        (b"", {"reason", "go_to"}),
        (b'{"reason": 5, "go_to": null, "nonsense": 1}', {"reason", "go_to", ""}),
    ):
        reply = await http.post(f"{path}/decline", content=body)
        assert reply.status_code == 422
        assert {fault["field"] for fault in reply.json()["errors"]} == named
    assert (await http.get(path)).json()["state"] == "accepted"


async def test_no_body_is_enough_where_nothing_is_asked(http: httpx.AsyncClient) -> None:
    told = (await http.post("/v1/cases", content=a_submission(category="petition.request"))).json()
    path = f"/v1/cases/{told['number']}"
    assert (await http.post(f"{path}/accept")).json()["state"] == "accepted"
    assert (await http.post(f"{path}/withdraw")).json()["state"] == "withdrawn"
    story = (await http.get(f"{path}/timeline")).json()
    assert {entry["by"] for entry in story} == {"window-1"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (token(Role.OPS), 403),
        (token(Role.OFFICER), 403),
        (token(Role.CLERK, "130723000000"), 404),
        (token(Role.TOWNSHIP, "130722100000"), 200),
        (token(Role.COORDINATOR, "130722000000"), 200),
    ],
)
async def test_only_who_is_responsible_acts(http: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    number = (await http.post("/v1/cases", content=a_submission())).json()["number"]
    assert (await http.post(f"/v1/cases/{number}/withdraw", headers=headers)).status_code == status


async def test_of_eight_who_act_at_once_one_does(http: httpx.AsyncClient) -> None:
    told = (await http.post("/v1/cases", content=a_submission(category="petition.request"))).json()
    path = f"/v1/cases/{told['number']}"
    replies = await asyncio.gather(*(http.post(f"{path}/accept") for _ in range(8)))
    assert sorted(reply.status_code for reply in replies) == [200] + [409] * 7
    story = [entry["type"] for entry in (await http.get(f"{path}/timeline")).json()]
    assert story.count("case.accepted") == 1


async def test_a_notice_is_whole_and_what_it_asked_for_has_to_come(http: httpx.AsyncClient) -> None:
    body = a_submission(category="civil_affairs.subsistence_allowance")
    case = (await http.post("/v1/cases", content=body)).json()
    path = f"/v1/cases/{case['number']}"
    assert (case["materials"], len(case["missing"])) == ([], 3)
    told = (await http.post(f"{path}/request-supplement", json={"missing": ["household_register"]})).json()
    assert told["missing"] == ["household_register", "identity_card", "check_consent"]
    assert told["added_to_notice"] == ["identity_card", "check_consent"]
    for handed_in in ("household_register", "medical_invoices"):
        partly = (await http.post(f"{path}/supplement", json={"materials": [handed_in]})).json()
        assert (partly["state"], partly["missing"]) == ("registered", ["identity_card", "check_consent"])
    unknown = await http.post(f"{path}/supplement", json={"materials": ["no_such_paper"]})
    assert unknown.status_code == 422
    whole = (await http.post(f"{path}/supplement", json={"materials": ["check_consent", "identity_card"]})).json()
    assert (whole["state"], whole["missing"]) == ("accepted", [])
    assert (await http.get(path)).json()["materials"] == [
        "household_register",
        "medical_invoices",
        "check_consent",
        "identity_card",
    ]


async def test_an_override_needs_a_coordinator(http: httpx.AsyncClient) -> None:
    body = a_submission(category="civil_affairs.subsistence_allowance")
    path = f"/v1/cases/{(await http.post('/v1/cases', content=body)).json()['number']}/request-supplement"
    wanted = {"missing": ["household_register"], "override": True}
    assert (await http.post(path, json=wanted)).status_code == 403
    reply = await http.post(path, json=wanted, headers=token(Role.COORDINATOR))
    assert (reply.status_code, reply.json()["state"]) == (200, "awaiting_supplement")


async def test_each_line_of_a_batch_gets_its_own_answer(http: httpx.AsyncClient) -> None:
    giant, deep = a_submission(3, summary="x" * 300_000), b"[" * 100_000
    again, other = a_submission(1), a_submission(1, summary="other")
    lines = [a_submission(1), b"{", a_submission(2), b"", giant, deep, again, other, a_submission(area="99")]
    reply = await http.post("/v1/cases/batch", content=b"\r\n".join([*lines, b""]))
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/x-ndjson")
    answers = [json.loads(line) for line in reply.text.splitlines()]
    assert [answer["status"] for answer in answers] == [201, 400, 201, 400, 413, 400, 200, 409, 422]
    assert answers[0]["answer"] == answers[6]["answer"]
    assert answers[8]["answer"]["errors"] == [
        {"field": "area", "code": "unknown_area", "detail": "须为政策包 areas.csv 中的区划代码"}
    ]


async def test_a_batch_may_be_larger_than_any_other_body_but_not_endless(http: httpx.AsyncClient) -> None:
    lines = [a_submission(number, summary="x" * 2000) for number in range(1200)]
    reply = await http.post("/v1/cases/batch", content=b"\n".join(lines), timeout=60)
    numbers = [json.loads(line)["answer"]["number"] for line in reply.text.splitlines()]
    assert len(set(numbers)) == 1200
    assert (await http.post("/v1/cases/batch", content=b"\n" * 30_000)).status_code == 413
    assert (await http.post("/v1/cases/batch", content=b"x" * 17_000_000)).status_code == 413
