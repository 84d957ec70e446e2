"""Every cell of the matrix at intake's doors: each relation asks for each part, and gets what the contracts say."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import MATRIX, Access, Part, Relation
from contracts.codes import ReferralRole
from contracts.events import CaseBound
from contracts.events.referrals import ReferralCancelled, ReferralReturnRefused, RoutingArbitrationRequested
from libraries.policies import PolicyWatch
from libraries.runtime.web.auth import Principal, Role
from services.intake.acts import PATHS as PATHS_OF_ACTS
from services.intake.http import ROUTES
from tests.databases import fresh_database
from tests.integration.intake import fake_events
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_referral_updates import FedReaders
from tests.integration.intake.test_registration import PACK, a_submission
from tests.integration.web import bearer

WINDOW = "township-130722100000"
LEAD, CO, COPY, FORMER = (f"{role}-130722000000" for role in ("education", "health", "justice", "housing"))
CHECKER, FORMER_CHECKER = "social_security-130700000000", "employment-130700000000"
DECIDER, ARBITER, STRANGER = fake_events.DECIDER, "government_office-130700000000", "education-130723000000"


def officer(office: str) -> Principal:
    return Principal(subject=f"officer-{office}", role=Role.OFFICER, office=office)


WHO = {
    Relation.WINDOW: Principal(subject="clerk-w", role=Role.CLERK, office=WINDOW, area="130722100000"),
    Relation.AREA_WINDOW: Principal(subject="clerk-a", role=Role.CLERK, office="petition-130722000000"),
    Relation.LEAD: officer(LEAD),
    Relation.CO_HANDLER: officer(CO),
    Relation.COPY: officer(COPY),
    Relation.DECIDER: officer(DECIDER),
    Relation.ARBITER: officer(ARBITER),
    Relation.FORMER: officer(FORMER),
    Relation.CHECKER: officer(CHECKER),
    Relation.FORMER_CHECKER: officer(FORMER_CHECKER),
    Relation.COORDINATOR: Principal(subject="coordinator-c", role=Role.COORDINATOR, area="130722000000"),
    Relation.OPS: Principal(subject="ops-o", role=Role.OPS),
    Relation.ASSISTANT: Principal(subject="assistant-v", role=Role.ASSISTANT, area="130722100000"),
    Relation.AUDITOR: Principal(subject="auditor-a", role=Role.AUDITOR, area="130722000000"),
    Relation.APPLICANT: Principal(subject="receipt", role=Role.APPLICANT),
    Relation.STRANGER: officer(STRANGER),
}
WITHOUT_LISTS = {Relation.APPLICANT}
UNLISTED = {Relation.STRANGER, Relation.CHECKER, Relation.FORMER_CHECKER}
ASKED = {Relation.CHECKER, Relation.FORMER_CHECKER}
"""They have a question, and no case."""
FIELDS = {
    Part.SUMMARY: ("summary",),
    Part.ATTRIBUTES: ("attributes",),
    Part.MATERIALS: ("materials", "missing", "checklist"),
    Part.REFERRALS: ("waiting",),
}
PATHS = {
    Part.STORY: ("/timeline", "/clocks", "/explain", "/time"),
    Part.ATTACHMENTS: ("/attachments",),
    Part.APPLICANT: ("/applicant?purpose=handling",),
    Part.READS: ("/reads",),
}
OF_ROUTING = {Part.OWN_REFERRAL, Part.OWN_ANSWERS, Part.CO_ANSWERS, Part.LEAD_ANSWERS, Part.CHECK_ANSWERS}
"""Tested at its doors."""


@dataclass(frozen=True)
class Stage:
    """A case with somebody in every relation to it."""

    http: httpx.AsyncClient
    engine: AsyncEngine
    readers: FedReaders
    number: str
    case_id: UUID
    lead: UUID
    co: UUID

    def bearer(self, who: Principal) -> dict[str, str]:
        """With the case of a receipt, of whoever has one."""
        return bearer(replace(who, case=self.case_id) if who.role is Role.APPLICANT else who)

    async def asks(self, who: Principal, path: str = "") -> httpx.Response:
        return await self.http.get(f"/v1/cases/{self.number}{path}", headers=self.bearer(who))


async def staged(
    http: httpx.AsyncClient,
    engine: AsyncEngine,
    number: int = 1,
    *,
    materials: Sequence[str] = ("identity_card",),
    acts: Mapping[str, object] = MappingProxyType({}),
) -> Stage:
    body = a_submission(
        number, category="civil_affairs.temporary_aid", attributes={"urgent": False}, materials=list(materials)
    )
    told = (await http.post("/v1/cases", content=body, headers=bearer(WHO[Relation.WINDOW]))).json()
    for act, given in acts.items():
        path = f"/v1/cases/{told['number']}/{act}"
        reply = await http.post(path, json=given, headers=bearer(WHO[Relation.WINDOW]))
        assert reply.status_code == 200, (act, reply.text)
    case_id, former, lead, co, copy, check, checked = UUID(told["case_id"]), *(uuid4() for _ in range(6))
    readers = FedReaders(engine, PolicyWatch(PACK))
    await readers.consumes(
        fake_events.dispatched(case_id, former, office=FORMER),
        fake_events.return_asked(case_id, former, office=FORMER),
        fake_events.returned(case_id, former, office=FORMER),
        fake_events.dispatched(case_id, lead, office=LEAD),
        fake_events.dispatched(case_id, co, office=CO, role=ReferralRole.CO),
        fake_events.dispatched(case_id, copy, office=COPY, role=ReferralRole.INFO),
        fake_events.dispatched(case_id, check, office=CHECKER, role=ReferralRole.CHECK),
        fake_events.dispatched(case_id, checked, office=FORMER_CHECKER, role=ReferralRole.CHECK),
        fake_events.completed(case_id, checked, office=FORMER_CHECKER, role=ReferralRole.CHECK),
        fake_events.return_asked(case_id, co, office=CO, role=ReferralRole.CO),
        fake_events.deciding(case_id, co, at=fake_events.AT),
        fake_events.return_asked(case_id, lead, office=LEAD),
        RoutingArbitrationRequested(case_id=case_id, referral_id=lead, arbiter=ARBITER, requested_at=fake_events.AT),
    )
    return Stage(http, engine, readers, told["number"], case_id, lead, co)


@pytest.fixture(scope="module")
async def stage(postgres: str) -> AsyncIterator[Stage]:
    """One for all cells: looking changes nothing."""
    async with fresh_database(postgres, "intake") as database, open_client(database) as (http, engine):
        yield await staged(http, engine)


@pytest.fixture(scope="module")
async def supplemented(postgres: str) -> AsyncIterator[Stage]:
    """A case whose story speaks of materials: what was missing, what came in, and without what it was accepted."""
    async with fresh_database(postgres, "intake") as database, open_client(database) as (http, engine):
        yield await staged(http, engine, materials=(), acts=SUPPLEMENTING)


@pytest.fixture
async def own_stage(database: str) -> AsyncIterator[Stage]:
    """For tests in which something happens."""
    async with open_client(database) as (http, engine):
        yield await staged(http, engine)


def test_every_part_has_a_door_here_or_at_routing() -> None:
    assert {Part.STATE, *FIELDS, *PATHS, *OF_ROUTING} == set(Part)


@pytest.mark.parametrize("part", [part for part in Part if part not in OF_ROUTING])
@pytest.mark.parametrize("relation", Relation)
async def test_a_relation_opens_what_the_matrix_gives_and_nothing_else(
    stage: Stage, relation: Relation, part: Part
) -> None:
    given, who = MATRIX[relation][part], WHO[relation]
    seen = await stage.asks(who)
    if relation is Relation.STRANGER:
        assert given is Access.DENIED
        assert seen.status_code == 404
    elif relation in ASKED:
        assert seen.status_code == 403
    elif part in {Part.STATE, *FIELDS}:
        assert seen.status_code == 200
        assert set(seen.json()["relations"]) == {relation}
        if part in FIELDS:
            found = [name in seen.json() for name in FIELDS[part]]
            assert found == [given is Access.ALLOWED] * len(found)
    purpose = "means_check" if relation in ASKED else "handling"
    for path in (one.replace("handling", purpose) for one in PATHS.get(part, ())):
        reply = await stage.asks(who, path)
        refused = 404 if relation is Relation.STRANGER and part is not Part.READS else 403
        assert reply.status_code == (refused if given is Access.DENIED else 200), (path, reply.text)
        if given is Access.ON_RECORD:
            assert reply.json()["name"] == "张示例"
            assert (await stage.asks(who, path.partition("?")[0])).status_code == 422
    reply = await stage.http.get("/v1/cases", headers=bearer(who))
    if relation in WITHOUT_LISTS:
        assert reply.status_code == 403
        return
    listed = reply.json()["items"]
    assert [one["number"] for one in listed] == ([] if relation in UNLISTED else [stage.number])
    for item in listed:
        assert not {"summary", "attributes", "checklist"} & item.keys()
        assert ("materials" in item) is (MATRIX[relation][Part.MATERIALS] is Access.ALLOWED)
        assert ("waiting" in item) is (MATRIX[relation][Part.REFERRALS] is Access.ALLOWED)


SUPPLEMENTING = {
    "request-supplement": {"missing": ["household_register"]},
    "supplement": {"materials": ["household_register"]},
    "accept": {},
}
FIELDS_ANYWHERE = {"attributes": Part.ATTRIBUTES, "summary": Part.SUMMARY, "applicant": Part.APPLICANT} | dict.fromkeys(
    ("materials", "missing", "checklist", "added_to_notice"), Part.MATERIALS
)
"""What stands in an answer, at whatever depth, and of which part it is. Links are paths, and no content."""
NAMES_OF_MATERIALS = ("居民身份证", "户口簿")


def leaks(told: object, relation: Relation) -> list[str]:
    """Names of fields that the matrix denies to the relation."""
    if isinstance(told, list):
        return [found for one in told for found in leaks(one, relation)]
    if not isinstance(told, dict):
        return []
    return [
        *(
            name
            for name in told
            if name in FIELDS_ANYWHERE and MATRIX[relation][FIELDS_ANYWHERE[name]] is Access.DENIED
        ),
        *(found for name, one in told.items() if name not in {"links", "may_read"} for found in leaks(one, relation)),
    ]


@pytest.mark.parametrize("relation", Relation)
async def test_no_door_shows_what_the_matrix_denies(supplemented: Stage, relation: Relation) -> None:
    paths = {route.path_format for route in Litestar(ROUTES).routes if "{key}" in route.path_format}
    looks = [path for path in sorted(paths) if path.rpartition("/")[2] not in PATHS_OF_ACTS]
    assert len(looks) >= len({"", *(path for paths in PATHS.values() for path in paths)})
    for path in (*(path.replace("{key}", supplemented.number) for path in looks), "/v1/cases"):
        for form in ("json", "text"):
            accepted = {"accept": "text/plain" if form == "text" else "application/json"}
            headers = supplemented.bearer(WHO[relation]) | accepted
            reply = await supplemented.http.get(path, headers=headers)
            if reply.headers["content-type"].startswith("application/json"):
                assert leaks(reply.json(), relation) == [], path
            if MATRIX[relation][Part.MATERIALS] is Access.DENIED:
                assert not [name for name in NAMES_OF_MATERIALS if name in reply.text], path


@pytest.mark.parametrize("relation", [Relation.WINDOW, Relation.AREA_WINDOW, Relation.COORDINATOR])
async def test_what_an_act_answers_is_for_who_did_it(own_stage: Stage, relation: Relation) -> None:
    http, who = own_stage.http, bearer(WHO[relation])
    body = a_submission(99, category="civil_affairs.temporary_aid", materials=[])
    told = (await http.post("/v1/cases", content=body, headers=bearer(WHO[Relation.WINDOW]))).json()
    assert "missing" in told
    for act, body in SUPPLEMENTING.items():
        reply = await http.post(f"/v1/cases/{told['number']}/{act}", json=body, headers=who)
        assert reply.status_code == 200, reply.text
        assert leaks(reply.json(), relation) == [], act
        if MATRIX[relation][Part.MATERIALS] is Access.ALLOWED:
            assert "missing" in reply.json()


async def test_a_summary_is_noted_once_a_day_for_each_reader(own_stage: Stage) -> None:
    async def noted() -> int:
        async with own_stage.engine.connect() as conn:
            return int(await conn.scalar(text("SELECT count(*) FROM summary_reads")) or 0)

    for relation, number in ((Relation.LEAD, 1), (Relation.LEAD, 1), (Relation.WINDOW, 2), (Relation.LEAD, 2)):
        await own_stage.asks(WHO[relation])
        assert await noted() == number
    async with own_stage.engine.begin() as conn:
        await conn.execute(text("UPDATE summary_reads SET read_at = read_at - interval '1 day'"))
    await own_stage.asks(WHO[Relation.LEAD])
    assert await noted() == 3


async def test_what_a_view_says_may_be_read_is_what_the_matrix_says(stage: Stage) -> None:
    for relation, who in WHO.items():
        if relation not in UNLISTED:
            told = (await stage.asks(who)).json()["may_read"]
            assert told == {p.value: a.value for p, a in MATRIX[relation].items() if a is not Access.DENIED}


async def test_the_content_is_what_was_handed_in(stage: Stage) -> None:
    told = (await stage.asks(WHO[Relation.LEAD])).json()
    assert told["summary"] == "申请教育救助（示例）"
    assert told["attributes"] == {"urgent": False}
    assert (told["materials"], told["missing"]) == (["identity_card"], [])
    assert told["checklist"] == [
        {"code": "identity_card", "zh": "居民身份证", "en": "Identity card", "required": True, "handed_in": True}
    ]
    assert told["links"] == {
        "case": f"/v1/cases/{stage.case_id}",
        "applicant": f"/v1/cases/{stage.case_id}/applicant",
        "timeline": f"/v1/cases/{stage.case_id}/timeline",
        "referrals": f"/v1/referrals?case={stage.case_id}",
    }


@pytest.mark.parametrize("query", ["", "?purpose=", "?purpose=curiosity"])
async def test_without_a_purpose_of_the_policy_nobody_is_opened(own_stage: Stage, query: str) -> None:
    reply = await own_stage.asks(WHO[Relation.WINDOW], f"/applicant{query}")
    assert (reply.status_code, reply.json()["code"]) == (422, "unknown_purpose")
    (fault,) = reply.json()["errors"]
    assert fault["field"] == "purpose"
    assert "handling、contact、callback" in fault["detail"]
    assert "curiosity" not in reply.text
    outsider = await own_stage.asks(WHO[Relation.STRANGER], f"/applicant{query}")
    assert outsider.status_code == 404, "an outsider does not even learn that a purpose would be needed"
    reads = (await own_stage.asks(WHO[Relation.COORDINATOR], "/reads")).json()
    assert reads == []


async def test_who_opened_what_for_which_purpose_can_be_audited(own_stage: Stage) -> None:
    lead, window = WHO[Relation.LEAD], WHO[Relation.WINDOW]
    assert (await own_stage.asks(window, "/applicant?purpose=callback")).status_code == 200
    assert (await own_stage.asks(lead)).status_code == 200
    assert (await own_stage.asks(WHO[Relation.OPS])).status_code == 200
    assert (await own_stage.asks(WHO[Relation.FORMER], "/applicant?purpose=handling")).status_code == 403
    summary, applicant = (await own_stage.asks(WHO[Relation.COORDINATOR], "/reads")).json()
    assert (summary["part"], summary["subject"], summary["office"], summary["purpose"]) == (
        "summary",
        lead.subject,
        LEAD,
        "",
    )
    assert {name: value for name, value in applicant.items() if name != "read_at"} == {
        "part": "applicant",
        "part_zh": "申请人信息",
        "part_en": "Applicant",
        "subject": "clerk-w",
        "role": "clerk",
        "office": WINDOW,
        "office_zh": applicant["office_zh"],
        "office_en": applicant["office_en"],
        "purpose": "callback",
        "purpose_zh": "回访",
        "purpose_en": "To call back",
        "attachment_id": None,
    }


async def test_a_relation_ends_with_its_referral(own_stage: Stage) -> None:
    async def what(relation: Relation) -> Any:
        return (await own_stage.asks(WHO[relation])).json()["relations"]

    case_id, lead, co, now = own_stage.case_id, own_stage.lead, own_stage.co, datetime.now(UTC)
    refused = fake_events.referral_event(
        ReferralReturnRefused, case_id, lead, office=LEAD, reason="coordinator_decision"
    )
    await own_stage.readers.consumes(refused)
    assert (await what(Relation.ARBITER), await what(Relation.DECIDER)) == (["former"], ["decider"])
    gone: list[CaseBound] = [
        fake_events.referral_event(ReferralCancelled, case_id, co, office=CO, role=ReferralRole.CO, reason="recalled"),
        fake_events.held(case_id, lead, office=LEAD),
    ]
    await own_stage.readers.consumes(*gone)
    assert [await what(one) for one in (Relation.CO_HANDLER, Relation.DECIDER)] == [["former"], ["former"]]
    waiting = (await own_stage.asks(WHO[Relation.WINDOW])).json()["waiting"]
    assert [(one["office"], one["reason"], one["reason_zh"], one["answers"]) for one in waiting] == [
        (LEAD, "appraisal", "检验、检测、鉴定", f"/v1/referrals/{lead}/answers")
    ]
    assert (await own_stage.asks(WHO[Relation.COPY])).json()["relations"] == ["copy"]
    await own_stage.readers.consumes(
        fake_events.resumed(case_id, lead), fake_events.completed(case_id, lead, office=LEAD, at=now)
    )
    for relation in (Relation.LEAD, Relation.COPY):
        told = (await own_stage.asks(WHO[relation])).json()
        assert (told["relations"], told["state"], "summary" in told) == (["former"], "resolved", False)
    assert (await own_stage.asks(WHO[Relation.WINDOW])).json()["waiting"] == []
    again = fake_events.referral_event(
        fake_events.ReferralReworkRequested,
        case_id,
        lead,
        office=LEAD,
        reason="not_satisfied",
        round=2,
        feedback_id=None,
    )
    path = f"/v1/cases/{own_stage.number}/callback"
    dissatisfied = {"satisfied": False, "reason": "not_satisfied"}
    reply = await own_stage.http.post(path, json=dissatisfied, headers=bearer(WHO[Relation.WINDOW]))
    assert reply.json()["state"] == "in_progress"
    await own_stage.readers.consumes(again)
    assert (await what(Relation.LEAD), await what(Relation.COPY)) == (["lead"], ["copy"])


async def test_a_case_that_is_over_is_closed_to_offices_before_routing_says_so(own_stage: Stage) -> None:
    path = f"/v1/cases/{own_stage.number}/withdraw"
    assert (await own_stage.http.post(path, json={}, headers=bearer(WHO[Relation.WINDOW]))).status_code == 200
    for relation in (Relation.LEAD, Relation.CO_HANDLER, Relation.COPY, Relation.DECIDER, Relation.ARBITER):
        reply = await own_stage.asks(WHO[relation], "/applicant?purpose=handling")
        assert (reply.status_code, reply.json()["code"]) == (403, "not_allowed")


async def test_before_the_dispatch_is_heard_the_office_is_a_stranger(own_stage: Stage) -> None:
    body = a_submission(2)
    told = (await own_stage.http.post("/v1/cases", content=body, headers=bearer(WHO[Relation.WINDOW]))).json()
    for path in ("", "/applicant", "/timeline", "/time"):
        reply = await own_stage.http.get(f"/v1/cases/{told['number']}{path}", headers=bearer(WHO[Relation.LEAD]))
        assert reply.status_code == 404, path


async def test_of_an_erased_case_nothing_is_left_to_open(own_stage: Stage) -> None:
    async with own_stage.engine.begin() as conn:
        await conn.execute(text("UPDATE cases SET wrapped_key = ''"))
    told = await own_stage.asks(WHO[Relation.LEAD])
    assert (told.status_code, told.json()["summary"]) == (200, None)
    reply = await own_stage.asks(WHO[Relation.LEAD], "/applicant?purpose=handling")
    assert (reply.status_code, reply.json()["code"]) == (410, "erased")


@pytest.mark.parametrize("path", ["accept", "callback", "withdraw", "supplement"])
async def test_an_officer_reads_at_intake_and_does_nothing_there(stage: Stage, path: str) -> None:
    reply = await stage.http.post(f"/v1/cases/{stage.number}/{path}", json={}, headers=bearer(WHO[Relation.LEAD]))
    assert reply.status_code in {403, 422}
    assert (await stage.asks(WHO[Relation.WINDOW])).json()["state"] == "in_progress"
