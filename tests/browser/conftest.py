"""One city for all browser tests: real engines, the three services, the portal, and people with accounts."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from console.engines.child import free_port
from contracts.codes import Role
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from services.portal import store
from services.portal.passwords import hash_now
from tests.acceptance.installation import SERVICES, Installation, installed
from tests.browser import chromium
from tests.programs import CHROMIUM

TOWN = "township-130722100000"
SCHOOLS = "education-130722000000"
PASSWORD = "correct horse battery"
PATIENCE_MS = 15_000
"""What stands on a page at once is seen at once; a machine that is kept busy takes its time."""
expect.set_options(timeout=PATIENCE_MS)
PEOPLE = {
    "window": (Role.CLERK, TOWN, "130722100000", "window-1"),
    "window2": (Role.CLERK, TOWN, "130722100000", "window-2"),
    "schools": (Role.OFFICER, SCHOOLS, "130722000000", ""),
    "head": (Role.HEAD, SCHOOLS, "130722000000", ""),
    "county": (Role.COORDINATOR, "civil_affairs-130722000000", "130722000000", ""),
    "desk": (Role.OFFICER, "civil_affairs-130722000000", "130722000000", ""),
    "petitions": (Role.OFFICER, "petition-130722000000", "130722000000", ""),
    "admin": (Role.ADMINISTRATOR, "", "130722000000", ""),
    "admin-of-another": (Role.ADMINISTRATOR, "", "130723000000", ""),
    "ops": (Role.OPS, "", "130700000000", ""),
    "auditor": (Role.AUDITOR, "", "130722000000", ""),
    "village": (Role.ASSISTANT, "", "130722100201", ""),
    "city-wide": (Role.COORDINATOR, "", "130722000000", ""),
}
ABOVE = {"city-wide": (Role.COORDINATOR, "", "130700000000", "")}


@dataclass(kw_only=True)
class City:
    """Where everything is, and how tests look at it."""

    url: str
    services: Installation
    browser: Browser
    patience_ms: int = PATIENCE_MS

    @property
    def folder(self) -> Path:
        """Where the logs are that a failed test leaves behind."""
        return self.services.folder

    async def person(self, **options: Any) -> Page:
        """A browser of one's own; without JavaScript unless it is asked for."""
        context: BrowserContext = await self.browser.new_context(
            base_url=self.url, locale="zh-CN", **{"java_script_enabled": False, **options}
        )
        context.set_default_timeout(self.patience_ms)
        return await context.new_page()

    async def signed_in(self, login: str, **options: Any) -> Page:
        page = await self.person(**options)
        await page.goto("/login")
        await sign_in(page, login)
        return page


async def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    await page.fill("#login", login)
    await page.fill("#password", password)
    await page.click("main button")


async def faults_of(page: Page, *rules: str) -> list[tuple[str, str]]:
    """What axe finds wrong on a page as it stands; by these of its rules, or by all."""
    found = await Axe().run(page, options={"runOnly": list(rules)} if rules else None)
    return [(one["id"], node["html"][:200]) for one in found.response["violations"] for node in one["nodes"]]


@pytest.fixture(scope="module")
async def city(postgres: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    program = CHROMIUM.demand()
    name = f"city_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    running = _running(f"{postgres.rpartition('/')[0]}/{name}", kafka, tmp_path_factory.mktemp("city"))
    try:
        async with running as found, async_playwright() as playwright:
            found.browser = await playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
            yield found
            await found.browser.close()
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


class _running:  # noqa: N801 -- used as a function
    """The services and the portal as processes, with everybody's account."""

    def __init__(self, database: str, kafka: str, folder: Path) -> None:
        self._database = database
        # A gateway at which nobody listens: what it makes of messages can be seen on a page.
        settings = {"YIMEN_NOTIFY_SMS_URL": "http://127.0.0.1:9/send", "YIMEN_PORTAL_LIVE_SECONDS": "0.5"}
        self._installed = installed(database, kafka, folder, offices=[SCHOOLS], settings=settings)

    async def __aenter__(self) -> City:
        services = await self._installed.__aenter__()
        await upgrade(self._database, "portal")
        await _make_accounts(self._database)
        services.ports["portal"] = free_port()
        services.environment |= {f"YIMEN_PORTAL_{one.upper()}_URL": services.url(one) for one in SERVICES}
        await services.start("portal")
        return City(url=services.url("portal"), services=services, browser=None)

    async def __aexit__(self, *error: object) -> None:
        await self._installed.__aexit__(*error)


@dataclass(kw_only=True)
class _Database:
    database_url: str


async def _make_accounts(database: str) -> None:
    engine = open_engine(_Database(database_url=database), "portal")
    hashed = hash_now(PASSWORD)
    async with transaction(engine) as conn:
        for login, (role, office, area, post) in PEOPLE.items():
            made = await store.add_account(conn, login, hashed, must_change=False, at=datetime.now(UTC))
            await store.add_post(conn, made, role=role, office=office, area=area, code=post)
        for login, (role, office, area, post) in ABOVE.items():
            known = await store.find_account(conn, login)
            assert known is not None
            await store.add_post(conn, known.id, role=role, office=office, area=area, code=post)
    await engine.dispose()
