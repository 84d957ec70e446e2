"""A request with an `Idempotency-Key` is done once, whatever happens to it or to its answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.database import answers
from libraries.runtime.database.engine import transaction
from libraries.runtime.jobs.housekeeping import housekeep
from libraries.runtime.web.auth import Role
from services.intake import http as routes
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_http import token
from tests.integration.intake.test_registration import a_submission

Stage = tuple[httpx.AsyncClient, AsyncEngine]
INCOMPLETE: dict[str, object] = {"category": "civil_affairs.subsistence_allowance"}


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_client(database) as (client, engine):
        client.headers.update(token())
        yield client, engine


def key(name: str = "k-1") -> dict[str, str]:
    return {"idempotency-key": f'"{name}"'}


async def rows(engine: AsyncEngine, statement: str) -> list[Any]:
    async with engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text(statement))]


def told(reply: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but when it was given."""
    return reply.status_code, reply.content, {k: v for k, v in reply.headers.items() if k not in {"date", "server"}}


async def end_session(conn: Any) -> None:
    """As a crash of the database would, in the middle of the transaction."""
    pid = await conn.scalar(text("SELECT pg_backend_pid()"))
    database = conn.sync_engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    other = await asyncpg.connect(database)
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    await other.close()


async def test_the_same_request_gets_the_same_answer(stage: Stage) -> None:
    http, engine = stage
    first = await http.post("/v1/cases", content=a_submission(), headers=key())
    path = f"/v1/cases/{first.json()['number']}"
    await http.post(f"{path}/withdraw", json={})
    again = await http.post("/v1/cases", content=a_submission(), headers={"idempotency-key": "k-1"})

    assert first.status_code == 201
    assert told(again) == told(first)
    without = await http.post("/v1/cases", content=a_submission())
    assert (without.status_code, without.json()["state"]) == (200, "withdrawn")
    assert await rows(engine, "SELECT count(*) FROM cases") == [(1,)]


async def test_an_act_is_done_once_and_its_repeat_is_no_illegal_move(stage: Stage) -> None:
    http, engine = stage
    number = (await http.post("/v1/cases", content=a_submission(**INCOMPLETE))).json()["number"]
    path = f"/v1/cases/{number}/accept"
    replies = [await http.post(path, headers=key()) for _ in range(3)]

    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert (await http.post(path)).json()["code"] == "illegal_move"
    assert await rows(engine, "SELECT count(*) FROM journal WHERE type = 'yimen.case.accepted.v1'") == [(1,)]


async def test_another_body_under_the_key_is_refused_and_does_nothing(stage: Stage) -> None:
    http, engine = stage
    await http.post("/v1/cases", content=a_submission(1), headers=key())
    other = await http.post("/v1/cases", content=a_submission(2), headers=key())

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_used")
    assert other.headers["content-type"] == "application/problem+json"
    assert await rows(engine, "SELECT count(*) FROM cases") == [(1,)]


async def test_a_key_is_its_senders_own_and_belongs_to_one_path(stage: Stage) -> None:
    http, _ = stage
    first = (await http.post("/v1/cases", content=a_submission(1), headers=key())).json()
    township = token(Role.TOWNSHIP, "130722100000", sources=frozenset({"zhangbei-one-window"}))
    other = await http.post("/v1/cases", content=a_submission(2), headers=key() | township)
    elsewhere = await http.post(f"/v1/cases/{first['number']}/withdraw", headers=key(), json={})

    assert (other.status_code, elsewhere.status_code) == (201, 200)
    assert other.json()["case_id"] != first["case_id"]


@pytest.mark.parametrize("bad", ["", "two words", '"open', "x" * 200, "one, two"])
async def test_a_key_that_is_none_is_refused(stage: Stage, bad: str) -> None:
    http, engine = stage
    reply = await http.post("/v1/cases", content=a_submission(), headers={"idempotency-key": bad})
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_idempotency_key")
    twice = [("idempotency-key", "a"), ("idempotency-key", "b"), *http.headers.items()]
    assert (await http.post("/v1/cases", content=a_submission(), headers=twice)).status_code == 400
    assert await rows(engine, "SELECT count(*) FROM cases") == [(0,)]


async def test_who_sends_it_again_meanwhile_is_told_to_wait(stage: Stage) -> None:
    http, engine = stage
    number = (await http.post("/v1/cases", content=a_submission(**INCOMPLETE))).json()["number"]
    path = f"/v1/cases/{number}/accept"
    claimed = """
        SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND d.datname = current_database()
    """
    async with transaction(engine) as conn:
        await conn.execute(text("SELECT FROM cases FOR UPDATE"))
        first = asyncio.create_task(http.post(path, headers=key()))
        async with asyncio.timeout(60):
            while await rows(engine, claimed) != [(1,)]:  # noqa: ASYNC110 -- the first is at work in another task
                await asyncio.sleep(0.01)
        meanwhile = await http.post(path, headers=key())
    done = await first

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "request_in_progress")
    assert int(meanwhile.headers["retry-after"]) >= 1
    assert done.status_code == 200
    assert told(await http.post(path, headers=key())) == told(done)


async def test_many_at_once_are_one(stage: Stage) -> None:
    http, engine = stage
    replies = await asyncio.gather(*(http.post("/v1/cases", content=a_submission(), headers=key()) for _ in range(12)))
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({reply.content for reply in replies if reply.status_code == 201}) == 1
    assert {reply.json()["code"] for reply in replies if reply.status_code == 409} <= {"request_in_progress"}
    assert await rows(engine, "SELECT count(*) FROM cases") == [(1,)]


async def test_what_breaks_before_the_answer_is_stored_leaves_nothing_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    http, engine = stage
    real = answers.save

    async def crash(conn: Any, *stored: Any) -> None:
        await real(conn, *stored)
        await end_session(conn)

    with monkeypatch.context() as broken:
        broken.setattr(answers, "save", crash)
        reply = await http.post("/v1/cases", content=a_submission(), headers=key())
    assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
    assert "retry-after" in reply.headers
    assert await rows(engine, "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM journal)") == [(0, 0)]

    again = await http.post("/v1/cases", content=a_submission(), headers=key())
    assert again.status_code == 201
    assert told(await http.post("/v1/cases", content=a_submission(), headers=key())) == told(again)


async def test_a_refusal_that_changed_nothing_is_judged_anew(stage: Stage) -> None:
    http, engine = stage
    case = (await http.post("/v1/cases", content=a_submission())).json()
    path = f"/v1/cases/{case['number']}/callback"
    early = await http.post(path, json={"satisfied": True}, headers=key())
    assert (early.status_code, early.json()["code"]) == (409, "illegal_move")
    assert await rows(engine, "SELECT count(*) FROM answers") == [(0,)]
    wrong = await http.post(path, json={"satisfied": "yes"}, headers=key())
    assert wrong.json()["code"] == "wrong_type"


async def test_an_answer_is_forgotten_after_its_time(stage: Stage) -> None:
    http, engine = stage
    first = await http.post("/v1/cases", content=a_submission(), headers=key())
    async with transaction(engine) as conn:
        await conn.execute(text("UPDATE answers SET at = at - interval '3 days'"))
    later = await http.post("/v1/cases", content=a_submission(), headers=key())
    assert (first.status_code, later.status_code) == (201, 200)

    async with transaction(engine) as conn:
        await conn.execute(text("UPDATE answers SET at = at - interval '3 days'"))
    await http.post("/v1/cases", content=a_submission(2), headers=key("k-2"))
    await housekeep(engine, answers_kept=timedelta(hours=48))
    assert await rows(engine, "SELECT count(*) FROM answers") == [(1,)]


async def test_what_is_kept_is_sealed(stage: Stage) -> None:
    http, engine = stage
    case = (await http.post("/v1/cases", content=a_submission(), headers=key("13800000000"))).json()
    ((row,),) = await rows(engine, "SELECT row_to_json(a)::text FROM answers AS a")
    for secret in (case["number"], case["case_id"], "13800000000", "window-1"):
        assert secret not in row
        assert secret.encode().hex() not in row


async def test_a_batch_goes_on_where_it_was_broken_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    http, engine = stage
    monkeypatch.setattr(routes, "BATCH_SIZE", 2)
    lines = b"\n".join(a_submission(number) for number in range(1, 6))
    real = answers.save

    async def crash(conn: Any, part: int, stored: Any) -> None:
        await real(conn, part, stored)
        if part == 1:
            await end_session(conn)

    with monkeypatch.context() as broken:
        broken.setattr(answers, "save", crash)
        assert (await http.post("/v1/cases/batch", content=lines, headers=key())).status_code == 503
    assert await rows(engine, "SELECT count(*) FROM cases") == [(2,)]

    whole = await http.post("/v1/cases/batch", content=lines, headers=key())
    assert [json.loads(line)["status"] for line in whole.text.splitlines()] == [201] * 5
    assert told(await http.post("/v1/cases/batch", content=lines, headers=key())) == told(whole)
    other = await http.post("/v1/cases/batch", content=lines + b"\n", headers=key())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_used")
    assert await rows(engine, "SELECT count(*) FROM cases") == [(5,)]
