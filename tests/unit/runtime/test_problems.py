"""What every refusal carries: headers that keep it from being misused, who may ask how, and when to come again."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.codes import Role
from libraries.runtime.database.engine import outage_over
from libraries.runtime.failures import ConcurrentDelivery, InfrastructureDown
from libraries.runtime.web.app import build_app
from libraries.runtime.web.auth import requires
from libraries.runtime.web.problems import SECURITY_HEADERS


@get("/guarded", guards=[requires(Role.OPS)])
async def guarded() -> dict[str, str]:
    return {}


@get("/away")
async def away() -> dict[str, str]:
    raise InfrastructureDown


@get("/busy")
async def busy() -> dict[str, str]:
    raise ConcurrentDelivery


@get("/breaks")
async def breaks() -> dict[str, str]:
    raise ZeroDivisionError


@post("/writes", status_code=200)
async def writes(state: State) -> dict[str, str]:
    outage_over(state.engine)
    return {}


@get("/shelves/{number:int}")
async def looks(number: FromPath[int]) -> dict[str, int]:
    return {"number": number}


@post("/shelves/{number:int}")
async def puts(number: FromPath[int]) -> dict[str, int]:
    return {"number": number}


@pytest.fixture
async def door() -> AsyncIterator[httpx.AsyncClient]:
    async def probe() -> dict[str, str]:
        return {}

    state: dict[str, Any] = {"token_key": "k" * 32, "engine": create_async_engine("postgresql+asyncpg://nowhere/none")}
    app = build_app("sample", [looks, puts, guarded, away, busy, breaks, writes], state=state, probe=probe)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sample") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/guarded", 401),
        ("GET", "/nowhere", 404),
        ("POST", "/guarded", 405),
        ("GET", "/guarded?x=1", 401),
        ("GET", "/away?x=1", 422),
        ("GET", "/breaks", 500),
        ("GET", "/away", 503),
    ],
)
async def test_every_refusal_is_a_problem_that_nobody_keeps_or_frames(
    door: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    reply = await door.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    for name, value in SECURITY_HEADERS.items():
        assert reply.headers.get_list(name) == [value]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_a_method_that_is_not_there_names_those_that_are(door: httpx.AsyncClient, method: str) -> None:
    reply = await door.request(method, "/guarded")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, OPTIONS")


async def test_a_path_names_all_of_its_methods(door: httpx.AsyncClient) -> None:
    reply = await door.options("/guarded")
    assert (reply.status_code, reply.headers["allow"]) == (204, "GET, OPTIONS")
    assert (await door.options("/shelves/3")).headers["allow"] == "GET, OPTIONS, POST"
    assert (await door.put("/shelves/3")).headers["allow"] == "GET, OPTIONS, POST"


async def test_who_has_been_away_for_long_is_asked_again_later(
    door: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    waits = []
    for later in (0, 3, 4, 20, 3600):
        now += later
        waits.append((await door.get("/away")).headers["retry-after"])
    assert waits == ["1", "3", "7", "27", "60"]
    await door.post("/writes")
    assert (await door.get("/away")).headers["retry-after"] == "1"
    assert (await door.get("/busy")).headers["retry-after"] == "1"


async def test_requests_are_counted_by_route_and_status_and_never_by_what_was_asked_for(
    door: httpx.AsyncClient,
) -> None:
    def seen(path: str, status: str) -> float:
        labels = {"service": "sample", "route": path, "method": "GET", "status": status}
        return REGISTRY.get_sample_value("yimen_http_requests_total", labels) or 0

    before = seen("/shelves/{number}", "200"), seen("/breaks", "500"), seen("/away", "503")
    for path in ("/shelves/3", "/shelves/4", "/breaks", "/away", "/health/live", "/nowhere/3"):
        await door.get(path)
    after = seen("/shelves/{number}", "200"), seen("/breaks", "500"), seen("/away", "503")
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1, 1]
    assert "/shelves/3" not in generate_latest().decode()
    assert "/nowhere" not in generate_latest().decode()
