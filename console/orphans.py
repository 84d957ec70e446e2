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
STOP_SECONDS = 15.0
FAST_SHUTDOWN = "postgres"
"""PostgreSQL is asked with another signal: it would wait for its clients."""


class RecordedProcess(msgspec.Struct, frozen=True):
    name: str
    pid: int
    began: float


def note(folder: Path, processes: Mapping[str, subprocess.Popen[bytes] | None]) -> None:
    """Write down who runs for us now."""
    recorded = []
    for name, process in processes.items():
        if process is None or process.poll() is not None:
            continue
        try:
            recorded.append(RecordedProcess(name, process.pid, psutil.Process(process.pid).create_time()))
        except psutil.NoSuchProcess:
            continue
    write_whole(_path(folder), recorded)


def forget(folder: Path) -> None:
    _path(folder).unlink(missing_ok=True)


def end(folder: Path) -> list[str]:
    """End those that are still there, and name them. Call only under the folder's lock."""
    path = _path(folder)
    if not path.exists():
        return []
    found = [
        (recorded.name, process)
        for recorded in msgspec.json.decode(path.read_bytes(), type=list[RecordedProcess])
        if (process := _alive(recorded)) is not None
    ]
    for name, process in found:
        process.send_signal(signal.SIGINT if name == FAST_SHUTDOWN else signal.SIGTERM)
    _, slow = psutil.wait_procs([process for _, process in found], timeout=STOP_SECONDS)
    for process in slow:
        process.kill()
    psutil.wait_procs(slow, timeout=STOP_SECONDS)
    forget(folder)
    return [name for name, _ in found]


def _alive(recorded: RecordedProcess) -> psutil.Process | None:
    try:
        process = psutil.Process(recorded.pid)
        same = abs(process.create_time() - recorded.began) < CLOCK_STEP and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _path(folder: Path) -> Path:
    return folder / "processes.json"
