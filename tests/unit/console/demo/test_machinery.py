"""What carries the play: doors that are patient, and a wheel that keeps what went wrong."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from console.demo.client import ATTEMPTS, Addresses, Answer, Doors
from console.demo.scheduler import Never, Wheel
from libraries.runtime.clock import Clock
from libraries.runtime.web.auth import Principal, Role, read_token
from tests.unit.console.demo.cases import MONDAY

KEY = "k" * 32
CLERK = Principal(subject="clerk", role=Role.CLERK, area="130722000000")
ADDRESSES = Addresses(intake="http://intake", routing="http://routing", kafka="nobody:1", token_key=KEY)


def doors(replies: Iterator[httpx.Response | httpx.TransportError], asked: list[httpx.Request]) -> Doors:
    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = next(replies)
        if isinstance(found, httpx.TransportError):
            raise found
        return found

    client = httpx.AsyncClient(transport=httpx.MockTransport(reply))
    return Doors(addresses=ADDRESSES, http=client)


async def test_a_service_that_is_away_for_a_moment_is_asked_again() -> None:
    asked: list[httpx.Request] = []
    replies = iter([httpx.ConnectError("away"), httpx.Response(503), httpx.Response(201, json={"number": "1"})])
    answer = await doors(replies, asked).post(CLERK, "http://intake/v1/cases", {"a": 1})
    assert (answer.status, answer.code, answer.body) == (201, "", {"number": "1"})
    assert len(asked) == 3
    assert read_token(KEY, asked[0].headers["authorization"].removeprefix("Bearer ")).subject == "clerk"


async def test_a_no_is_an_answer() -> None:
    asked: list[httpx.Request] = []
    answer = await doors(iter([httpx.Response(409, json={"code": "co_handlers_open"})]), asked).get(CLERK, "http://x")
    assert (answer.code, len(asked)) == ("co_handlers_open", 1)
    assert Answer(status=404, body={}).code == "404"


async def test_patience_ends() -> None:
    asked: list[httpx.Request] = []
    with pytest.raises(httpx.ConnectError):
        await doors(iter([httpx.ConnectError("away")] * ATTEMPTS), asked).get(CLERK, "http://x")
    assert len(asked) == ATTEMPTS


def a_wheel() -> Wheel:
    clock = Clock(speed=86_400.0, origin=MONDAY, anchor=MONDAY.now(MONDAY.tzinfo))
    return Wheel(clock=clock, horizon=MONDAY + timedelta(days=60))


async def test_a_moment_behind_the_horizon_never_comes() -> None:
    wheel = a_wheel()
    with pytest.raises(Never):
        await wheel.until(wheel.horizon + timedelta(seconds=1))
    await wheel.pass_by(timedelta(hours=1))
    await wheel.until(MONDAY - timedelta(days=1))


async def test_what_goes_wrong_is_kept_and_what_never_happens_is_not() -> None:
    wheel = a_wheel()

    async def fails() -> None:
        raise ValueError("wrong")

    async def never() -> None:
        raise Never

    wheel.spawn(asyncio.sleep(100))
    wheel.spawn(never())
    wheel.spawn(fails())
    assert wheel.busy == 3
    await asyncio.sleep(0.01)
    assert wheel.busy == 1
    wheel.stop()
    await asyncio.sleep(0.01)
    assert wheel.busy == 0
    assert [type(error) for error in wheel.errors] == [ValueError]
