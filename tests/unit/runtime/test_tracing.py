"""Traces handed on inside one process: over HTTP, and into the log."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import get

from contracts.tracing import Trace, read_trace
from libraries.runtime import logs
from libraries.runtime.tracing import current, step, within
from libraries.runtime.web.app import build_app
from tests.sockets import listening

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@get("/trace")
async def trace() -> dict[str, str]:
    return {"trace": str(current())}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async def probe() -> dict[str, str]:
        return {}

    app = build_app("test", [trace], state={}, probe=probe)
    async with listening(app) as address, httpx.AsyncClient(base_url=address) as client:
        yield client


def test_a_step_keeps_the_trace_and_has_a_parent_of_its_own() -> None:
    before = read_trace(GOOD)
    assert before is not None
    ours = step(before)
    assert (ours.trace_id, ours.flags) == (before.trace_id, 1)
    assert ours.parent_id != before.parent_id
    assert read_trace(str(ours)) == ours


def test_without_a_cause_each_step_begins_a_trace() -> None:
    first, second = step(), step()
    assert first.trace_id != second.trace_id
    assert read_trace(str(first)) == first
    assert first.flags == 0


def test_what_is_inside_belongs_to_the_trace_and_nothing_else_does() -> None:
    outer, inner = step(), step()
    with within(outer):
        with within(inner):
            assert current() is inner
        assert current() is outer
    assert current() is None


async def asked(http: httpx.AsyncClient, *values: str) -> Trace:
    reply = await http.get("/trace", headers=[("traceparent", value) for value in values])
    assert reply.status_code == 200
    found = read_trace(reply.json()["trace"])
    assert found is not None
    return found


async def test_a_request_goes_on_in_the_trace_that_it_names(http: httpx.AsyncClient) -> None:
    found = await asked(http, GOOD)
    assert str(found).startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert found.parent_id != "b7ad6b7169203331"


@pytest.mark.parametrize("values", [(), ("nonsense",), (GOOD.upper(),), (GOOD, GOOD), ("00-" + "0" * 32,)])
async def test_any_other_request_begins_one_and_is_answered_all_the_same(
    http: httpx.AsyncClient, values: tuple[str, ...]
) -> None:
    first, second = await asked(http, *values), await asked(http, *values)
    assert first.trace_id != second.trace_id
    assert "0af7651916cd43dd8448eb211c80319c" not in (first.trace_id, second.trace_id)


def test_a_line_of_the_log_names_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    line: dict[str, Any] = {"event": "said"}
    assert logs.with_trace(None, "", line) == line
    with within(step(read_trace(GOOD))):
        told = logs.with_trace(None, "", line)
    assert json.loads(logs._encoded(told)) == {"event": "said", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
