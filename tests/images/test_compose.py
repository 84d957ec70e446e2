"""deploy/compose.yaml, really started on the image of deploy/images: a matter goes through it, a process may die."""

import json
import os
import secrets
import ssl
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest

from console.engines.child import free_port
from tests.images.engine import (
    BASE,
    OURS,
    ROOT,
    STAND_IN_FOR,
    Engine,
    compose,
    engine,
    make_base,
    make_engines,
    make_ours,
    stand_in,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

MOST_ABOVE_BASE: Final = 250 * 1024 * 1024
PATIENCE_SECONDS: Final = 240
SERVICES: Final = ("intake", "routing", "notify", "portal")
MATTER: Final = {
    "submission_id": "compose-1",
    "source": "compose",
    "category": "employment.training_subsidy",
    "area": "130722100000",
    "channel": "window",
    "applicant": {"name": "测试甲"},
    "summary": "培训补贴",
}


class Installation:
    """The containers of one run, and how they are reached from outside."""

    def __init__(self, docker: Engine) -> None:
        self.ports = {name: free_port() for name in SERVICES}
        self.prometheus = free_port()
        settings = {f"YIMEN_{name.upper()}_PORT": str(port) for name, port in self.ports.items()} | {
            "YIMEN_IMAGE": OURS,
            **{f"{name.upper()}_IMAGE": stand_in(name) for name in STAND_IN_FOR},
            "PROMETHEUS_PORT": str(self.prometheus),
            "POSTGRES_PASSWORD": secrets.token_hex(24),
            "YIMEN_TOKEN_KEY": secrets.token_urlsafe(48),
            **{f"YIMEN_{name}_KEY": b64encode(os.urandom(32)).decode() for name in ("SEALING", "INDEX", "AUDIT")},
        }
        self._docker = Engine({**docker.environment, **settings})
        self._client = compose()

    def __call__(self, *arguments: str) -> str:
        return self._docker(*self._client, "--project-name", "yimen-test", "--file", "deploy/compose.yaml", *arguments)

    def trust(self) -> ssl.SSLContext:
        """The proxy signs for `localhost` with a root of its own."""
        path = "/data/caddy/pki/authorities/local/root.crt"
        return ssl.create_default_context(cadata=self("exec", "-T", "proxy", "cat", path))

    def url(self, name: str) -> str:
        return f"https://localhost:{self.ports[name]}"


def until(what: str, check: Callable[[], Any], logs: Callable[[], str]) -> Any:
    """Ask again until it answers something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    fault = ""
    while time.monotonic() < deadline:
        try:
            if found := check():
                return found
        except (httpx.TransportError, AssertionError, KeyError) as error:
            fault = str(error)
        time.sleep(1)
    raise AssertionError(f"{what}: {fault}\n{logs()[-6000:]}")


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with engine() as found:
        make_base(found)
        make_ours(found)
        yield found


@pytest.fixture(scope="module")
def installation(docker: Engine) -> Iterator[Installation]:
    make_engines(docker)
    city = Installation(docker)
    try:
        city("up", "--detach")
        yield city
    finally:
        city("down", "--volumes", "--timeout", "10")


def test_the_image_is_small_and_runs_as_nobody_without_a_shell(docker: Engine) -> None:
    ours, base = docker.inspect(OURS), docker.inspect(BASE)

    assert ours["Size"] - base["Size"] < MOST_ABOVE_BASE
    assert ours["Config"]["User"] == "10001:10001"
    assert ours["Config"]["Entrypoint"] == ["/opt/yimen/bin/python", "-m"]
    assert ours["Config"]["Healthcheck"]["Test"][0] == "CMD"
    assert not {"YIMEN_TOKEN_KEY", "YIMEN_SEALING_KEY"} & {one.split("=")[0] for one in ours["Config"]["Env"]}


def test_the_image_lists_what_is_in_it(docker: Engine) -> None:
    run = ("docker", "run", "--rm", "--read-only", "--network=none", "--entrypoint=/opt/yimen/bin/python", OURS, "-c")
    listed = json.loads(docker(*run, "print(open('/opt/yimen/sbom.cdx.json').read())"))

    assert listed["bomFormat"] == "CycloneDX"
    names = {component["name"] for component in listed["components"]}
    assert {"aiokafka", "sqlalchemy", "yimen"} <= {name.lower() for name in names}
    assert not {"pytest", "pip"} & names


def test_a_matter_goes_through_the_containers_and_a_process_may_die(installation: Installation) -> None:
    def logs() -> str:
        return installation("logs", "--tail", "40")

    trusted = until("the proxy has made its certificates", installation.trust, logs)
    with httpx.Client(verify=trusted, timeout=10) as client:

        def ready(name: str) -> bool:
            return client.get(f"{installation.url(name)}/health/ready").status_code == httpx.codes.OK

        for name in SERVICES:
            until(f"{name} is ready", lambda name=name: ready(name), logs)
        assert "登录" in client.get(f"{installation.url('portal')}/login").text

        sign = ("exec", "-T", "intake", "/opt/yimen/bin/python", "-m", "console", "token", "--role")
        clerk = installation(*sign, "clerk", "--area", "130722100").split()[-1]
        bearer = {"Authorization": f"Bearer {clerk}"}
        installation("kill", "routing")
        answer = client.post(f"{installation.url('intake')}/v1/cases", json=MATTER, headers=bearer)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        case = f"{installation.url('intake')}/v1/cases/{answer.json()['number']}"
        assert client.get(case, headers=bearer).json()["state"] == "accepted"
        installation("up", "--detach")
        until(
            "routing has dispatched it",
            lambda: client.get(case, headers=bearer).json()["state"] == "in_progress",
            logs,
        )
    watched = until("Prometheus reads all services", lambda: _all_read(installation.prometheus), logs)
    assert len(watched) == len(SERVICES) - 1


def _all_read(port: int) -> list[Any]:
    found = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": 'up{job="yimen"} == 1'}).json()
    result: list[Any] = found["data"]["result"]
    return result if len(result) == len(SERVICES) - 1 else []


def test_nothing_of_ours_writes_to_its_file_system(installation: Installation) -> None:
    for name in SERVICES:
        code = "import os; os.close(os.open('/opt/yimen/x', os.O_CREAT))"
        with pytest.raises(AssertionError, match="Read-only file system"):
            installation("exec", "-T", name, "/opt/yimen/bin/python", "-c", code)


def test_the_suite_takes_its_engines_from_containers_where_an_engine_answers(docker: Engine) -> None:
    make_engines(docker)
    given = {
        "TESTCONTAINERS_RYUK_DISABLED": "true",
        "YIMEN_POSTGRES_IMAGE": stand_in("postgres"),
        "YIMEN_KAFKA_IMAGE": stand_in("kafka"),
    }
    some = ("tests/integration/runtime/test_relay.py", "tests/integration/runtime/test_database.py")
    told = docker(sys.executable, "-m", "pytest", "-q", *some, **given)

    assert f"PostgreSQL: container {stand_in('postgres')}" in told
    assert f"Kafka: container {stand_in('kafka')}" in told


def test_the_settings_that_have_no_default_are_those_of_the_example() -> None:
    compose_file = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    demanded = {part.split(":?")[0] for part in compose_file.split("${")[1:] if ":?" in part.split("}")[0]}
    example = (ROOT / "deploy" / "env.example").read_text("utf-8")
    given = {line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")}
    assert demanded <= given
