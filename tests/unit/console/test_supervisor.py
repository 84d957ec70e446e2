"""Each process is watched by itself: nobody waits for another's start, and each has its own patience."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import supervisor
from console.engines.child import EngineFailed, spawn
from console.supervisor import BackOff, ManagedProcess


class Sleeper:
    """A real process that does nothing, and answers when its file is there."""

    slowest = 30.0

    def __init__(self, folder: Path, name: str) -> None:
        self.log = folder / f"{name}.log"
        self.ready = folder / f"{name}.ready"
        self.process: subprocess.Popen[bytes] | None = None
        self.broken = False

    def begin(self) -> None:
        if self.broken:
            raise EngineFailed("cannot begin")
        self.process = spawn([sys.executable, "-c", "import time; time.sleep(600)"], log=self.log)

    def answers(self) -> bool:
        return self.ready.exists()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    stop = kill


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[list[ManagedProcess[Sleeper]]]:
    made = [ManagedProcess(name, Sleeper(tmp_path, name)) for name in ("slow", "quick")]
    for one in made:
        one.child.ready.touch()
        one.begin()
        assert one.came_up()
    yield made
    for one in made:
        one.child.kill()


def test_one_that_does_not_answer_keeps_no_other_waiting(children: list[ManagedProcess[Sleeper]]) -> None:
    slow, quick = children
    slow.child.ready.unlink()
    for one in children:
        one.child.kill()
        assert one.died() == "ended with -9"
        assert one.died() is None
    began = time.monotonic()
    for one in children:
        assert one.ready_to_restart()
        assert one.begin() is None
    assert (slow.came_up(), quick.came_up()) == (False, True)
    assert time.monotonic() - began < 5
    slow.child.ready.touch()
    assert slow.came_up()
    assert not slow.came_up()


def test_one_that_never_answers_is_ended_and_tried_again_later(children: list[ManagedProcess[Sleeper]]) -> None:
    slow, _ = children
    slow.child.slowest = 0.05
    slow.child.ready.unlink()
    slow.child.kill()
    slow.died()
    slow.begin()
    time.sleep(0.1)
    assert slow.died() == "did not answer in 0 s"
    assert not slow.alive()
    assert slow.wait == supervisor.FIRST_WAIT
    assert not slow.ready_to_restart()
    until(slow.ready_to_restart)


def test_one_that_cannot_begin_is_tried_again_later(children: list[ManagedProcess[Sleeper]]) -> None:
    slow, quick = children
    slow.child.kill()
    slow.died()
    slow.child.broken = True
    assert slow.begin() == "cannot begin"
    assert slow.wait == supervisor.FIRST_WAIT
    assert quick.wait == 0
    slow.child.broken = False
    until(slow.ready_to_restart)
    assert slow.begin() is None


def test_patience_grows_and_is_forgotten_after_a_steady_while() -> None:
    back_off = BackOff()
    back_off.started(0.0)
    assert [back_off.died(now) for now in (1.0, 2.0, 3.0, 4.0)] == [0.0, 0.5, 1.0, 2.0]
    back_off.started(10.0)
    assert back_off.died(10.0 + supervisor.STEADY_SECONDS) == 0.0
