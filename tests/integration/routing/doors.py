"""Routing's HTTP door over a real socket, on a database that the caller names."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from services.routing.http import ROUTES
from services.runtime.auth import Principal, issue_token
from services.runtime.http import build_app
from services.runtime.server import serving
from tests.integration.routing.test_routing import Routing

KEY = "t" * 32


def bearer(who: Principal) -> dict[str, str]:
    return {"authorization": f"Bearer {issue_token(KEY, who)}"}


@asynccontextmanager
async def open_doors(routing: Routing) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""

    async def probe() -> dict[str, str]:
        return {"database": "ok"}

    router = routing.router
    state = {"engine": routing.engine, "router": router, "places": router.policy, "token_key": KEY}
    app = build_app("routing", ROUTES, state=state, probe=probe)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = serving(app)
        served = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            yield client
        server.should_exit = True
        await served
