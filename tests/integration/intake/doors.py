"""Intake's HTTP door over a real socket, on a database that the caller names."""

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from services.deadlines import Limit
from services.intake.domain.acts import Rules
from services.intake.http import ROUTES
from services.policies import PolicyWatch
from services.runtime.auth import Principal, issue_token
from services.runtime.clock import Clock
from services.runtime.database import open_engine
from services.runtime.http import build_app
from services.runtime.migrate import upgrade
from services.runtime.sealing import Sealer
from services.runtime.server import serving
from tests.integration.intake.test_registration import PACK

KEY = "t" * 32
SEALER = Sealer(b64encode(b"k" * 32).decode())


def bearer(who: Principal) -> dict[str, str]:
    return {"authorization": f"Bearer {issue_token(KEY, who)}"}


@asynccontextmanager
async def open_doors(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """A client without a token, and the engine behind the doors."""
    await upgrade(database, "intake")
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    policy = PolicyWatch(PACK)
    state = {"engine": engine, "policy": policy, "sealer": SEALER, "clock": Clock(), "places": policy, "token_key": KEY}
    state["rules"] = lambda: Rules(policy=policy.policy, reopen_limit=Limit.parse("15d"))

    async def probe() -> dict[str, str]:
        return {"database": "ok"}

    app = build_app("intake", ROUTES, state=state, probe=probe)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = serving(app)
        served = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            yield client, engine
        server.should_exit = True
        await served
    await engine.dispose()
