"""`yimen up` as a person starts it: one folder, one command, and what dies comes back."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.integration.intake.test_registration import a_submission

STARTED_WITHIN = 120.0


class Up:
    """One folder, and the supervisor that may run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = folder.parent / "said.ndjson"
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
        command = [sys.executable, "-m", "console", "up", "--json", "--data", str(self.folder), *arguments]
        with self.said.open("ab") as said:
            return subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)

    def start(self, *arguments: str) -> None:
        starts = self.starts()
        self.process = self.begin(*arguments)
        until(lambda: self.starts() > starts or self.process.poll() is not None, "ready", STARTED_WITHIN)
        assert self.process.poll() is None, self.story()

    def starts(self) -> int:
        return self.said.read_text().count('"event":"ready"') if self.said.exists() else 0

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @property
    def file(self) -> Path:
        return self.folder / "endpoints.json"

    @property
    def endpoints(self) -> dict[str, Any]:
        return json.loads(self.file.read_bytes())

    def children(self) -> dict[str, psutil.Process]:
        noted = json.loads((self.folder / "processes.json").read_bytes())
        return {one["name"]: psutil.Process(one["pid"]) for one in noted if psutil.pid_exists(one["pid"])}

    def begun(self, name: str, before: dict[str, psutil.Process]) -> bool:
        """Whether another process has taken its place."""
        now = self.children().get(name)
        return now is not None and now.pid != before[name].pid

    def client(self, service: str, role: str) -> httpx.Client:
        token = self.endpoints["tokens"][role]
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.endpoints[service], headers=headers, timeout=10, trust_env=False)

    def story(self) -> str:
        logs = [path.read_text()[-2000:] for path in (self.folder / "logs").glob("*.log")]
        return "\n".join([self.said.read_text(), *logs])


def until(met: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"{what} did not happen in {seconds:.0f} s"
        time.sleep(0.1)


def signs_in(up: Up, login: str) -> bool:
    """Whether the ready-made account opens the portal."""
    with httpx.Client(base_url=up.endpoints["portal"], timeout=10, trust_env=False) as browser:
        csrf = re.search(r'name="csrf" value="(\w+)"', browser.get("/login").text)[1]
        fields = {"csrf": csrf, "login": login, "password": up.endpoints["accounts"][login]}
        return browser.post("/login", data=fields).headers.get("location") == "/"


def answers(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


def referrals_of(client: httpx.Client, case_id: str) -> list[dict[str, Any]]:
    return [item for item in client.get("/v1/referrals").json()["items"] if item["case_id"] == case_id]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path / "data")
    yield up
    children = up.children().values() if (up.folder / "processes.json").exists() else ()
    if up.process is not None and up.process.poll() is None:
        up.process.kill()
        up.process.wait()
    for child in children:
        if child.is_running():
            child.kill()


@pytest.mark.engines
@pytest.mark.timeout(400)
def test_a_case_outlives_every_kill_and_restart(up: Up) -> None:
    up.start()
    assert stat.S_IMODE(up.file.stat().st_mode) == 0o600
    assert stat.S_IMODE((up.folder / "keys.json").stat().st_mode) == 0o600
    assert set(up.endpoints["tokens"]) == {"township", "clerk", "officer", "coordinator", "ops"}
    with up.client("intake", "clerk") as clerk, up.client("routing", "ops") as ops:
        told = clerk.post("/v1/cases", content=a_submission(1)).json()
        until(lambda: referrals_of(ops, told["case_id"]), "routing")

        second = up.begin()
        assert second.wait(60) == 1
        assert "is in use by process" in up.said.read_text()

        up.children()["intake"].kill()
        until(lambda: "intake ended with -9" in up.said.read_text(), "the supervisor saying so")
        until(lambda: answers(clerk, "/health/ready"), "intake's return")
        assert clerk.get(f"/v1/cases/{told['number']}").status_code == 200

    assert all(signs_in(up, login) for login in ("clerk", "officer", "coordinator"))
    before, children = up.endpoints, up.children()
    assert set(children) == {"postgres", "kafka", "intake", "routing", "notify", "portal"}
    assert up.stop() == 0, up.story()
    assert not up.file.exists()
    assert not [name for name, child in children.items() if child.is_running()]

    up.start()
    assert {name: up.endpoints[name] for name in ("intake", "routing", "notify")} == {
        name: before[name] for name in ("intake", "routing", "notify")
    }
    with up.client("intake", "clerk") as clerk, up.client("routing", "ops") as ops:
        assert clerk.get(f"/v1/cases/{told['number']}").json()["case_id"] == told["case_id"]
        # The memory-only broker began empty and got the journal again: nobody heard anything twice.
        again = clerk.post("/v1/cases", content=a_submission(2)).json()
        until(lambda: referrals_of(ops, again["case_id"]), "routing")
        leads = [item for item in referrals_of(ops, told["case_id"]) if item["role"] == "lead"]
        assert len(leads) == 1

    children = up.children()
    up.process.kill()
    up.process.wait()
    up.start()
    assert not [name for name, child in children.items() if child.is_running()]
    with up.client("intake", "clerk") as clerk:
        assert clerk.get(f"/v1/cases/{told['number']}").status_code == 200
    assert up.stop() == 0, up.story()


@pytest.mark.engines
@pytest.mark.timeout(400)
def test_engines_that_die_come_back_and_the_journal_fills_the_broker(up: Up) -> None:
    up.start("--speed", "3600", "--origin", "2026-03-02T09:00+08:00")
    with up.client("intake", "clerk") as clerk, up.client("routing", "ops") as ops:
        first = clerk.post("/v1/cases", content=a_submission(1)).json()
        until(lambda: referrals_of(ops, first["case_id"]), "routing")
        assert first["registered_at"].startswith("2026-03-")
        for engine in ("kafka", "postgres"):
            up.children()[engine].kill()
            until(lambda name=engine: f"{name} started again" in up.said.read_text(), f"{engine} again")
        until(lambda: answers(clerk, "/health/ready") and answers(ops, "/health/ready"), "services ready again")
        second = clerk.post("/v1/cases", content=a_submission(2)).json()
        until(lambda: referrals_of(ops, second["case_id"]), "routing after the loss")
        assert len([item for item in referrals_of(ops, first["case_id"]) if item["role"] == "lead"]) == 1
    assert up.stop() == 0, up.story()

    other = up.begin("--speed", "60", "--origin", "2026-03-02T09:00+08:00")
    assert other.wait(60) == 1
    assert "choose another folder" in up.said.read_text()


@pytest.mark.engines
@pytest.mark.apache_kafka
@pytest.mark.timeout(400)
def test_what_dies_together_comes_back_each_by_itself(up: Up) -> None:
    """The broker is held before it can answer; its database and a service are there again long before."""
    up.start("--kafka", "apache")
    before = up.children()
    for name in ("kafka", "postgres", "notify"):
        before[name].kill()
    until(lambda: up.begun("kafka", before), "another broker")
    broker = up.children()["kafka"]
    broker.suspend()
    until(lambda: "postgres started again" in up.said.read_text(), "postgres again")
    until(lambda: "notify started again" in up.said.read_text(), "notify again")
    with up.client("intake", "clerk") as clerk:
        until(lambda: answers(clerk, "/v1/cases"), "intake at its database")
    up.children()["routing"].kill()
    until(lambda: "routing started again" in up.said.read_text(), "routing again")
    assert "kafka started again" not in up.said.read_text()
    broker.resume()
    until(lambda: "kafka started again" in up.said.read_text(), "kafka again", 150)
    with up.client("intake", "clerk") as clerk, up.client("routing", "ops") as ops:
        until(lambda: answers(clerk, "/health/ready") and answers(ops, "/health/ready"), "services ready again", 120)
        told = clerk.post("/v1/cases", content=a_submission(1)).json()
        until(lambda: referrals_of(ops, told["case_id"]), "routing")

    # A stop in the middle of a restart leaves nothing behind.
    before = up.children()
    for name in ("kafka", "postgres", "intake"):
        before[name].kill()
    until(lambda: up.begun("kafka", before), "another broker")
    children = [*before.values(), *up.children().values()]
    assert up.stop() == 0, up.story()
    assert not [child for child in children if child.is_running()]
    assert not up.file.exists()
