"""A service's HTTP API over a real socket, and the tokens of those who ask."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from litestar import Litestar
from litestar.types import ControllerRouterHandler, Middleware
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.web.app import build_app
from libraries.runtime.web.auth import OF_AN_OFFICE, Principal, Role, issue_token, read_token
from libraries.runtime.web.idempotency import AnswerStore
from tests.sealing import SEALER
from tests.sockets import listening

KEY = "t" * 32


def bearer(who: Principal) -> dict[str, str]:
    return {"authorization": f"Bearer {issue_token(KEY, who)}"}


def one_of_each_role(office: str, referral: UUID | None = None) -> dict[str, str]:
    """By role a token that lacks nothing: of the office, of a link to a referral, or for the whole installation."""
    found = {}
    for role in Role:
        of_office = role in OF_AN_OFFICE or role is Role.LINK
        one = Principal(
            subject=f"{role.value}-1",
            role=role,
            office=office if of_office else None,
            referral=(referral or uuid4()) if role is Role.LINK else None,
            installation=not of_office,
        )
        found[role.value] = issue_token(KEY, one)
        read_token(KEY, found[role.value])  # raises if it lacks something
    return found


def application(
    service: str,
    routes: Sequence[ControllerRouterHandler],
    state: Mapping[str, Any],
    middleware: Sequence[Middleware] = (),
) -> Litestar:
    """As the service builds it, always ready."""

    async def probe() -> dict[str, str]:
        return {"database": "ok"}

    return build_app(service, routes, state={**state, "token_key": KEY}, probe=probe, middleware=middleware)


@asynccontextmanager
async def client_of(
    service: str, routes: Sequence[ControllerRouterHandler], engine: AsyncEngine, state: Mapping[str, Any]
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token; answers are stored for two days as in a running service."""
    store = AnswerStore(engine=engine, sealer=state.get("sealer", SEALER), lifetime=timedelta(hours=48))
    app = application(service, routes, {"engine": engine, **state}, [store.middleware])
    async with listening(app) as address, httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client
