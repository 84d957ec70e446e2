"""One engine's operating-system process: it dies with us, its log stands in a file, and its port is found free."""

import ctypes
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
OWN_PORTS = range(10_000, 32_768)
"""Above the well-known ones, below those that Linux and others take for outgoing connections."""


class EngineFailed(RuntimeError):
    """An engine did not start or answer; the text ends with the last lines of its log."""


def free_port() -> int:
    """One that nobody listens on now. Not of those that systems give to outgoing connections, as binding to 0 would be.

    Between the choice and the start of whoever is to listen lie seconds, and many connections.
    """
    while True:
        port = secrets.choice(OWN_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _die_with_parent(death: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(death))


def spawn(
    arguments: Sequence[str | Path],
    *,
    log: Path,
    user: str | None = None,
    death: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that Ctrl-C at the terminal reaches us alone."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 -- our own engines, no shell
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            env=environment,
            preexec_fn=_die_with_parent(death),  # noqa: PLW1509 -- one prctl call, safe between fork and exec
        )


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes] | None, log: Path, *, seconds: float
) -> None:
    """Poll until it answers. Raises `EngineFailed` when it ends or takes too long."""
    if process is None:
        raise EngineFailed(f"was never begun; {log}")
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            tail = log.read_text("utf-8", "replace")[-1500:] if log.exists() else ""
            ended = f"ended with {process.returncode}" if process.returncode is not None else "did not answer in time"
            raise EngineFailed(f"{process.args!r:.200} {ended}; {log}:\n{tail}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen[bytes], how: signal.Signals, *, seconds: float = 20) -> None:
    """Ask, wait, and only then kill."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
