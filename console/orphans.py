"""Processes of a start that was killed: on systems where children outlive us, the next start ends them first."""

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil

from console.installation import write_whole

CLOCK_STEP = 2.0
"""A process is the one written down if it began then; the system's idea of when may move a little."""
PATIENCE = 15.0
FAST_SHUTDOWN = "postgres"
"""PostgreSQL is asked with another signal: it would wait for its clients."""


class Noted(msgspec.Struct, frozen=True):
    name: str
    pid: int
    began: float


def note(folder: Path, processes: Mapping[str, subprocess.Popen[bytes] | None]) -> None:
    """Write down who runs for us now."""
    noted = []
    for name, process in processes.items():
        if process is None or process.poll() is not None:
            continue
        try:
            noted.append(Noted(name, process.pid, psutil.Process(process.pid).create_time()))
        except psutil.NoSuchProcess:
            continue
    write_whole(_path(folder), noted)


def forget(folder: Path) -> None:
    _path(folder).unlink(missing_ok=True)


def end(folder: Path) -> list[str]:
    """End those that are still there, and name them. Call only under the folder's lock."""
    path = _path(folder)
    if not path.exists():
        return []
    found = [
        (noted.name, process)
        for noted in msgspec.json.decode(path.read_bytes(), type=list[Noted])
        if (process := _alive(noted)) is not None
    ]
    for name, process in found:
        process.send_signal(signal.SIGINT if name == FAST_SHUTDOWN else signal.SIGTERM)
    _, slow = psutil.wait_procs([process for _, process in found], timeout=PATIENCE)
    for process in slow:
        process.kill()
    psutil.wait_procs(slow, timeout=PATIENCE)
    forget(folder)
    return [name for name, _ in found]


def _alive(noted: Noted) -> psutil.Process | None:
    try:
        process = psutil.Process(noted.pid)
        same = abs(process.create_time() - noted.began) < CLOCK_STEP and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _path(folder: Path) -> Path:
    return folder / "processes.json"
