"""Commands and cases over an installation that `yimen up` runs."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer

from console.verify.reading import database_address
from tests.acceptance.test_up import Up, until
from tests.integration.intake.test_registration import a_submission

CLAIM = "social_security.pension_claim"
PENSIONS = "social_security-130722000000"


def registered(clerk: httpx.Client, name: str) -> dict[str, Any]:
    body = a_submission(1, source=f"console-{name}", category=CLAIM, materials=["identity_card"])
    reply = clerk.post("/v1/cases", content=body)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


def officer(up: Up) -> httpx.Client:
    signed = yimen(up, "token", "--role", "officer", "--office", PENSIONS, "--json")
    assert signed.told["office"] == PENSIONS
    headers = {"authorization": f"Bearer {signed.told['token']}"}
    return httpx.Client(base_url=up.endpoints["routing"], headers=headers, timeout=10, trust_env=False)


def close(clerk: httpx.Client, office: httpx.Client, case: dict[str, Any]) -> None:
    def inbox() -> list[dict[str, Any]]:
        return [item for item in office.get("/v1/referrals").json()["items"] if item["case_id"] == case["case_id"]]

    until(inbox, "the referral in the inbox")
    for action in ("sign", "accept", "complete"):
        reply = office.post(f"/v1/referrals/{inbox()[0]['referral_id']}/{action}", json={})
        assert reply.status_code == 200, reply.text
    path = f"/v1/cases/{case['case_id']}"
    until(lambda: clerk.get(path).json()["state"] == "resolved", "the case being resolved")
    assert clerk.post(f"{path}/callback", json={"satisfied": True}).json()["state"] == "closed"


class Ended:
    """What a command said, and how it ended."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.code, self.text, self.trouble = process.returncode, process.stdout, process.stderr

    @property
    def told(self) -> Any:
        return json.loads(self.text)


def yimen(up: Up | None, *arguments: str, **environment: str) -> Ended:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    named = ["--data", str(up.folder)] if up is not None else []
    command = [sys.executable, "-m", "console", *arguments, *named]
    return Ended(subprocess.run(command, env=ours | environment, capture_output=True, text=True, check=False))


def in_database(up: Up, work: str, *values: object) -> Any:
    async def ask() -> Any:
        conn = await asyncpg.connect(database_address(up.endpoints["postgres"]))
        try:
            return await conn.fetch(work, *values)
        finally:
            await conn.close()

    return asyncio.run(ask())


def breaches_of(up: Up, case_id: str) -> int:
    said = "SELECT 1 FROM notify.alerts WHERE case_id = $1 AND type = 'clock.breached'"
    return len(in_database(up, said, UUID(case_id)))


def produce(up: Up, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]] | None = None) -> None:
    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=up.endpoints["kafka"]) as producer:
            await producer.send_and_wait(topic, value, key=key.encode(), headers=headers)

    asyncio.run(send())
