"""Routing's HTTP door over a real socket, on a database that the caller names."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from services.routing.answering import Answering
from services.routing.http import ROUTES
from tests.integration.routing.test_routing import Routing
from tests.integration.web import client_of


def open_client(routing: Routing) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A client without a token."""
    router = routing.router
    state: dict[str, Any] = {"router": router, "places": router.policy, "sealer": router.sealer}
    state["answering"] = Answering(engine=routing.engine, router=router)
    return client_of("routing", ROUTES, routing.engine, state)
