"""What carries the play: a client that is patient, and a scheduler that keeps what went wrong."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from console.demo.client import ATTEMPTS, Addresses, Answer, Client
from console.demo.scheduler import Never, Scheduler
from libraries.runtime.clock import Clock
from libraries.runtime.web.auth import Principal, Role, read_token
from tests.unit.console.demo.cases import MONDAY

KEY = "k" * 32
CLERK = Principal(subject="clerk", role=Role.CLERK, area="130722000000")
ADDRESSES = Addresses(intake="http://intake", routing="http://routing", kafka="nobody:1", token_key=KEY)


def client(replies: Iterator[httpx.Response | httpx.TransportError], asked: list[httpx.Request]) -> Client:
    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = next(replies)
        if isinstance(found, httpx.TransportError):
            raise found
        return found

    client = httpx.AsyncClient(transport=httpx.MockTransport(reply))
    return Client(addresses=ADDRESSES, http=client)


async def test_a_service_that_is_away_for_a_moment_is_asked_again() -> None:
    asked: list[httpx.Request] = []
    replies = iter([httpx.ConnectError("away"), httpx.Response(503), httpx.Response(201, json={"number": "1"})])
    answer = await client(replies, asked).post(CLERK, "http://intake/v1/cases", {"a": 1})
    assert (answer.status, answer.code, answer.body) == (201, "", {"number": "1"})
    assert len(asked) == 3
    assert read_token(KEY, asked[0].headers["authorization"].removeprefix("Bearer ")).subject == "clerk"


async def test_a_no_is_an_answer() -> None:
    asked: list[httpx.Request] = []
    answer = await client(iter([httpx.Response(409, json={"code": "co_handlers_open"})]), asked).get(CLERK, "http://x")
    assert (answer.code, len(asked)) == ("co_handlers_open", 1)
    assert Answer(status=404, body={}).code == "404"


async def test_patience_ends() -> None:
    asked: list[httpx.Request] = []
    with pytest.raises(httpx.ConnectError):
        await client(iter([httpx.ConnectError("away")] * ATTEMPTS), asked).get(CLERK, "http://x")
    assert len(asked) == ATTEMPTS


def a_scheduler() -> Scheduler:
    clock = Clock(speed=86_400.0, origin=MONDAY, anchor=MONDAY.now(MONDAY.tzinfo))
    return Scheduler(clock=clock, horizon=MONDAY + timedelta(days=60))


async def test_a_moment_behind_the_horizon_never_comes() -> None:
    scheduler = a_scheduler()
    with pytest.raises(Never):
        await scheduler.until(scheduler.horizon + timedelta(seconds=1))
    await scheduler.pass_by(timedelta(hours=1))
    await scheduler.until(MONDAY - timedelta(days=1))


async def test_what_goes_wrong_is_kept_and_what_never_happens_is_not() -> None:
    scheduler = a_scheduler()

    async def fails() -> None:
        raise ValueError("wrong")

    async def never() -> None:
        raise Never

    scheduler.spawn(asyncio.sleep(100))
    scheduler.spawn(never())
    scheduler.spawn(fails())
    assert scheduler.busy == 3
    await asyncio.sleep(0.01)
    assert scheduler.busy == 1
    scheduler.stop()
    await asyncio.sleep(0.01)
    assert scheduler.busy == 0
    assert [type(error) for error in scheduler.errors] == [ValueError]
