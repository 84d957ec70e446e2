"""People in front of the portal: signed in, each opens a page every 15 s, every tenth page is a form that is sent."""

import asyncio
import random
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

import httpx

from console.engines.child import free_port
from contracts.codes import Role
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from services.portal import store
from services.portal.passwords import hash_now
from tests.acceptance.installation import SERVICES, Installation, installed
from tests.benchmarks.entering import City
from tests.benchmarks.ground import NOW, Ground

PASSWORD: Final = "correct horse battery"
EACH_SECONDS: Final = 15.0
OF_A_CLERK: Final = 0.17
"""A tenth of all pages, as six of ten people are clerks."""
TOWN: Final = "130722100000"
WINDOW, OFFICE, COUNTY = f"township-{TOWN}", "education-130722000000", "civil_affairs-130722000000"
PAGES: Final = {
    Role.CLERK: ("/counter", "/counter?view=due", "/counter/new", "/counter/new?category=education.student_aid"),
    Role.OFFICER: ("/inbox", "/inbox?view=new", "/board"),
    Role.COORDINATOR: ("/coordinator", "/board"),
}
OF: Final = ((Role.CLERK, WINDOW, TOWN), (Role.CLERK, WINDOW, TOWN), (Role.OFFICER, OFFICE, "130722000000"))
"""Two of three people sit at a window; every tenth coordinates."""
HIDDEN: Final = re.compile(r'<input type="hidden" name="(csrf|submission_id)" value="([^"]+)"')


async def measure(ground: Ground) -> dict[str, Any]:
    people, seconds = (20, 30.0) if ground.quick else (200, 120.0)
    with tempfile.TemporaryDirectory(prefix="yimen-visiting-") as folder:
        database = await ground.fresh()
        async with installed(database, ground.kafka, Path(folder), offices=[OFFICE], origin=NOW) as stack:
            await City(stack, database, [TOWN]).register(people * 5)
            async with _portal(stack, people) as url:
                return await Crowd(url, people).work(seconds) | {"people": people}


@asynccontextmanager
async def _portal(stack: Installation, people: int) -> AsyncIterator[str]:
    await upgrade(stack.database, "portal")
    engine = open_engine(SimpleNamespace(database_url=stack.database), "portal")
    hashed = hash_now(PASSWORD)
    async with transaction(engine) as conn:
        for number in range(people):
            role, office, area = _post(number)
            made = await store.add_account(conn, f"p-{number}", hashed, must_change=False, at=datetime.now(UTC))
            await store.add_post(conn, made, role=role, office=office, area=area, code="")
    await engine.dispose()
    stack.ports["portal"] = free_port()
    stack.environment |= {f"YIMEN_PORTAL_{one.upper()}_URL": stack.url(one) for one in SERVICES}
    await stack.start("portal")
    yield stack.url("portal")


def _post(number: int) -> tuple[Role, str, str]:
    return (Role.COORDINATOR, COUNTY, "130722000000") if number % 10 == 9 else OF[number % len(OF)]


class Crowd:
    """All of them, and how long each answer took."""

    def __init__(self, url: str, people: int) -> None:
        self.url = url
        self.people = people
        self.read: list[float] = []
        self.written: list[float] = []
        self.streams = 0

    async def work(self, seconds: float) -> dict[str, Any]:
        clients = [httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False) for _ in range(self.people)]
        for number, client in enumerate(clients):
            await self._sign_in(client, number)
        until = time.monotonic() + seconds
        await asyncio.gather(*(self._one(client, number, until) for number, client in enumerate(clients)))
        for client in clients:
            await client.aclose()
        pages = sorted(self.read + self.written)
        return {
            "pages_per_second": round(len(pages) / seconds, 1),
            "page_ms_median": round(1000 * statistics.median(pages), 1),
            "page_ms_95": round(1000 * pages[int(len(pages) * 0.95)], 1),
            "form_ms_median": round(1000 * statistics.median(self.written), 1) if self.written else None,
            "live_streams": self.streams,
        }

    async def _sign_in(self, client: httpx.AsyncClient, number: int) -> None:
        hidden = dict(HIDDEN.findall((await client.get("/login")).text))
        form = {**hidden, "login": f"p-{number}", "password": PASSWORD}
        answer = await client.post("/login", data=form, headers={"origin": self.url})
        assert answer.status_code == 303, answer.text[:300]

    async def _one(self, client: httpx.AsyncClient, number: int, until: float) -> None:
        """Begins somewhere within the first 15 s, as people do; half of them leave a live list open."""
        dice = random.Random(number)
        role = _post(number)[0]
        await asyncio.sleep(dice.uniform(0, EACH_SECONDS))
        listening = asyncio.create_task(self._listen(role, client)) if number % 2 else None
        while time.monotonic() < until:
            writes = role is Role.CLERK and dice.random() < OF_A_CLERK
            took = await (self._write(client) if writes else self._read(client, role, dice))
            await asyncio.sleep(max(0.0, EACH_SECONDS - took))
        if listening is not None:
            listening.cancel()

    async def _read(self, client: httpx.AsyncClient, role: Role, dice: random.Random) -> float:
        began = time.perf_counter()
        answer = await client.get(dice.choice(PAGES[role]))
        self.read.append(took := time.perf_counter() - began)
        assert answer.status_code == 200, answer.text[:300]
        return took

    async def _write(self, client: httpx.AsyncClient) -> float:
        """A case is registered; opening the form counts as a page too."""
        began = time.perf_counter()
        page = await client.get("/counter/new?category=education.student_aid")
        self.read.append(time.perf_counter() - began)
        form = {
            **dict(HIDDEN.findall(page.text)),
            "category": "education.student_aid",
            "channel": "window",
            "area": TOWN,
            "applicant.name": f"示例{uuid4().hex[:6]}",
            "summary": "助学（示例）",
        }
        sent = time.perf_counter()
        answer = await client.post("/counter/new", data=form, headers={"origin": self.url})
        self.written.append(time.perf_counter() - sent)
        assert answer.status_code == 303, answer.text[:300]
        return time.perf_counter() - began

    async def _listen(self, role: Role, client: httpx.AsyncClient) -> None:
        name = {Role.CLERK: "counter", Role.OFFICER: "inbox"}.get(role, "coordinator")
        async with client.stream("GET", f"/live/{name}", timeout=None) as answer:
            assert answer.status_code == 200
            self.streams += 1
            async for _ in answer.aiter_lines():
                pass
