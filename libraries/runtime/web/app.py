"""The HTTP side that all services share: problems, limits, health, metrics, OpenAPI."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, MediaType, Response, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from libraries.runtime.web.acting import named
from libraries.runtime.web.counting import counter_of, timed
from libraries.runtime.web.openapi import Described, document
from libraries.runtime.web.problems import SECURITY_HEADERS, on_error, on_http_exception
from libraries.runtime.web.requests import check_request
from libraries.runtime.web.tracing import traces

Probe = Callable[[], Awaitable[Mapping[str, str]]]
"""Names each part of the service with `ok` or what is wrong with it."""
OK = "ok"
DEGRADED = "degraded: "
"""Begins what is wrong with a part without which the service does its work all the same: people are told of it, and
nobody sends its requests elsewhere."""


def json_body(kind: type[Any]) -> Any:
    """The annotation of a body whose type is known only when its route is made."""
    bodies: Any = JSONBody
    return bodies[kind]


@get("/health/live", media_type=MediaType.JSON, tags=["health"])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": OK}


@get(
    "/health/ready",
    media_type=MediaType.JSON,
    tags=["health"],
    opt=Described(answers=dict.fromkeys((200, 503), dict[str, str])).opt(),
)
async def ready(state: State) -> Response[dict[str, str]]:
    """Each part with `ok` or what is wrong; 503 unless all are, or only `degraded`."""
    parts = dict(await state.probe())
    fit = all(value == OK or value.startswith(DEGRADED) for value in parts.values())
    return Response(parts, status_code=200 if fit else 503)


@get("/metrics", tags=["health"], opt=Described(answers={200: str}, media=("text/plain",)).opt())
async def metrics() -> Response[bytes]:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@get("/openapi.json", media_type=MediaType.JSON, include_in_schema=False)
async def openapi(state: State) -> dict[str, Any]:
    """The document itself."""
    told: dict[str, Any] = state.document
    return told


def build_app(
    service: str,
    routes: Sequence[ControllerRouterHandler],
    *,
    state: Mapping[str, Any],
    probe: Probe,
    body_limit: int = 1024 * 1024,
    board: Sequence[str] = (),
    middleware: Sequence[Middleware] = (),
    lifespan: Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]] = (),
) -> Litestar:
    """The application of one service. Routes find `state` by attribute.

    Who calls is known by `token_key` and `places`; the rest is theirs.

    Pages of the addresses in `board` may read what a token that they have opens; no other page may.
    """
    app = Litestar(
        route_handlers=[live, ready, metrics, openapi, *routes],
        state=State({**state, "probe": probe}),
        before_request=check_request,
        exception_handlers={HTTPException: on_http_exception, Exception: on_error},
        request_max_body_size=body_limit,
        response_headers=SECURITY_HEADERS,
        cors_config=CORSConfig(allow_origins=list(board), allow_methods=["GET"], allow_headers=["authorization"])
        if board
        else None,
        middleware=[traces, timed, named, *middleware],
        before_send=[counter_of(service)],
        openapi_config=None,  # ours is made of what requests are checked by
        lifespan=list(lifespan),
        logging_config=None,  # its own would take the root logger, with a format and a thread of its own
    )
    app.state.document = document(app, f"Yimen {service}")
    return app
