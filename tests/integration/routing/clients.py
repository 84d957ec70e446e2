"""Routing's HTTP door over a real socket, on a database that the caller names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from libraries.runtime.web.app import build_app
from libraries.runtime.web.auth import Principal, issue_token
from libraries.runtime.web.idempotency import AnswerStore
from services.routing.http import ROUTES
from tests.integration.routing.test_routing import Routing
from tests.sockets import listening

KEY = "t" * 32


def bearer(who: Principal) -> dict[str, str]:
    return {"authorization": f"Bearer {issue_token(KEY, who)}"}


@asynccontextmanager
async def open_client(routing: Routing) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""

    async def probe() -> dict[str, str]:
        return {"database": "ok"}

    router = routing.router
    state = {"engine": routing.engine, "router": router, "places": router.policy, "token_key": KEY}
    store = AnswerStore(engine=routing.engine, sealer=router.sealer, lifetime=timedelta(hours=48))
    app = build_app("routing", ROUTES, state=state, probe=probe, middleware=[store.middleware])
    async with listening(app) as address, httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client
