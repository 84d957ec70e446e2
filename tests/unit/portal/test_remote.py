"""What the portal asks the services, as whom, and what it makes of their answers."""

from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from contracts.codes import Role
from libraries.runtime.web.auth import read_token
from services.portal.domain.accounts import Account, Post
from services.portal.remote import Caller, ServiceAway, ServiceRefused, Services

KEY = "t" * 32
POST = Post(id=UUID(int=2), role=Role.CLERK, office="township-130722100000", area="130722100000", code="window-1")
WHO = Account(id=UUID(int=1), login="w", password_hash="", must_change=False, disabled_at=None, posts=(POST,))


def caller(answer: Callable[[httpx.Request], httpx.Response]) -> Caller:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Services(client=client, urls={"intake": "http://intake"}, token_key=KEY).as_post(WHO, POST, "en")


async def test_it_asks_as_the_person_for_a_minute_and_in_the_language_of_the_page() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    await caller(answer).get("intake", "/v1/cases", {"state": "registered", "cursor": None})
    (request,) = asked
    principal = read_token(KEY, request.headers["authorization"].removeprefix("Bearer "))
    assert (principal.subject, principal.role, principal.office) == (str(WHO.id), Role.CLERK, POST.office)
    assert (principal.area, principal.post, principal.installation) == (POST.area, "window-1", False)
    assert request.headers["accept-language"] == "en"
    assert str(request.url) == "http://intake/v1/cases?state=registered"


async def test_a_link_of_a_service_keeps_its_query() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=str(request.url))

    assert await caller(answer).get("intake", "/v1/referrals?case=1") == "http://intake/v1/referrals?case=1"


async def test_a_refusal_is_the_services_own() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(409, json={"status": 409, "code": "illegal_move", "detail": "not now", "more": 1})

    with pytest.raises(ServiceRefused) as refused:
        await caller(answer).post("intake", "/v1/cases/1/accept", {})
    assert refused.value.problem.detail == "not now"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_what_is_no_answer_of_a_service_means_that_it_is_away(status: int) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"status": status, "code": "failed"} if status == 500 else None)

    with pytest.raises(ServiceAway) as away:
        await caller(answer).get("intake", "/v1/cases")
    assert str(status) in away.value.why


async def test_nobody_there_means_the_same() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ServiceAway):
        await caller(answer).get("intake", "/v1/cases")
