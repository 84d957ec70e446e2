"""How far the demo is: a bar at a terminal, plain lines elsewhere."""

import sys
import time
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from console.demo.city import Status
from console.endpoints import Endpoints
from console.screen import screen
from libraries.deadlines import Calendar

LINE_SECONDS = 5.0


class Progress:
    """Also where the installation says what happens to it."""

    def __init__(self, *, total: int, days: int, origin: datetime, calendar: Calendar) -> None:
        self._screen = screen(as_json=False)
        self._total, self._days = total, days
        self._origin, self._calendar = origin, calendar
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._written_at = 0.0

    def step(self, text: str) -> None:
        self._screen.step(text)

    def trouble(self, text: str) -> None:
        self._screen.trouble(text)

    def ready(self, endpoints: Endpoints, file: str) -> None:
        self._screen.ready(endpoints, file)

    def update(self, status: Status) -> None:
        """Called several times a second."""
        day = min(self._days, (status.at - self._origin).days + 1)
        if not sys.stdout.isatty():
            if time.monotonic() - self._written_at >= LINE_SECONDS:
                self._written_at = time.monotonic()
                self.step(f"day {day:2} of {self._days}, {self._text(status)}")
            return
        if self._bar is None:
            self._bar = Bar(TextColumn("{task.description}"), BarColumn(), console=Console(), transient=True)
            self._task = self._bar.add_task("", total=self._days)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=day, description=self._text(status))

    def done(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _text(self, status: Status) -> str:
        day, counts = self._calendar.date_of(status.at), status.counts
        return (
            f"{day} 登记 {status.submitted}/{self._total} 转办 {counts.dispatched}"
            f" 办结 {counts.finished} 超期 {counts.late}"
        )
