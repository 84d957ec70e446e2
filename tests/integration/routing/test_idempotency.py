"""Answers of offices and decisions with an `Idempotency-Key` count once, also those that are refused."""

from typing import Any

import httpx

from libraries.runtime.web.auth import Role
from tests.integration.routing.test_http import http, routing, token
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.unit.routing.builders import EDUCATION

__all__ = ["http", "routing"]
KEY = {"idempotency-key": '"k-1"'}


async def path_of_referral(routing: Routing) -> str:
    await routing.consumes(an_accepted_case("education.school_placement"))
    return f"/v1/referrals/{await routing.referral(EDUCATION)}"


async def said(routing: Routing, kind: str) -> int:
    statement = f"SELECT count(DISTINCT event_id) FROM journal WHERE type = 'yimen.{kind}.v1'"
    ((number,),) = await routing.rows(statement)
    return int(number)


async def test_an_office_that_signs_twice_has_signed_once(routing: Routing, http: httpx.AsyncClient) -> None:
    path, officer = await path_of_referral(routing), token(Role.OFFICER, EDUCATION)
    first = await http.post(f"{path}/sign", json={}, headers=officer | KEY)
    again = await http.post(f"{path}/sign", json={}, headers=officer | KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert await said(routing, "referral.signed") == 1
    assert await said(routing, "feedback.received") == 0


async def test_an_answer_that_was_refused_is_refused_once(routing: Routing, http: httpx.AsyncClient) -> None:
    path, officer = await path_of_referral(routing), token(Role.OFFICER, EDUCATION)
    replies: list[Any] = [await http.post(f"{path}/resume", json={}, headers=officer | KEY) for _ in range(2)]

    assert replies[0].status_code == 409
    assert (replies[1].content, replies[1].headers["content-type"]) == (replies[0].content, "application/problem+json")
    assert await said(routing, "feedback.received") == 1


async def test_a_decision_that_comes_again_moves_the_referral_once(routing: Routing, http: httpx.AsyncClient) -> None:
    path = await path_of_referral(routing)
    decision = {"to": "civil_affairs-130722000000", "reason": "coordinator_decision"}
    replies = [await http.post(f"{path}/reassign", json=decision, headers=KEY) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200], replies[0].text
    assert replies[0].content == replies[1].content
    assert await said(routing, "referral.reassigned") == 1
