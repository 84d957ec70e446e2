"""Requests in flight share a transaction: each is told its own outcome, and one that fails harms nobody."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libraries.runtime import logs
from libraries.runtime.database import answers
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.web.auth import Principal, Role
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_http import token
from tests.integration.intake.test_idempotency import INCOMPLETE, Stage, end_session, key, rows, told
from tests.integration.intake.test_registration import a_submission
from tests.integration.web import bearer
from tests.logs import logging_kept


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_client(database) as (client, engine):
        client.headers.update(token())
        await client.get("/health/live")
        yield client, engine


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many events each transaction has written."""
    real, sizes = journal.add, list[int]()

    async def add(conn: Any, service: str, messages: Any) -> None:
        sizes.append(len(messages))
        await real(conn, service, messages)

    with monkeypatch.context() as patched:
        patched.setattr(journal, "add", add)
        yield sizes


async def all_of(http: httpx.AsyncClient, *asked: tuple[str, bytes, dict[str, str]]) -> list[httpx.Response]:
    return await asyncio.gather(*(http.post(path, content=body, headers=headers) for path, body, headers in asked))


async def test_those_in_flight_are_registered_together_and_each_is_told_its_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    http, engine = stage
    bodies = [
        a_submission(1),
        b"{",
        a_submission(2),
        a_submission(1),
        a_submission(3, category="no.such"),
        a_submission(4),
    ]
    bodies += [a_submission(number) for number in range(10, 30)]
    with noted(monkeypatch) as sizes:
        replies = await all_of(http, *(("/v1/cases", body, {}) for body in bodies))
    assert [reply.status_code for reply in replies[:3]] == [201, 400, 201]
    assert {replies[0].status_code, replies[3].status_code} == {200, 201}
    assert replies[0].json()["case_id"] == replies[3].json()["case_id"]
    assert replies[4].json()["errors"][0]["code"] == "unknown_category"
    assert len({reply.json()["number"] for reply in replies if reply.status_code == 201}) == 23
    assert len([size for size in sizes if size]) < 12, "one transaction each would be 23"
    said = await rows(engine, "SELECT count(DISTINCT left(traceparent, 35)) FROM journal")
    assert said == [(23,)], "each case has the trace of its own request"


async def test_the_audit_names_who_asked_and_not_who_began_the_group(stage: Stage) -> None:
    http, engine = stage
    others = [bearer(Principal(subject=f"window-{place}", role=Role.CLERK, area="130722100000")) for place in range(4)]
    await all_of(http, *(("/v1/cases", a_submission(place, **INCOMPLETE), others[place]) for place in range(4)))
    cases = await rows(engine, "SELECT case_id, submission_id FROM cases ORDER BY submission_id")
    paths = [f"/v1/cases/{case_id}/accept" for case_id, _ in cases]
    await all_of(http, *((path, b"", others[3 - place]) for place, path in enumerate(paths)))
    noted = await rows(engine, "SELECT case_id, subject, what FROM audit_entries WHERE what LIKE '%accepted%'")
    assert {(case_id, subject) for case_id, subject, _ in noted} == {
        (case_id, f"window-{3 - place}") for place, (case_id, _) in enumerate(cases)
    }
    said = await rows(engine, "SELECT count(DISTINCT subject) FROM audit_entries WHERE what LIKE '%registered%'")
    assert said == [(4,)]


async def test_the_repeat_of_a_key_in_the_same_group_and_in_the_next(stage: Stage) -> None:
    http, engine = stage
    asked = [("/v1/cases", a_submission(number % 3), key(f"k-{number % 3}")) for number in range(12)]
    replies = await all_of(http, *asked)
    assert {reply.status_code for reply in replies} <= {201, 409}
    again = await all_of(http, *asked[:3])
    first = [next(one for one in replies[place::3] if one.status_code == 201) for place in range(3)]
    assert [told(reply) for reply in again] == [told(reply) for reply in first]
    other = await http.post("/v1/cases", content=a_submission(9), headers=key("k-1"))
    assert other.json()["code"] == "idempotency_key_used"
    assert await rows(engine, "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM answers)") == [(3, 3)]


async def waiting(http: httpx.AsyncClient, number: int, *, first: int = 1) -> list[dict[str, Any]]:
    bodies = [a_submission(place, **INCOMPLETE) for place in range(first, first + number)]
    return [reply.json() for reply in await all_of(http, *(("/v1/cases", body, {}) for body in bodies))]


async def test_acts_on_one_case_come_one_after_the_other(stage: Stage) -> None:
    http, engine = stage
    cases = await waiting(http, 3)
    one = cases[0]
    paths = [f"/v1/cases/{one['number']}/accept", f"/v1/cases/{one['case_id']}/accept"]
    paths += [f"/v1/cases/{case['case_id']}/accept" for case in cases[1:]]
    replies = await all_of(http, *((path, b"", {}) for path in paths), ("/v1/cases/nobody/accept", b"", {}))
    assert sorted(reply.status_code for reply in replies[:2]) == [200, 409]
    assert [reply.status_code for reply in replies[2:]] == [200, 200, 404]
    assert await rows(engine, "SELECT count(*) FROM journal WHERE type = 'yimen.case.accepted.v1'") == [(3,)]


async def test_of_two_who_have_seen_the_same_only_one_acts(stage: Stage) -> None:
    http, engine = stage
    (case, other) = await waiting(http, 2)
    path = f"/v1/cases/{case['case_id']}"
    seen = {"if-match": (await http.get(path)).headers["etag"]}
    supplement = b'{"materials": []}'
    replies = await all_of(
        http,
        (f"{path}/withdraw", b"", seen),
        (f"{path}/accept", b"", seen),
        (f"{path}/supplement", supplement, seen),
        (f"/v1/cases/{other['case_id']}/accept", b"", {"if-match": '"1234567"'}),
    )
    assert [reply.status_code for reply in replies].count(200) == 1
    refused = [reply.json()["code"] for reply in replies if reply.status_code != 200]
    assert set(refused) <= {"stale", "no_material", "invalid"}
    assert replies[3].json()["code"] == "stale"
    done = await rows(engine, f"SELECT max(id) FROM case_timeline WHERE case_id = '{case['case_id']}'")
    (etag,) = [reply.headers["etag"] for reply in replies if reply.status_code == 200]
    assert etag == f'"{done[0][0]}"'


async def test_a_case_that_somebody_holds_keeps_nobody_else_waiting(stage: Stage) -> None:
    http, engine = stage
    held, *free = await waiting(http, 4)
    async with transaction(engine) as conn:
        await conn.execute(text(f"SELECT FROM cases WHERE case_id = '{held['case_id']}' FOR UPDATE"))
        late = asyncio.create_task(http.post(f"/v1/cases/{held['case_id']}/accept"))
        replies = await all_of(http, *((f"/v1/cases/{case['case_id']}/accept", b"", {}) for case in free))
        assert [reply.status_code for reply in replies] == [200, 200, 200]
        assert not late.done()
    assert (await late).status_code == 200


async def test_one_that_breaks_its_group_fails_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in the middle of the shared transaction."""
    http, engine = stage
    cases = await waiting(http, 5)
    real = journal.add
    bad = cases[2]["case_id"]

    async def add(conn: Any, service: str, messages: Any) -> None:
        if any(str(message.event.case_id) == bad for message in messages):
            await conn.execute(text("SELECT 1 / 0"))
        await real(conn, service, messages)

    with monkeypatch.context() as patched, logging_kept():
        logs.configure("intake", "ERROR")
        patched.setattr(journal, "add", add)
        replies = await all_of(http, *((f"/v1/cases/{case['case_id']}/accept", b"", {}) for case in cases))
    assert [reply.status_code for reply in replies] == [200, 200, 500, 200, 200]
    assert await rows(engine, "SELECT count(*) FROM journal WHERE type = 'yimen.case.accepted.v1'") == [(4,)]
    assert (await http.post(f"/v1/cases/{bad}/accept")).status_code == 200


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_group_that_dies_with_its_session_leaves_nothing_and_is_done_once_when_it_comes_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *, keyed: bool
) -> None:
    http, engine = stage
    real = answers.save if keyed else journal.add
    asked = [("/v1/cases", a_submission(place), key(f"k-{place}") if keyed else {}) for place in range(8)]

    async def crash(conn: Any, *given: Any) -> None:
        await real(conn, *given)
        await end_session(conn)

    with monkeypatch.context() as broken:
        broken.setattr(answers if keyed else journal, "save" if keyed else "add", crash)
        replies = await all_of(http, *asked)
    assert {(reply.status_code, reply.json()["code"]) for reply in replies} == {(503, "unavailable")}
    left = "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM journal), (SELECT count(*) FROM answers)"
    assert await rows(engine, left) == [(0, 0, 0)]
    again = await all_of(http, *asked, *asked)
    assert {reply.status_code for reply in again} <= {200, 201, 409}
    assert await rows(engine, "SELECT count(*), count(DISTINCT number) FROM cases") == [(8, 8)]
