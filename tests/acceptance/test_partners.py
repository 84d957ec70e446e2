"""A township and a department connect by the two pages about it, on a broker that keeps users; one is locked out."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, Producer

from tests.acceptance.test_stories import CLAIM, PENSIONS
from tests.acceptance.test_up import Up, until
from tests.integration.intake.test_registration import a_submission

pytestmark = [pytest.mark.engines, pytest.mark.apache_kafka, pytest.mark.timeout(400)]
WITHIN_SECONDS = 60.0


class Partner:
    """A system with one secret for both doors, by clients that are not ours."""

    def __init__(self, up: Up, name: str, *arguments: str) -> None:
        self.up = up
        self.name = name
        issued = json.loads(command(up, "add", name, *arguments, "--json"))
        self.id, self.secret = issued["client_id"], issued["client_secret"]

    def token(self) -> str:
        answer = httpx.post(
            f"{self.up.endpoints['notify']}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self.id, self.secret),
            trust_env=False,
        )
        return str(answer.raise_for_status().json()["access_token"])

    def client(self, service: str, token: str) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.up.endpoints[service], headers=headers, timeout=20, trust_env=False)

    def kafka(self, **more: Any) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.up.endpoints["kafka"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.id,
            "sasl.password": self.secret,
            **more,
        }

    def sends(self, topic: str, value: bytes) -> KafkaError | None:
        outcomes: list[KafkaError | None] = []
        producer = Producer(self.kafka(**{"message.timeout.ms": 20000}))
        producer.produce(topic, value=value, on_delivery=lambda error, _: outcomes.append(error))
        producer.flush(WITHIN_SECONDS)
        return outcomes[0]

    def hears(self, topic: str, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        consumer = Consumer(self.kafka(**{"group.id": f"{self.name}.reader", "auto.offset.reset": "earliest"}))
        consumer.subscribe([topic])
        found: list[Any] = []
        end = time.monotonic() + WITHIN_SECONDS
        while not wanted(found) and time.monotonic() < end:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                found.append(json.loads(message.value()))
        consumer.close()
        assert wanted(found), (topic, found)
        return found


def command(up: Up, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    done = subprocess.run(
        [sys.executable, "-m", "console", "partner", *arguments, "--data", str(up.folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path / "data")
    up.start("--kafka", "apache", "--secure")
    yield up
    assert up.stop() == 0


def test_two_systems_connect_and_one_is_locked_out(up: Up) -> None:
    township = Partner(up, "qiaobei-window", "--role", "township", "--area", "130722100000", "--source", "qiaobei")
    department = Partner(up, "pensions-system", "--role", "officer", "--office", PENSIONS)
    changed = command(up, "apply")
    assert "+ user qiaobei-window.1" in changed
    assert command(up, "apply") == "nothing to change\n"
    ours, theirs = township.token(), department.token()
    with township.client("notify", ours) as notify, township.client("intake", ours) as intake:
        subscription = notify.post("/v1/subscriptions", json={"name": "ours", "channel": "kafka"})
        assert subscription.status_code == 201, subscription.text
        mine = a_submission(1, source="qiaobei", category=CLAIM, area="130722100000", materials=["identity_card"])
        case = intake.post("/v1/cases", content=mine).json()
        assert intake.post("/v1/cases", content=a_submission(2, source="others")).status_code == 403
        found = intake.get(
            "/v1/cases", params={"source": "qiaobei", "submission_id": json.loads(mine)["submission_id"]}
        )
        assert [one["case_id"] for one in found.json()["items"]] == [case["case_id"]]
    heard = township.hears(
        "partners.qiaobei-window.events.v1",
        lambda said: {"yimen.case.registered.v1", "yimen.referral.dispatched.v1"} <= {one["type"] for one in said},
    )
    assert {one["subject"] for one in heard} == {case["case_id"]}
    assert (
        township.sends("partners.qiaobei-window.submissions.v1", b'{"source": "qiaobei", "submission_id": "bad"}')
        is None
    )
    assert township.sends("partners.qiaobei-window.submissions.v1", a_submission(3, source="others")) is None
    refused = township.hears("partners.qiaobei-window.rejections.v1", lambda said: len(said) == 2)
    by_id = {one["submission_id"]: {fault["code"] for fault in one["faults"]} for one in refused}
    assert "bad" in by_id
    assert any("not_your_source" in codes for codes in by_id.values()), "nobody registers for another"
    with department.client("routing", theirs) as routing:
        until(lambda: routing.get("/v1/referrals").json()["items"], "the referral is in the inbox", WITHIN_SECONDS)
        (referral,) = routing.get("/v1/referrals").json()["items"]
        assert routing.post(f"/v1/referrals/{referral['referral_id']}/sign", json={}).status_code == 200
    error = department.sends("intake.submissions.v1", b"{}")
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    _is_locked_out(up, township, department, ours, theirs)
    _no_secret_is_seen(up, [township.secret, department.secret, ours, theirs])


def _is_locked_out(up: Up, township: Partner, department: Partner, ours: str, theirs: str) -> None:
    told = command(up, "disable", township.name)
    assert "its subscription ours has ended" in told
    command(up, "apply")
    paths = {"intake": "/v1/cases", "routing": "/v1/referrals", "notify": "/v1/subscriptions"}
    for service, path in paths.items():
        until(partial(_is_refused, township, service, path, ours), f"{service} refuses it", 5.0)
        assert _code(department, service, path, theirs) == "", service
    gone = Producer(township.kafka(**{"message.timeout.ms": 3000}))
    outcomes: list[KafkaError | None] = []
    gone.produce(
        "partners.qiaobei-window.submissions.v1", value=b"{}", on_delivery=lambda error, _: outcomes.append(error)
    )
    gone.flush(WITHIN_SECONDS)
    assert outcomes[0] is not None


def _code(partner: Partner, service: str, path: str, token: str) -> str:
    with partner.client(service, token) as client:
        return str(client.get(path).json().get("code", ""))


def _is_refused(partner: Partner, service: str, path: str, token: str) -> bool:
    return _code(partner, service, path, token) == "partner_disabled"


def _no_secret_is_seen(up: Up, secrets: list[str]) -> None:
    keys = json.loads((up.folder / "keys.json").read_bytes())
    hidden = [*secrets, *keys["kafka_passwords"].values(), keys["token_key"]]
    lines = [" ".join(one.cmdline()) for one in up.children().values()]
    lines += [" ".join(one.cmdline()) for child in up.children().values() for one in child.children(recursive=True)]
    seen = [up.said.read_text(), *lines, *(path.read_text("utf-8", "replace") for path in up.folder.rglob("*.log"))]
    assert not [place for place, text in enumerate(seen) if any(secret in text for secret in hidden)]
    assert (up.folder / "kafka" / "server.properties").stat().st_mode & 0o077 == 0
