"""The commands over one running installation: the oracle finds nothing, then each fault that is planted, by name."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from contracts.topics import CASES
from services.console.topics import DEFAULT_POLICY, needed
from services.console.verify.reading import database_address
from tests.acceptance.test_up import Up, until
from tests.integration.intake.test_registration import a_submission

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]

CLAIM = "social_security.pension_claim"
PENSIONS = "social_security-130722000000"
SPEED = "43200"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """In fast time, so that what nobody answers becomes late."""
    up = Up(tmp_path_factory.mktemp("console") / "data")
    up.start("--speed", SPEED, "--origin", "2026-03-02T09:00+08:00")
    yield up
    assert up.stop() == 0, up.story()


@pytest.fixture(scope="module")
def cases(up: Up) -> dict[str, str]:
    """Ids of cases that were closed through the public doors, and of one that nobody answered."""
    with up.client("intake", "clerk") as clerk, officer(up) as office:
        told = {name: registered(clerk, name) for name in ("first", "second", "silent")}
        for name in ("first", "second"):
            close(clerk, office, told[name])
        until(lambda: alerts_of(up, told["silent"]["case_id"]) >= 3, "an alert")
    return {name: case["case_id"] for name, case in told.items()}


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
    command = [sys.executable, "-m", "services.console", *arguments, *named]
    return Ended(subprocess.run(command, env=ours | environment, capture_output=True, text=True, check=False))


def in_database(up: Up, work: str, *values: object) -> Any:
    async def ask() -> Any:
        conn = await asyncpg.connect(database_address(up.endpoints["postgres"]))
        try:
            return await conn.fetch(work, *values)
        finally:
            await conn.close()

    return asyncio.run(ask())


def alerts_of(up: Up, case_id: str) -> int:
    return len(in_database(up, "SELECT 1 FROM notify.alerts WHERE case_id = $1", UUID(case_id)))


def produced(up: Up, topic: str, key: str, value: bytes) -> Coroutine[Any, Any, None]:
    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=up.endpoints["kafka"]) as producer:
            await producer.send_and_wait(topic, value, key=key.encode())

    return send()


def test_verify_finds_nothing_wrong_and_has_looked_at_everything(up: Up, cases: dict[str, str]) -> None:
    found = yimen(up, "verify", "--json")
    assert (found.code, found.told["faults"]) == (0, [])
    assert (found.told["cases"], found.told["settled"]) == (len(cases), len(cases))
    idle = {result["name"] for result in found.told["checks"] if not result["checked"]}
    assert idle <= {"gates_kept", "none_overdue"}
    told = yimen(up, "verify", "--no-topics")
    assert told.code == 0
    assert "0 wrong" in told.text


def test_doctor_is_content(up: Up) -> None:
    found = yimen(up, "doctor", "--json")
    assert (found.code, found.told["ok"]) == (0, True)
    assert {finding["what"] for finding in found.told["findings"]} >= {"policy", "database", "kafka", "topics", "disk"}


def test_what_is_there_already_is_left_alone(up: Up) -> None:
    migrated = yimen(None, "migrate", "--json", YIMEN_DATABASE_URL=up.endpoints["postgres"])
    assert (migrated.code, migrated.told) == (0, {"migrated": ["intake", "routing", "notify"]})
    applied = yimen(None, "topics", "apply", "--json", YIMEN_KAFKA_SERVERS=up.endpoints["kafka"])
    assert (applied.code, applied.told) == (0, {"topics": len(needed(DEFAULT_POLICY)), "created": 0})


def test_a_replayed_journal_changes_nothing(up: Up, cases: dict[str, str]) -> None:
    rows = in_database(up, "SELECT count(*) AS n FROM intake.journal")[0]["n"]
    replayed = yimen(up, "journal", "replay", "--service", "intake", "--json")
    assert (replayed.code, replayed.told) == (0, {"events": {"intake": rows}})
    again = yimen(up, "verify", "--json")
    assert (again.code, again.told["faults"]) == (0, [])
    repeated = {result["name"]: result["checked"] for result in again.told["checks"]}
    assert repeated["order_kept"] > repeated["journal_on_topics"]


def test_planted_faults_are_found_by_name(up: Up, cases: dict[str, str]) -> None:
    first, second, silent = (UUID(cases[name]) for name in ("first", "second", "silent"))
    in_database(up, "DELETE FROM routing.referrals WHERE case_id = $1", first)
    in_database(up, "DELETE FROM notify.cases WHERE case_id = $1", second)
    in_database(up, "DELETE FROM notify.watches WHERE case_id = $1 AND kind = 'callback'", second)
    in_database(
        up,
        """
        INSERT INTO notify.alerts
        SELECT gen_random_uuid(), xid, place, type, case_id, referral_id, clock_id, kind, version, office, area,
               due_at, fired_at, recipients
        FROM notify.alerts WHERE case_id = $1 LIMIT 1
        """,
        silent,
    )
    in_database(up, "DELETE FROM intake.journal WHERE case_id = $1 AND sequence = 2", second)
    asyncio.run(produced(up, CASES.name, cases["first"], b"{}"))

    found = yimen(up, "verify", "--json", "--settle", "5")
    assert found.code == 1
    faults = {(fault["check"], fault.get("case_id")) for fault in found.told["faults"]}
    assert faults >= {
        ("one_lead", cases["first"]),
        ("legs_follow", cases["first"]),
        ("noted_once", cases["second"]),
        ("watched", cases["second"]),
        ("sequences_whole", cases["second"]),
        ("fired_once", cases["silent"]),
        ("topics_in_journal", None),
        ("nothing_parked", None),
    }
    told = yimen(up, "verify", "--settle", "5")
    assert told.code == 1
    assert "! one_lead: it has no lead" in told.text


def test_doctor_sees_what_was_changed_by_hand(up: Up) -> None:
    in_database(up, "ALTER TABLE notify.alerts ADD COLUMN by_hand text")
    found = yimen(up, "doctor", "--json")
    assert (found.code, found.told["ok"]) == (1, False)
    assert [finding["what"] for finding in found.told["findings"] if finding["ok"] is False] == ["schema notify"]
