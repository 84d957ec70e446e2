"""The portal on a real database, in this process; the services behind it are away unless a test brings one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import Role
from libraries.policies import PolicyWatch
from libraries.runtime.database.engine import open_engine, transaction
from services.portal import store
from services.portal.app import PortalSettings, build
from services.portal.passwords import hash_now
from services.portal.remote import Services, new_client
from tests.databases import fresh_database

KEY = "t" * 32
HOME = "http://portal.test"
PASSWORD = "three blue doors"
HASH = hash_now(PASSWORD)
TOWN = "township-130722100000"
AWAY = "http://127.0.0.1:9"


@dataclass
class Portal:
    app: Litestar
    engine: AsyncEngine
    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 1, 0, tzinfo=UTC))

    def browser(self, *, address: str = "10.0.0.1", **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(address, 50000))
        return httpx.AsyncClient(transport=transport, base_url=HOME, headers={"origin": HOME, **headers})

    def passes(self, span: timedelta) -> None:
        self.at += span

    async def account(self, login: str, *, role: Role = Role.CLERK, office: str = TOWN, first: bool = False) -> Any:
        async with transaction(self.engine) as conn:
            made = await store.add_account(conn, login, HASH, must_change=first, at=self.at)
            await store.add_post(conn, made, role=role, office=office, area=office[-12:], code="")
        return made


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The URL of a database with the schema of portal, that only this test knows."""
    async with fresh_database(postgres, "portal") as url:
        yield url


@pytest.fixture(scope="session")
def policy() -> PolicyWatch:
    settings = portal_settings("postgresql://nobody@127.0.0.1/none")
    return PolicyWatch(settings.policy_dir)


def portal_settings(database: str, **more: Any) -> PortalSettings:
    urls = {f"portal_{name}_url": AWAY for name in ("intake", "routing", "notify")}
    return PortalSettings(database_url=database, token_key=KEY, **{**urls, **more})


@pytest.fixture
async def portal(database: str, policy: PolicyWatch) -> AsyncIterator[Portal]:
    engine = open_engine(SimpleNamespace(database_url=database), "portal")
    settings = portal_settings(database)
    async with new_client() as client:
        services = Services(client=client, urls=settings.services, token_key=KEY)
        found = Portal(app=build(settings, engine, services, policy), engine=engine)
        found.app.state.portal = replace(found.app.state.portal, now=lambda: found.at)
        yield found
    await engine.dispose()
