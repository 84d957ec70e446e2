"""The three services as processes on real engines, for stories told through public doors only."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from console.engines.child import free_port
from console.topics import create
from console.verify.topic_reader import partitions_of
from contracts.topics import (
    ALERTS,
    CASES,
    OFFICE_FEEDBACK,
    OFFICE_REFERRALS,
    PARTNERS,
    POLICY_VERSIONS,
    PROGRESS,
    REFERRALS,
    REJECTIONS,
    SUBMISSIONS,
)
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.web.auth import Principal, Role, issue_token

KEY = "t" * 32
SERVICES = ("intake", "routing", "notify")
GROUPS = (
    "intake.submissions",
    "intake.partner_submissions",
    "intake.referrals",
    "intake.alerts",
    "routing.cases",
    "routing.feedback",
    "notify.cases",
    "notify.referrals",
    "notify.feedback",
    "intake.progress",
    "routing.progress",
    "notify.progress",
    "intake.policy",
    "notify.policy",
    "intake.partners",
    "routing.partners",
)
PATIENCE_SECONDS = 90
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A morning with a whole working day before it, five of them in its week, and a year whose holidays are published."""


class Installation:
    """Processes that a test may kill and start again."""

    def __init__(self, database: str, kafka: str, folder: Path, business_time: dict[str, str]) -> None:
        self.kafka = kafka
        self.database = database
        self.folder = folder
        self.ports = {name: free_port() for name in SERVICES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.start_took = 0.0
        """Seconds of the last start: a machine that is kept busy takes long."""
        self.environment = os.environ | {
            "YIMEN_DATABASE_URL": database,
            "YIMEN_KAFKA_SERVERS": kafka,
            "YIMEN_TOKEN_KEY": KEY,
            "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode(),
            "YIMEN_INTAKE_URL": self.url("intake"),
            "YIMEN_ATTACHMENTS": str(folder / "attachments"),
            **business_time,
        }

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    async def start(self, *names: str) -> None:
        """Returns when these services, or all, are ready. Another process of a service is called `notify-2`."""
        began = time.monotonic()
        for name in names or SERVICES:
            self.ports.setdefault(name, free_port())
            with (self.folder / f"{name}.log").open("ab") as output:
                self.processes[name] = subprocess.Popen(  # noqa: ASYNC220 -- returns at once
                    [sys.executable, "-m", f"services.{name.partition('-')[0]}"],
                    env=self.environment | {"YIMEN_HTTP_PORT": str(self.ports[name])},
                    stdout=output,
                    stderr=output,
                )
        async with httpx.AsyncClient() as client:
            for name in names or SERVICES:
                await self._ready(client, name)
        self.start_took = time.monotonic() - began

    async def _ready(self, client: httpx.AsyncClient, name: str) -> None:
        for _ in range(600):
            assert self.processes[name].poll() is None, self.log(name)
            with suppress(httpx.TransportError):
                if (await client.get(f"{self.url(name)}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
        raise AssertionError(self.log(name))

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def pause(self, name: str) -> None:
        """It stands still, and does not know it."""
        self.processes[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    def stop(self, name: str) -> int:
        self.processes[name].send_signal(signal.SIGTERM)
        return self.processes[name].wait(40)

    def end(self) -> None:
        """In order, so that the groups are free at once for the next test; what hangs is killed."""
        running = [process for process in self.processes.values() if process.poll() is None]
        for process in running:
            process.terminate()
            process.send_signal(signal.SIGCONT)
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def client(self, name: str, role: Role, **scope: Any) -> httpx.AsyncClient:
        """Without a scope as with the ready-made token of the role."""
        token = issue_token(KEY, Principal(subject=f"{role}-1", role=role, installation=not scope, **scope))
        return httpx.AsyncClient(base_url=self.url(name), headers={"authorization": f"Bearer {token}"}, timeout=20)

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Exit status and standard output of a `yimen` command that speaks to this installation."""
        where = {f"YIMEN_{name.upper()}_URL": self.url(name) for name in SERVICES} | {"YIMEN_DATA": str(self.folder)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "console",
            *arguments,
            env=self.environment | where,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
            yield producer

    async def heard(self, topic: str, case_id: str, wanted: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
        """Type and value of all that the topic says of a case, once every wanted type was said as often as wanted."""
        return [(said, value) for said, _, value in await self.records(topic, case_id, wanted)]

    async def records(
        self, topic: str, case_id: str, wanted: Iterable[str]
    ) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        """As `heard`, with the headers between."""
        missing = Counter(wanted)
        found: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        async with AIOKafkaConsumer(
            topic, bootstrap_servers=self.kafka, auto_offset_reset="earliest", enable_auto_commit=False
        ) as consumer:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while missing.total() > 0:
                        record = await consumer.getone()
                        headers = {name: value.decode() for name, value in record.headers}
                        if (record.key or b"").decode() == case_id:
                            said = headers["ce_type"].removeprefix("yimen.").removesuffix(".v1")
                            found.append((said, headers, json.loads(record.value)))
                            missing[said] = max(0, missing[said] - 1)
            except TimeoutError:
                raise AssertionError(f"{topic} never said {+missing}, only {[said for said, *_ in found]}") from None
        return found

    async def heard_by(self, office: str, kind: str, number: int) -> list[dict[str, Any]]:
        """The first so many of this kind on the topic of the office."""
        found: list[dict[str, Any]] = []
        async with AIOKafkaConsumer(
            OFFICE_REFERRALS.named(office),
            bootstrap_servers=self.kafka,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as consumer:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while len(found) < number:
                        record = await consumer.getone()
                        if dict(record.headers)["ce_type"] == f"yimen.{kind}.v1".encode():
                            found.append(json.loads(record.value))
            except TimeoutError:
                raise AssertionError(f"{office} heard {len(found)} {kind}, not {number}") from None
        return found


@asynccontextmanager
async def installed(
    database: str,
    kafka: str,
    folder: Path,
    *,
    offices: Iterable[str] = (),
    speed: float = 1.0,
    origin: datetime = MONDAY,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Installation]:
    """Migrated, with the topics of these offices, running.

    Time begins at `origin` whenever the test runs: what is due on a day depends on the day.
    """
    for name in SERVICES:
        await upgrade(database, name)
    wanted = {topic.name: (4, 3_600_000) for topic in (SUBMISSIONS, REJECTIONS, CASES, REFERRALS, ALERTS)}
    wanted |= {topic.name: (topic.partitions, 3_600_000) for topic in (*PROGRESS.values(), POLICY_VERSIONS, PARTNERS)}
    for office in offices:
        wanted |= {OFFICE_REFERRALS.named(office): (1, 3_600_000), OFFICE_FEEDBACK.named(office): (1, 3_600_000)}
    await create(kafka, wanted)
    await forget(kafka)
    business_time = {
        "YIMEN_TIME_SPEED": str(speed),
        "YIMEN_TIME_ANCHOR": datetime.now().astimezone().isoformat(),
        "YIMEN_TIME_ORIGIN": origin.isoformat(),
    }
    installation = Installation(database, kafka, folder, business_time | dict(settings or {}))
    try:
        await installation.start()
        yield installation
    finally:
        installation.end()


async def forget(kafka: str) -> None:
    """What earlier tests left on the broker is none of this installation's business, whichever office it is of."""
    partitions = [part for part in await partitions_of({"bootstrap_servers": kafka}) if part.topic[:2] != "__"]
    for group in GROUPS:
        async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False) as consumer:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await until("the group is free", partial(committed, consumer, ends))


async def committed(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    try:
        await consumer.commit(ends)
    except KafkaError:
        return False
    return True


async def until(what: str, check: Any) -> Any:
    """Ask again until the answer is something; says what never became true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = await check()
            if found:
                return found
            await asyncio.sleep(0.1)
    raise AssertionError(what)
