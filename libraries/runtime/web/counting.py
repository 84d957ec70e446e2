"""Requests counted by route, method and status, with the time they took: never by what stands in an address."""

import time
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, BeforeMessageSendHookHandler, Message, Receive, Scope, Send

from libraries.runtime.metrics import REQUEST_SECONDS, REQUESTS

BEGAN: Final = "yimen_began"
UNCOUNTED: Final = ("/health/", "/metrics")


def timed(app: ASGIApp) -> ASGIApp:
    """Middleware: from when on a request takes our time."""

    async def begin(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            scope["state"][BEGAN] = time.perf_counter()
        await app(scope, receive, send)

    return begin


def counter_of(service: str) -> BeforeMessageSendHookHandler:
    """For Litestar's `before_send`, which also sees answers to what went wrong."""

    async def count(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start" or (began := scope["state"].get(BEGAN)) is None:
            return
        route = str(scope.get("path_template", ""))
        if not route.startswith(UNCOUNTED):
            labels = (service, str(scope.get("method", "")), route)
            REQUESTS.labels(*labels, message["status"]).inc()
            REQUEST_SECONDS.labels(*labels).observe(time.perf_counter() - began)

    return count
