"""Keeps processes alive: says when one has died, waits a growing while, and starts it again.

One thread does everything: on Linux a child dies with the thread that made it, so no pool may start one.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import httpx

from console.engines.child import EngineFailed, spawn

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
STEADY_SECONDS = 60.0
"""Whoever lived for so long starts again without delay."""
STOP_SECONDS = 20.0
LOG_BYTES = 32 * 1024 * 1024
TAIL = 1500


class ChildProcess(Protocol):
    """Something that we start and keep alive."""

    @property
    def process(self) -> subprocess.Popen[bytes] | None: ...
    @property
    def log(self) -> Path: ...
    @property
    def slowest(self) -> float: ...
    def begin(self) -> None: ...
    def answers(self) -> bool: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class BackOff:
    """How long to wait before the next try: longer from try to try, forgotten after a steady while."""

    def __init__(self) -> None:
        self._tries = 0
        self._started = 0.0

    def started(self, now: float) -> None:
        self._started = now

    def died(self, now: float) -> float:
        """Seconds until it may start again."""
        if now - self._started >= STEADY_SECONDS:
            self._tries = 0
        self._tries += 1
        return 0.0 if self._tries == 1 else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._tries - 2, 10))

    @property
    def tries(self) -> int:
        return self._tries


class ServiceProcess:
    """`python -m services.<name>` with its own log and port."""

    slowest = 20.0

    def __init__(self, name: str, *, port: int, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._environment = {**environment, "YIMEN_HTTP_HOST": "127.0.0.1", "YIMEN_HTTP_PORT": str(port)}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.process = spawn(
            [sys.executable, "-m", f"services.{self.name}"], log=self.log, environment=self._environment
        )

    def answers(self) -> bool:
        """It has begun; whether it is ready is another question, which is asked again and again."""
        return True

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        stop_services([self])

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def faults(self, client: httpx.Client) -> dict[str, str]:
        """What is not ready, by part; empty when everything is."""
        try:
            answer = client.get(f"{self.url}/health/ready")
            parts = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            return {"http": type(error).__name__}
        return {part: state for part, state in parts.items() if state != "ok"}


def stop_services(services: Sequence[ServiceProcess], seconds: float = STOP_SECONDS) -> None:
    """All at once; who does not end in time is killed, which loses nothing."""
    for service in services:
        service.ask_to_stop()
    end = time.monotonic() + seconds
    for service in services:
        if service.process is not None:
            with suppress(subprocess.TimeoutExpired):
                service.process.wait(max(0.0, end - time.monotonic()))
                continue
            service.kill()


def tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-TAIL:] if log.exists() else ""


P_co = TypeVar("P_co", bound=ChildProcess, covariant=True)


class ManagedProcess(Generic[P_co]):
    """One process with its fate so far. Nothing here waits: all are looked at in turn, and none for another."""

    def __init__(self, name: str, child: P_co) -> None:
        self.name = name
        self.child = child
        self.back_off = BackOff()
        self.due: float | None = None
        """When it may start again; `None` while it lives."""
        self.wait = 0.0
        self._begun: float | None = None
        """When it was begun, while it does not answer yet."""

    def alive(self) -> bool:
        return self.child.process is not None and self.child.process.poll() is None

    def begin(self) -> str | None:
        """What went wrong, if it does not even begin."""
        now = time.monotonic()
        try:
            self.child.begin()
        except (EngineFailed, OSError) as error:
            return self._put_off(str(error))
        self.back_off.started(now)
        self.due, self._begun = None, now
        return None

    def died(self) -> str | None:
        """How it ended, said once; also of what was begun and never answered."""
        process = self.child.process
        if self.due is not None or process is None:
            return None
        if process.poll() is not None:
            return self._put_off(f"ended with {process.returncode}")
        if self._begun is not None and time.monotonic() - self._begun > self.child.slowest:
            self.child.kill()
            return self._put_off(f"did not answer in {self.child.slowest:.0f} s")
        return None

    def _put_off(self, how: str) -> str:
        now = time.monotonic()
        self.wait = self.back_off.died(now)
        self.due, self._begun = now + self.wait, None
        return how

    def ready_to_restart(self) -> bool:
        return self.due is not None and time.monotonic() >= self.due

    def came_up(self) -> bool:
        """Whether it answers now and did not when this was asked before."""
        if self._begun is None or self.due is not None or not self.child.answers():
            return False
        self._begun = None
        return True
