"""An office's inbox over HTTP: who sees which referrals, those of one case, and answers that cannot be meant."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from libraries.runtime.database.engine import open_engine
from libraries.runtime.web.auth import Principal, Role, issue_token
from services.routing.answering import Answering
from services.routing.http import ROUTES
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.integration.web import KEY, application
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Routing(engine)
    await engine.dispose()


@pytest.fixture
async def http(routing: Routing) -> AsyncIterator[httpx.AsyncClient]:
    state: dict[str, Any] = {"engine": routing.engine, "router": routing.router, "places": routing.router.policy}
    state["answering"] = Answering(engine=routing.engine, router=routing.router)
    app = application("routing", ROUTES, state)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://routing") as client:
        yield client


def token(role: Role, **scope: str) -> dict[str, str]:
    principal = Principal(subject="x", role=role, installation=not scope, **scope)
    return {"authorization": f"Bearer {issue_token(KEY, principal)}"}


async def offices(http: httpx.AsyncClient, headers: dict[str, str], **asked: str) -> set[str]:
    reply = await http.get("/v1/referrals", headers=headers, params=asked)
    assert reply.status_code == 200, reply.text
    return {item["office"] for item in reply.json()["items"]}


async def test_the_referrals_of_one_case_are_asked_for_by_its_id(routing: Routing, http: httpx.AsyncClient) -> None:
    one, other = an_accepted_case(), an_accepted_case()
    await routing.consumes(one, other)
    reply = await http.get("/v1/referrals", headers=token(Role.OPS), params={"case": str(one.case_id)})
    assert {item["case_id"] for item in reply.json()["items"]} == {str(one.case_id)}
    lead = next(item for item in reply.json()["items"] if item["role"] == "lead")
    assert (lead["office_zh"], lead["clocks"][0]["office"]) == ("张北县教育局", EDUCATION)
    assert (await http.get("/v1/referrals?case=nonsense", headers=token(Role.OPS))).status_code == 422
    case = str(other.case_id)
    assert await offices(http, token(Role.OFFICER, office=EDUCATION), case=case) == {EDUCATION, CIVIL_AFFAIRS}
    assert await offices(http, token(Role.OFFICER, office=CIVIL_AFFAIRS), case=case) == {CIVIL_AFFAIRS}


async def test_a_county_whose_code_ends_with_zero_sees_its_own_referrals_only(
    routing: Routing, http: httpx.AsyncClient
) -> None:
    await routing.consumes(an_accepted_case(area="130731000000"))
    inside, outside = (token(Role.COORDINATOR, area=area) for area in ("130731000000", "130730000000"))
    assert await offices(http, inside) == {one.replace("130722", "130731") for one in (EDUCATION, CIVIL_AFFAIRS)}
    assert not await offices(http, outside)


async def test_an_officer_without_an_office_sees_nothing(routing: Routing, http: httpx.AsyncClient) -> None:
    await routing.consumes(an_accepted_case())
    told = await http.get("/v1/referrals", headers=token(Role.OFFICER))
    assert (told.status_code, told.json()["code"]) == (401, "unscoped_token")


@pytest.mark.parametrize("wrong", [{"feedback_id": "with blank"}, {"reason": "x" * 65}, {"text": "x" * 4001}])
async def test_an_answer_with_a_wrong_field_is_named_and_changes_nothing(
    routing: Routing, http: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    await routing.consumes(an_accepted_case())
    path, officer = f"/v1/referrals/{await routing.referral(EDUCATION)}", token(Role.OFFICER, office=EDUCATION)
    answer = await http.post(f"{path}/sign", json=wrong, headers=officer)
    assert answer.status_code == 422
    assert (await http.get(path, headers=officer)).json()["state"] == "dispatched"


async def test_an_id_that_was_used_by_another_answer_is_said_to_be_and_changes_nothing(
    routing: Routing, http: httpx.AsyncClient
) -> None:
    await routing.consumes(an_accepted_case())
    path, officer = f"/v1/referrals/{await routing.referral(EDUCATION)}", token(Role.OFFICER, office=EDUCATION)

    async def answered(action: str, name: str, **more: str) -> tuple[int, str]:
        reply = await http.post(f"{path}/{action}", json={"feedback_id": name, **more}, headers=officer)
        state = (await http.get(path, headers=officer)).json()["state"]
        return reply.status_code, state if reply.status_code == 200 else reply.json()["code"]

    assert await answered("return", "f1", reason="nonsense") == (422, "unknown_reason")
    assert await answered("return", "f1", reason="not_competent") == (409, "feedback_id_used"), "mended, and not taken"
    assert await answered("return", "f1", reason="nonsense") == (409, "feedback_id_used")
    assert await answered("sign", "f2") == (200, "signed")
    assert await answered("sign", "f2") == (200, "signed"), "the same once more"
    assert await answered("accept", "f2") == (409, "feedback_id_used")
    assert await answered("return", "f3", reason="not_competent") == (200, "return_requested")
    assert await answered("return", "f3", reason="wrong_area") == (409, "feedback_id_used")
