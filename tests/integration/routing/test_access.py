"""Every cell of the matrix at routing's doors: each relation asks for each part, and gets what the contracts say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from contracts.access import MATRIX, Access, Part, Relation
from contracts.codes import CaseState, Consent
from contracts.events.cases import CaseAccepted, CaseConsentGiven
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.web.auth import Principal, Role
from services.routing.http import ROUTES
from tests.databases import fresh_database
from tests.integration.routing.clients import open_client
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.integration.web import bearer
from tests.unit.routing.builders import NOON

COUNTY, TOWN = "130722000000", "130722100000"
WINDOW = "township-130722101000"
HOUSING, EMERGENCY, HEALTH, JUSTICE, EDUCATION, DECIDER = (
    f"{role}-{COUNTY}"
    for role in ("housing", "emergency_management", "health", "justice", "education", "civil_affairs")
)
ASKED, ONCE_ASKED = "social_security-130700000000", "employment-130700000000"
TOWNSHIP, ARBITER = f"township-{TOWN}", "government_office-130700000000"


def officer(office: str) -> Principal:
    return Principal(subject=f"officer-{office}", role=Role.OFFICER, office=office)


COORDINATOR = Principal(subject="coordinator-c", role=Role.COORDINATOR, area=COUNTY)
CLERK = Principal(subject="clerk-w", role=Role.CLERK, office=WINDOW)


@dataclass(frozen=True)
class Stage:
    http: httpx.AsyncClient
    routing: Routing

    async def asks(self, who: Principal, path: str) -> httpx.Response:
        return await self.http.get(path, headers=bearer(who))

    async def does(self, who: Principal, referral: str, act: str, **body: object) -> Any:
        path = f"/v1/referrals/{referral}/{act}"
        reply = await self.http.post(path, json=body, headers=bearer(who))
        assert reply.status_code == 200, (act, reply.text)
        return reply.json()

    async def brings(self, category: str) -> CaseAccepted:
        case = an_accepted_case(category, first_contact_office=WINDOW)
        await self.routing.consumes(case)
        return case

    async def referrals(self, case_id: UUID) -> dict[str, str]:
        """By office, as the coordinator sees them."""
        listed = (await self.asks(COORDINATOR, f"/v1/referrals?case={case_id}")).json()["items"]
        return {one["office"]: one["referral_id"] for one in listed}


@dataclass(frozen=True)
class Scene:
    """A case, and whose referrals in it are what to a caller; each has answered with its office's code as text."""

    case: CaseAccepted
    of: dict[str, str]
    lead: str
    co: str
    first_lead: str = ""


async def staged(stage: Stage) -> dict[str, Scene]:
    """`returned`: a return is being decided. `arbitrated`: the second lead returns it too. `copied`: with a copy."""
    scenes = {}
    for name in ("returned", "arbitrated"):
        case = await stage.brings("housing.rural_dilapidated")
        of = await stage.referrals(case.case_id)
        for office in (TOWNSHIP, EMERGENCY):
            await stage.does(officer(office), of[office], "accept", text=f"文本 {office}")
        await stage.does(officer(HOUSING), of[HOUSING], "return", reason="not_competent", text=f"文本 {HOUSING}")
        scenes[name] = Scene(case=case, of=of, lead=HOUSING, co=TOWNSHIP)
    case, of = scenes["arbitrated"].case, scenes["arbitrated"].of
    await stage.does(officer(DECIDER), of[HOUSING], "decide-return", approve=True, to=EDUCATION)
    of = await stage.referrals(case.case_id)
    await stage.does(officer(EDUCATION), of[EDUCATION], "return", reason="wrong_area", text=f"文本 {EDUCATION}")
    scenes["arbitrated"] = Scene(case=case, of=of, lead=EDUCATION, co=TOWNSHIP, first_lead=HOUSING)
    case = await stage.brings("civil_affairs.children_in_difficulty")
    of = await stage.referrals(case.case_id)
    for office in of:
        await stage.does(officer(office), of[office], "sign", text=f"文本 {office}")
    scenes["copied"] = Scene(case=case, of=of, lead=DECIDER, co=EDUCATION)
    scenes["checked"] = await checked(stage)
    return scenes


async def checked(stage: Stage) -> Scene:
    """Two offices were asked about the applicant, and one has answered."""
    case = await stage.brings("education.student_aid")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(EDUCATION), of[EDUCATION], "accept")
    given = CaseConsentGiven(
        case_id=case.case_id,
        state=CaseState.IN_PROGRESS,
        consent_id=uuid4(),
        purpose="means_check",
        consent=Consent.WRITTEN,
        given_at=NOON,
    )
    await stage.routing.consumes(given)
    for office in (ASKED, ONCE_ASKED):
        named = {"office": office, "purpose": "means_check"}
        await stage.does(officer(EDUCATION), of[EDUCATION], "request-check", text="（示例）？", attributes=named)
    of = await stage.referrals(case.case_id)
    await stage.does(officer(ASKED), of[ASKED], "sign", text=f"文本 {ASKED}")
    await stage.does(officer(ONCE_ASKED), of[ONCE_ASKED], "complete", text=f"文本 {ONCE_ASKED}")
    return Scene(case=case, of=of, lead=EDUCATION, co=DECIDER)


@dataclass(frozen=True)
class World:
    stage: Stage
    scenes: dict[str, Scene]


@pytest.fixture(scope="module")
async def world(postgres: str) -> AsyncIterator[World]:
    """One for all cells: looking changes nothing."""
    async with fresh_database(postgres, "routing") as database, opened(database) as stage:
        yield World(stage, await staged(stage))


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[Stage]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    routing = Routing(engine, Clock(origin=NOON, anchor=datetime.now(UTC)))
    async with open_client(routing) as http:
        yield Stage(http, routing)
    await engine.dispose()


WHO = {
    Relation.WINDOW: ("returned", CLERK),
    Relation.AREA_WINDOW: ("returned", Principal(subject="clerk-a", role=Role.CLERK, office=f"petition-{COUNTY}")),
    Relation.LEAD: ("arbitrated", officer(EDUCATION)),
    Relation.CO_HANDLER: ("returned", officer(EMERGENCY)),
    Relation.COPY: ("copied", officer(HEALTH)),
    Relation.DECIDER: ("returned", officer(DECIDER)),
    Relation.ARBITER: ("arbitrated", officer(ARBITER)),
    Relation.FORMER: ("arbitrated", officer(HOUSING)),
    Relation.CHECKER: ("checked", officer(ASKED)),
    Relation.FORMER_CHECKER: ("checked", officer(ONCE_ASKED)),
    Relation.COORDINATOR: ("returned", COORDINATOR),
    Relation.OPS: ("returned", Principal(subject="ops-o", role=Role.OPS)),
    Relation.ASSISTANT: ("returned", Principal(subject="assistant-v", role=Role.ASSISTANT, area=COUNTY)),
    Relation.AUDITOR: ("returned", Principal(subject="auditor-a", role=Role.AUDITOR, area=COUNTY)),
    Relation.APPLICANT: ("returned", Principal(subject="receipt", role=Role.APPLICANT)),
    Relation.STRANGER: ("returned", officer(JUSTICE)),
}
WITHOUT_TEXT = {Role.OPS, Role.ASSISTANT, Role.AUDITOR, Role.APPLICANT}


def who_is(relation: Relation, scene: Scene) -> Principal:
    """With the case of a receipt, of whoever has one."""
    who = WHO[relation][1]
    return replace(who, case=scene.case.case_id) if who.role is Role.APPLICANT else who


OWN = {
    Relation.LEAD: EDUCATION,
    Relation.CO_HANDLER: EMERGENCY,
    Relation.COPY: HEALTH,
    Relation.FORMER: HOUSING,
    Relation.CHECKER: ASKED,
    Relation.FORMER_CHECKER: ONCE_ASKED,
}
HERE = (
    Part.OWN_REFERRAL,
    Part.REFERRALS,
    Part.OWN_ANSWERS,
    Part.CO_ANSWERS,
    Part.LEAD_ANSWERS,
    Part.READS,
    Part.ATTRIBUTES,
)


def target(relation: Relation, part: Part, scene: Scene) -> str:
    """The office of whose referral is asked."""
    match part:
        case Part.OWN_REFERRAL | Part.OWN_ANSWERS:
            return OWN[relation]
        case Part.CO_ANSWERS:
            return scene.co
        case _:
            return scene.first_lead if relation is Relation.LEAD else scene.lead


@pytest.mark.parametrize("part", HERE)
@pytest.mark.parametrize("relation", Relation)
async def test_a_relation_opens_what_the_matrix_gives_and_nothing_else(
    world: World, relation: Relation, part: Part
) -> None:
    given, name = MATRIX[relation][part], WHO[relation][0]
    if part in {Part.OWN_REFERRAL, Part.OWN_ANSWERS} and relation not in OWN:
        assert given is Access.DENIED, "who has no referral has none of its own"
        return
    scene = world.scenes[name]
    who = who_is(relation, scene)
    office = OWN[relation] if part is Part.ATTRIBUTES and relation in OWN else target(relation, part, scene)
    path = f"/v1/referrals/{scene.of[office]}"
    knows = (relation in OWN and office == OWN[relation]) or MATRIX[relation][Part.REFERRALS] is Access.ALLOWED
    if part in {Part.OWN_REFERRAL, Part.REFERRALS}:
        for door in (path, f"{path}/explain"):
            reply = await world.stage.asks(who, door)
            assert reply.status_code == (200 if given is Access.ALLOWED else 404), (door, reply.text)
        listed = (await world.stage.asks(who, f"/v1/referrals?case={scene.case.case_id}")).json()["items"]
        assert (scene.of[office] in {one["referral_id"] for one in listed}) is (given is Access.ALLOWED)
    elif part is Part.ATTRIBUTES:
        reply = await world.stage.asks(who, path)
        assert reply.status_code == (200 if knows else 404)
        assert ("attributes" in reply.json()) is (given is Access.ALLOWED)
    elif part is Part.READS:
        reply = await world.stage.asks(who, f"{path}/reads")
        assert reply.status_code == (200 if given is Access.ALLOWED else 403)
    else:
        reply = await world.stage.asks(who, f"{path}/answers")
        refused = 404 if not knows and who.role not in WITHOUT_TEXT else 403
        assert reply.status_code == (200 if given is Access.ALLOWED else refused), reply.text
        if given is Access.ALLOWED:
            assert [one["text"] for one in reply.json()] == [f"文本 {office}"]


ROUTES_OF_ROUTING = [
    (method, path.replace("{referral_id:uuid}", "{}"))
    for route in ROUTES
    for method in sorted(route.http_methods)
    for path in sorted(route.paths)
    if "{referral_id:uuid}" in path
]
STRANGERS = {
    "officer": Principal(subject="o", role=Role.OFFICER, office=JUSTICE),
    "coordinator": Principal(subject="c", role=Role.COORDINATOR, area="130730000000"),
    "clerk": Principal(subject="k", role=Role.CLERK, office="township-130730100000"),
}
BODIES = {"return": {"reason": "not_competent"}, "hold": {"reason": "supplement"}, "reassign": {"to": EDUCATION}}


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(("method", "path"), ROUTES_OF_ROUTING, ids=[f"{m} {p}" for m, p in ROUTES_OF_ROUTING])
async def test_a_stranger_learns_at_no_door_whether_there_is_such_a_referral(
    world: World, who: str, method: str, path: str
) -> None:
    scene = world.scenes["returned"]
    told = []
    for referral in (scene.of[HOUSING], str(uuid4())):
        body = BODIES.get(path.rpartition("/")[2], {}) if method == "POST" else None
        reply = await world.stage.http.request(method, path.format(referral), json=body, headers=bearer(STRANGERS[who]))
        told.append((reply.status_code, reply.content))
    assert told[0] == told[1]
    assert told[0][0] in {403, 404, 422}


@pytest.mark.parametrize("relation", Relation)
async def test_an_explanation_shows_neither_other_offices_nor_what_was_asked_of_the_matter_to_whom_it_is_denied(
    world: World, relation: Relation
) -> None:
    scene = world.scenes[WHO[relation][0]]
    who = who_is(relation, scene)
    reply = await world.stage.asks(who, f"/v1/referrals/{scene.of[OWN.get(relation, scene.lead)]}/explain")
    if relation is Relation.STRANGER:
        assert reply.status_code == 404
        return
    decision, may = reply.json()["decision"], MATRIX[relation]
    others = may[Part.REFERRALS] is Access.ALLOWED
    assert [name in decision for name in ("co_handlers", "copies")] == [others, others]
    assert ("trace" in decision) is (others and may[Part.ATTRIBUTES] is Access.ALLOWED)


async def test_what_a_view_says_may_be_read_is_what_the_matrix_says(world: World) -> None:
    for relation, (name, _) in WHO.items():
        scene = world.scenes[name]
        reply = await world.stage.asks(
            who_is(relation, scene), f"/v1/referrals/{scene.of[OWN.get(relation, scene.lead)]}"
        )
        if relation is Relation.STRANGER:
            assert reply.status_code == 404
            continue
        told = reply.json()
        assert told["relations"] == [relation.value]
        assert told["may_read"] == {p.value: a.value for p, a in MATRIX[relation].items() if a is not Access.DENIED}
        assert ("others" in told) is (MATRIX[relation][Part.REFERRALS] is Access.ALLOWED)


async def test_a_referral_leads_to_all_that_its_office_needs(world: World) -> None:
    scene = world.scenes["returned"]
    case = f"/v1/cases/{scene.case.case_id}"
    told = (await world.stage.asks(officer(HOUSING), f"/v1/referrals/{scene.of[HOUSING]}")).json()
    assert told["links"] == {
        "case": case,
        "applicant": f"{case}/applicant",
        "timeline": f"{case}/timeline",
        "answers": f"/v1/referrals/{scene.of[HOUSING]}/answers",
        "explain": f"/v1/referrals/{scene.of[HOUSING]}/explain",
        "question": None,
        "referrals": f"/v1/referrals?case={scene.case.case_id}",
    }
    assert (told["decider"], told["decider_zh"], told["state"]) == (DECIDER, "张北县民政局", "return_requested")
    assert (told["first_contact_office"], told["category_zh"]) == (WINDOW, "农村危房改造")
    others = {one["office"]: one for one in told["others"]}
    assert others.keys() == {TOWNSHIP, EMERGENCY}
    assert {(one["role"], one["role_zh"], one["state"]) for one in others.values()} == {("co", "协办", "accepted")}
    assert all(one["due_at"] for one in others.values())
    assert others[EMERGENCY]["answers"] == f"/v1/referrals/{scene.of[EMERGENCY]}/answers"


async def test_a_hold_and_its_words_reach_the_window_and_the_lead(stage: Stage) -> None:
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(TOWNSHIP), of[TOWNSHIP], "accept")
    await stage.does(officer(TOWNSHIP), of[TOWNSHIP], "hold", reason="supplement", text="请补交户口簿（示例）")
    for who in (CLERK, officer(HOUSING)):
        told = (await stage.asks(who, f"/v1/referrals/{of[HOUSING]}")).json()
        held = next(one for one in told["others"] if one["office"] == TOWNSHIP)
        assert (held["hold"]["reason"], held["hold"]["reason_zh"]) == ("supplement", "等待申请人补正材料")
        words = (await stage.asks(who, held["answers"])).json()
        assert (words[-1]["text"], words[-1]["action_zh"]) == ("请补交户口簿（示例）", "暂停")
    await stage.does(officer(TOWNSHIP), of[TOWNSHIP], "resume")
    told = (await stage.asks(CLERK, f"/v1/referrals/{of[TOWNSHIP]}")).json()
    assert (told["hold"], told["state"]) == (None, "in_progress")


async def test_an_officer_of_the_deciding_office_finds_reads_and_decides_and_is_cut_off(stage: Stage) -> None:
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    decider, path = officer(DECIDER), f"/v1/referrals/{of[HOUSING]}"
    assert (await stage.asks(decider, path)).status_code == 404, "nothing is to be decided yet"
    await stage.does(officer(HOUSING), of[HOUSING], "return", reason="not_competent", text="不归我局（示例）")
    listed = (await stage.asks(decider, f"/v1/referrals?decider={DECIDER}")).json()["items"]
    assert [one["referral_id"] for one in listed] == [of[HOUSING]]
    assert (await stage.asks(officer(EMERGENCY), f"/v1/referrals?decider={DECIDER}")).status_code == 403
    assert (await stage.asks(officer(EMERGENCY), f"/v1/referrals?decider={EMERGENCY}")).json()["items"] == []
    assert (await stage.asks(decider, f"{path}/answers")).json()[0]["text"] == "不归我局（示例）"
    for outsider, status in ((officer(HOUSING), 403), (officer(EMERGENCY), 404), (officer(JUSTICE), 404), (CLERK, 403)):
        reply = await stage.http.post(f"{path}/decide-return", json={"approve": False}, headers=bearer(outsider))
        assert reply.status_code == status, outsider.subject
    await stage.does(decider, of[HOUSING], "decide-return", approve=False)
    assert (await stage.asks(decider, path)).status_code == 404
    assert (await stage.asks(decider, f"/v1/referrals?decider={DECIDER}")).json()["items"] == []


async def test_a_copy_is_read_until_nobody_works_on_the_case_any_more(stage: Stage) -> None:
    case = await stage.brings("civil_affairs.children_in_difficulty")
    of = await stage.referrals(case.case_id)
    path = f"/v1/referrals/{of[HEALTH]}"
    for office in (EDUCATION, DECIDER):
        await stage.does(officer(office), of[office], "accept")
        assert (await stage.asks(officer(HEALTH), path)).json()["relations"] == ["copy"]
        await stage.does(officer(office), of[office], "complete")
    told = (await stage.asks(officer(HEALTH), path)).json()
    assert (told["relations"], "attributes" in told, told["links"]["applicant"]) == (["former"], False, None)


async def test_who_opened_the_answers_can_be_audited(stage: Stage) -> None:
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    path = f"/v1/referrals/{of[HOUSING]}"
    assert (await stage.asks(CLERK, f"{path}/answers")).status_code == 200
    assert (await stage.asks(officer(JUSTICE), f"{path}/answers")).status_code == 404
    (read,) = (await stage.asks(COORDINATOR, f"{path}/reads")).json()
    assert (read["subject"], read["role"], read["office"], read["read_at"][:10]) == (
        CLERK.subject,
        "clerk",
        WINDOW,
        "2026-03-02",
    )
    async with stage.routing.engine.connect() as conn:
        audited = await conn.execute(text("SELECT what, subject, about FROM audit_entries WHERE kind = 'read'"))
        assert [tuple(row) for row in audited] == [("answers", CLERK.subject, of[HOUSING])]


async def test_a_window_sees_what_it_took_also_outside_of_its_area(stage: Stage) -> None:
    case = an_accepted_case("education.student_aid", area="130723100000", first_contact_office=WINDOW)
    await stage.routing.consumes(case)
    for query in ("", f"?case={case.case_id}"):
        listed = (await stage.asks(CLERK, f"/v1/referrals{query}")).json()["items"]
        assert {one["office"] for one in listed} == {"education-130723000000", "civil_affairs-130723000000"}
    other = Principal(subject="x", role=Role.CLERK, office="township-130722102000")
    assert (await stage.asks(other, f"/v1/referrals?case={case.case_id}")).json()["items"] == []
