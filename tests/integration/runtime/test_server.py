"""The HTTP server over a socket: half requests end, two lengths are refused, and its own lines are JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar import Request, post

from libraries.runtime import logs
from libraries.runtime.web.app import build_app
from libraries.runtime.web.problems import SECURITY_HEADERS
from tests.logs import logging_kept
from tests.sockets import listening

HEAD = b"GET /health/live HTTP/1.1\r\nhost: here\r\n"
BODY = b"POST /takes HTTP/1.1\r\nhost: here\r\ncontent-length: 20\r\n\r\n"


@post("/takes", status_code=200)
async def takes(request: Request[Any, Any, Any]) -> dict[str, str]:
    await request.body()
    return {"status": "taken", "headers": " ".join(name.decode() for name, _ in request.scope["headers"])}


@asynccontextmanager
async def served(*, head_seconds: float = 0.3, body_seconds: float = 1.0) -> AsyncIterator[int]:
    async def probe() -> dict[str, str]:
        return {}

    app = build_app("test", [takes], state={"token_key": "t" * 32}, probe=probe)
    async with listening(app, head_seconds=head_seconds, body_seconds=body_seconds) as address:
        yield int(address.rpartition(":")[2])


async def answer(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Everything until the server closes; fails if it does not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            if reader._buffer:
                break
            writer.write(part)
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), timeout=5)
    finally:
        writer.close()


def problem_of(raw: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(status.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize("half", [HEAD, BODY, BODY + b"{", b"G"], ids=["head", "no-body", "half-body", "one-byte"])
async def test_half_a_request_is_ended(half: bytes) -> None:
    async with served() as port:
        status, headers, told = problem_of(await answer(port, half))
    assert (status, told["code"]) == (408, "request_timeout")
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/problem+json"
    assert SECURITY_HEADERS.items() <= headers.items()


async def test_a_connection_that_asks_nothing_is_closed_without_a_word() -> None:
    async with served() as port:
        assert await answer(port) == b""


async def test_a_body_that_drips_has_an_end() -> None:
    async with served(body_seconds=0.8) as port:
        status, _, _ = problem_of(await answer(port, BODY, *[b" "] * 9, pause=0.15))
    assert status == 408


async def test_a_head_that_drips_has_an_end() -> None:
    async with served() as port:
        status, _, _ = problem_of(await answer(port, b"GET ", b"/", b"health", b"/live", b" HTTP", b"/1.1", pause=0.1))
    assert status == 408


async def test_a_body_may_take_longer_than_a_head_while_it_comes() -> None:
    async with served(head_seconds=1.0, body_seconds=10) as port:
        whole = BODY.replace(b"host", b"connection: close\r\nhost")
        raw = await answer(port, whole, *[b" "] * 18, b"{", b"}", pause=0.1)
    assert raw.startswith(b"HTTP/1.1 200")


async def test_a_kept_connection_takes_the_next_request_after_a_rest() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await reader.readexactly(len(b'{"status":"ok"}'))
            await asyncio.sleep(0.5)
        writer.write(b"GET /hea")
        assert problem_of(await asyncio.wait_for(reader.read(), timeout=5))[0] == 408
        writer.close()


async def test_three_hundred_half_requests_do_not_stay_open() -> None:
    async with served(head_seconds=1.0) as port:
        found = await asyncio.gather(*(answer(port, HEAD if number % 2 else BODY) for number in range(300)))
    assert {problem_of(raw)[0] for raw in found} == {408}


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /takes HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /takes HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /takes HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nx: 1\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"POST /takes HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n",
        b"POST /takes HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\nhalf a header\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\ny: " + b"z" * 70_000,
        b"GET /" + b"z" * 70_000,
        b"CONNECT there:443 HTTP/1.1\r\nhost: there\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=[
        "two-kinds-of-length",
        "chunked-in-1.0",
        "two-lengths",
        "no-host",
        "two-hosts",
        "bad-chunk",
        "length-below-zero",
        "no-header",
        "endless-header",
        "endless-target",
        "connect",
        "nonsense",
    ],
)
async def test_what_is_no_http_is_refused_and_closes_the_connection(request_: bytes) -> None:
    async with served() as port:
        # What follows in the same connection is not taken for a request.
        status, headers, told = problem_of(await answer(port, request_ + HEAD + b"\r\n"))
    assert (status, told["code"], headers["connection"]) == (400, "bad_http", "close")
    assert SECURITY_HEADERS.items() <= headers.items()


ASKS: bytes = HEAD + b"\r\n"
CHUNKED = BODY.replace(b"content-length: 20", b"connection: close\r\ntransfer-encoding: chunked") + b"2\r\n{}\r\n0\r\n"


async def test_what_was_asked_before_nonsense_is_answered_and_nothing_after_it() -> None:
    async with served() as port:
        raw = await answer(port, ASKS + ASKS + b"nonsense\r\n\r\n" + ASKS)
    assert raw.startswith(b"HTTP/1.1 200")
    assert raw.count(b"HTTP/1.1 ") <= 2
    assert b" 400 " not in raw, "it would be taken for the answer to a request"


async def test_requests_sent_ahead_are_answered_in_order() -> None:
    async with served() as port:
        raw = await answer(
            port,
            ASKS * 3 + BODY + b'{"a":"1234567890a"}}' + ASKS.replace(b"\r\nhost", b"\r\nconnection: close\r\nhost"),
        )
    assert raw.count(b"HTTP/1.1 200") == 5
    assert raw.index(b"taken") > raw.index(b"ok")


async def test_what_follows_a_body_is_no_header() -> None:
    async with served() as port:
        raw = await answer(port, CHUNKED + b"idempotency-key: k\r\nhost: there\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 200")
    assert b'"host connection transfer-encoding"' in raw


async def test_a_kept_connection_that_sends_empty_lines_alone_is_closed() -> None:
    async with served() as port:
        raw = await answer(port, ASKS, *[b"\r\n"] * 20, pause=0.05)
    assert raw.count(b"HTTP/1.1 ") == 1


@pytest.fixture
def logging_restored() -> Iterator[None]:
    with logging_kept():
        yield


@pytest.mark.usefixtures("logging_restored")
async def test_the_servers_own_lines_are_json(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("test", "INFO")
    async with served() as port:
        await answer(port, b"nonsense\r\n\r\n")
    out, err = capfd.readouterr()
    assert err == ""
    assert [json.loads(line)["logger"] for line in out.splitlines()] == ["uvicorn.error"]
