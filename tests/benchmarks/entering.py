"""What comes through the doors of a whole installation: registrations by three doors, acts, and lives of cases."""

import asyncio
import random
import statistics
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import msgspec
from aiokafka import AIOKafkaProducer

from contracts.codes import Role
from contracts.topics import SUBMISSIONS
from libraries.policies import PolicyWatch
from libraries.runtime.web.auth import Principal, issue_token
from tests.acceptance.installation import KEY, Installation, installed
from tests.benchmarks.ground import ALONE, NOW, PACK, Ground
from tests.benchmarks.loading import Connection, connections, share

CONNECTIONS: Final = 32
COUNTIES: Final = ("130722", "130730", "130708")
LINES: Final = 500
LOOK_SECONDS: Final = 0.05
LIST_SECONDS: Final = 0.25
"""Between two looks at a list for what can be done next: each is a request of 200 rows, and no part of a life."""
WAITING_MATTER: Final = "civil_affairs.subsistence_allowance"
"""Comes without its material here, so that a window has to accept it."""
CLERK: Final = issue_token(KEY, Principal(subject="clerk-1", role=Role.CLERK, installation=True))
COORDINATOR: Final = issue_token(KEY, Principal(subject="coordinator-1", role=Role.COORDINATOR, installation=True))


async def measure(ground: Ground) -> dict[str, Any]:
    number = 1000 if ground.quick else 3000
    policy = PolicyWatch(PACK).policy
    places = [area.code for area in policy.areas.values() if area.level == "township" and area.code[:6] in COUNTIES]
    offices = [
        code
        for code, office in policy.offices.items()
        if "kafka" in office.channels and code.rpartition("-")[2][:6] in (*COUNTIES, "130700")
    ]
    with tempfile.TemporaryDirectory(prefix="yimen-entering-") as folder:
        database = await ground.fresh()
        async with installed(database, ground.kafka, Path(folder), offices=offices, origin=NOW) as stack:
            city = City(stack, database, places)
            await city.register(200)  # plans, pools and topics are warm
            found: dict[str, Any] = {
                "registered_per_second_http": round(await city.register(number)),
                "registered_per_second_http_with_key": round(await city.register(number, keyed=True)),
                "registered_per_second_ndjson": round(await city.register_batches(4 * number)),
                "registered_per_second_kafka": round(await city.produce(4 * number)),
                "acts_per_second_http": round(await city.accept(number)),
            }
            await city.rest()
            found |= await city.live(number)
    return found | {"connections": CONNECTIONS, "note": "the loader runs on the same machine"}


class City:
    """A running installation, and what is done to it."""

    def __init__(self, stack: Installation, database: str, places: list[str]) -> None:
        self.stack = stack
        self.database = database
        self.places = places
        self.dice = random.Random(1)
        self.tokens: dict[str, str] = {}

    def submission(self, category: str = "") -> bytes:
        return msgspec.json.encode(
            {
                "submission_id": str(uuid4()),
                "source": "bench",
                "category": category or self.dice.choice(ALONE),
                "area": self.dice.choice(self.places),
                "applicant": {"name": "张示例", "phone": "000-0000000"},
                "summary": "申请办理（示例）",
            }
        )

    async def register(self, number: int, *, keyed: bool = False) -> float:
        async def one(connection: Connection, body: bytes) -> None:
            key = str(uuid4()) if keyed else ""
            status, answer = await connection.ask("POST", "/v1/cases", CLERK, body, key)
            assert status == 201, answer

        async with connections(self.stack.url("intake"), CONNECTIONS) as using:
            return await share([self.submission() for _ in range(number)], using, one)

    async def register_batches(self, number: int, category: str = "") -> float:
        async def one(connection: Connection, body: bytes) -> None:
            status, answer = await connection.ask("POST", "/v1/cases/batch", CLERK, body)
            assert (status, answer.count(b'{"status":201')) == (200, LINES), answer[:300]

        batches = [b"\n".join(self.submission(category) for _ in range(LINES)) for _ in range(number // LINES)]
        async with connections(self.stack.url("intake"), 2) as using:
            return LINES * await share(batches, using, one)

    async def produce(self, number: int) -> float:
        before = await self._count()
        bodies = [self.submission() for _ in range(number)]
        async with AIOKafkaProducer(bootstrap_servers=self.stack.kafka, linger_ms=5) as producer:
            began = time.perf_counter()
            for body in bodies:
                await producer.send(SUBMISSIONS.name, body, key=body[18:54])
            await producer.flush()
            while await self._count() < before + number:  # noqa: ASYNC110 -- it happens in other processes
                await asyncio.sleep(LOOK_SECONDS)
        return number / (time.perf_counter() - began)

    async def accept(self, number: int) -> float:
        """An act of the window, of its own case each."""
        await self.register_batches(number, WAITING_MATTER)
        wanted = "SELECT case_id FROM intake.cases WHERE state = 'registered' LIMIT $1"
        cases = [str(row["case_id"]) for row in await self._fetch(wanted, number)]

        async def one(connection: Connection, case: str) -> None:
            status, answer = await connection.ask("POST", f"/v1/cases/{case}/accept", CLERK)
            assert status == 200, answer

        async with connections(self.stack.url("intake"), CONNECTIONS) as using:
            return await share(cases, using, one)

    async def live(self, number: int) -> dict[str, Any]:
        """Whole lives, everything by single requests: register, sign, accept, complete, call back."""
        return await Lives(self, number).run()

    async def rest(self) -> None:
        """Until everything that was said so far was heard by routing and told on."""
        wanted = "SELECT (SELECT count(*) FROM intake.cases) - (SELECT count(*) FROM routing.routed_cases) AS left"
        while (await self._fetch(wanted))[0]["left"]:  # noqa: ASYNC110 -- as there
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(2)

    def officer(self, office: str) -> str:
        if office not in self.tokens:
            self.tokens[office] = issue_token(KEY, Principal(subject="officer-1", role=Role.OFFICER, office=office))
        return self.tokens[office]

    async def _count(self) -> int:
        return int((await self._fetch("SELECT count(*) AS number FROM intake.cases"))[0]["number"])

    async def _fetch(self, statement: str, *values: Any) -> Any:
        conn = await asyncpg.connect(self.database)
        try:
            return await conn.fetch(statement, *values)
        finally:
            await conn.close()


class Lives:
    """Cases from their registration to their end; as many requests at once as there are connections."""

    def __init__(self, city: City, number: int) -> None:
        self.city = city
        self.left = number
        self.number = number
        self.ready: deque[tuple[str, str, str, bytes]] = deque()
        """Service, path, token and body of what can be asked now, beside new registrations."""
        self.open: dict[str, float] = {}
        self.seen: set[str] = set()
        self.took: list[float] = []

    async def run(self) -> dict[str, Any]:
        began = time.perf_counter()
        last = (await self.city._fetch("SELECT max(referral_id::text) AS last FROM routing.referrals"))[0]["last"]
        before = (await self.city._fetch("SELECT max(case_id::text) AS last FROM intake.cases"))[0]["last"]
        looking = [asyncio.create_task(self._dispatched(last)), asyncio.create_task(self._resolved(before))]
        workers = [asyncio.create_task(self._work()) for _ in range(CONNECTIONS)]
        await asyncio.gather(*workers)
        took = time.perf_counter() - began
        for task in looking:
            task.cancel()
        return {
            "lives_per_second_http": round(self.number / took, 1),
            "life_seconds_median": round(statistics.median(self.took), 2),
        }

    async def _work(self) -> None:
        stack = self.city.stack
        using = {name: Connection(stack.url(name)) for name in ("intake", "routing")}
        while len(self.took) < self.number:
            if self.ready:
                service, path, token, body = self.ready.popleft()
                status, answer = await using[service].ask("POST", path, token, body)
                assert status == 200, (path, answer)
                self._go_on(path, token)
            elif self.left and len(self.open) < 20 * CONNECTIONS:
                self.left -= 1
                began = time.perf_counter()
                status, answer = await using["intake"].ask("POST", "/v1/cases", CLERK, self.city.submission())
                assert status == 201, answer
                self.open[msgspec.json.decode(answer)["case_id"]] = began
            else:
                await asyncio.sleep(LOOK_SECONDS / 10)
        for one in using.values():
            one.close()

    def _go_on(self, path: str, token: str) -> None:
        before, _, done = path.rpartition("/")
        after = {"sign": "accept", "accept": "complete"}.get(done)
        if after is not None:
            self.ready.append(("routing", f"{before}/{after}", token, b""))
        elif done == "callback":
            self.took.append(time.perf_counter() - self.open.pop(before.rpartition("/")[2]))

    async def _dispatched(self, last: str) -> None:
        """New referrals in the order of their dispatch, as a coordinator sees them."""
        connection = Connection(self.city.stack.url("routing"))
        while True:
            page = await connection.json("GET", f"/v1/referrals?limit=200&cursor={last}", COORDINATOR)
            for one in page["items"]:
                last = one["referral_id"]
                if one["role"] == "lead":
                    token = self.city.officer(one["office"])
                    self.ready.append(("routing", f"/v1/referrals/{last}/sign", token, b""))
            await asyncio.sleep(LIST_SECONDS)

    async def _resolved(self, before: str) -> None:
        connection = Connection(self.city.stack.url("intake"))
        while True:
            page = await connection.json("GET", f"/v1/cases?state=resolved&limit=200&cursor={before}", COORDINATOR)
            for one in page["items"]:
                if one["case_id"] in self.open and one["case_id"] not in self.seen:
                    self.seen.add(one["case_id"])
                    self.ready.append(
                        ("intake", f"/v1/cases/{one['case_id']}/callback", COORDINATOR, b'{"satisfied":true}')
                    )
            await asyncio.sleep(LIST_SECONDS)
