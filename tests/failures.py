"""What a failed test leaves behind: the logs of its engines and services, named on the last lines of the run.

Loaded by `conftest.py`. Engines and services write their logs into temporary folders that are gone when the run ends,
so a failure copies them to `build/failed/<test>/`. The next run empties that folder first,
unless it only repeats what failed.
"""

import re
import shutil
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

KEPT = Path(__file__).parents[1] / "build" / "failed"
LOGS = "logs"
"""The name of the property by which a process that runs tests tells the one that reports."""


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and not config.getoption("lf", default=False):
        shutil.rmtree(KEPT, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and (logs := list(_logs(item))):
        folder = KEPT / re.sub(r"[^\w.-]+", "_", item.nodeid)[-120:]
        folder.mkdir(parents=True, exist_ok=True)
        for log in logs:
            shutil.copyfile(log, folder / log.name)
        report.user_properties.append((LOGS, str(folder)))
    return report


def _logs(item: pytest.Item) -> Iterator[Path]:
    """Not deeper than two folders: below lie the segments of Kafka's topics, which are called `.log` too."""
    folders = [getattr(value, "folder", value) for value in getattr(item, "funcargs", {}).values()]
    for folder in folders:
        if isinstance(folder, Path):
            yield from chain.from_iterable(folder.glob(pattern) for pattern in ("*.log", "*/*.log", "*/logs/*.log"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None]:
    """After the summary of failures: the last lines before the counts."""
    yield
    for outcome in ("failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            where = dict(getattr(report, "user_properties", ())).get(LOGS, "no engine and no service ran")
            terminalreporter.write_line(f"{outcome} in {report.when}: {report.nodeid}\n  logs: {where}")
