"""Intake's HTTP door over a real socket, on a database that the caller names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.web.app import build_app
from libraries.runtime.web.auth import Principal, issue_token
from libraries.runtime.web.idempotency import AnswerStore
from services.intake.http import ROUTES
from tests.integration.intake.test_registration import PACK
from tests.sealing import SEALER
from tests.sockets import listening

KEY = "t" * 32


def bearer(who: Principal) -> dict[str, str]:
    return {"authorization": f"Bearer {issue_token(KEY, who)}"}


@asynccontextmanager
async def open_client(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """A client without a token, and the engine behind it."""
    await upgrade(database, "intake")
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    policy = PolicyWatch(PACK)
    state = {"engine": engine, "policy": policy, "sealer": SEALER, "clock": Clock(), "places": policy, "token_key": KEY}

    async def probe() -> dict[str, str]:
        return {"database": "ok"}

    store = AnswerStore(engine=engine, sealer=SEALER, lifetime=timedelta(hours=48))
    app = build_app("intake", ROUTES, state=state, probe=probe, middleware=[store.middleware])
    async with listening(app) as address, httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client, engine
    await engine.dispose()
