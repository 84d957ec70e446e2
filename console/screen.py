"""What `yimen up` shows: a table at a terminal, plain lines elsewhere, NDJSON for programs."""

import sys
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from console.endpoints import Endpoints
from console.main import echo

LABELS = {
    "intake": ("受理", "intake"),
    "routing": ("转办", "routing"),
    "notify": ("督办", "notify"),
    "board": ("看板", "board"),
    "portal": ("门户", "portal"),
    "kafka": ("消息", "Kafka"),
    "postgres": ("数据库", "PostgreSQL"),
}


class Lines:
    """One line for each thing that happens."""

    def step(self, text: str) -> None:
        self._line(text)

    def trouble(self, text: str) -> None:
        self._line(f"! {text}")

    def ready(self, endpoints: Endpoints, file: str) -> None:
        for name, (zh, en) in LABELS.items():
            echo(f"{zh} {en}: {shown(endpoints, name)}")
        echo(accounts_line(endpoints))
        self._line(f"ready; addresses and tokens: {file}; Ctrl-C stops")

    def _line(self, text: str) -> None:
        echo(f"{datetime.now().astimezone():%H:%M:%S} {text}")
        sys.stdout.flush()


class Terminal:
    """For a person."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def step(self, text: str) -> None:
        self._console.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}[/dim] ", end="")
        self._console.print(text, markup=False)

    def trouble(self, text: str) -> None:
        self._console.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}[/dim] ", end="")
        self._console.print(text, markup=False, style="yellow")

    def ready(self, endpoints: Endpoints, file: str) -> None:
        table = Table(title="一门 Yimen", title_justify="left")
        for heading in ("", "", "地址 address"):
            table.add_column(heading)
        for name, (zh, en) in LABELS.items():
            table.add_row(zh, en, shown(endpoints, name))
        self._console.print(table)
        self._console.print(accounts_line(endpoints), markup=False)
        self._console.print(f"令牌 tokens: {file}\nCtrl-C 停止 stops", markup=False)


class Ndjson:
    """For programs: one object a line, without tokens."""

    def step(self, text: str) -> None:
        self._write({"event": "step", "text": text})

    def trouble(self, text: str) -> None:
        self._write({"event": "trouble", "text": text})

    def ready(self, endpoints: Endpoints, file: str) -> None:
        addresses = {name: shown(endpoints, name) for name in LABELS}
        self._write({"event": "ready", **addresses, "file": file})

    def _write(self, line: dict[str, Any]) -> None:
        echo(msgspec.json.encode({"at": datetime.now().astimezone(), **line}).decode())
        sys.stdout.flush()


def screen(*, as_json: bool) -> Lines | Terminal | Ndjson:
    if as_json:
        return Ndjson()
    return Terminal() if sys.stdout.isatty() else Lines()


def accounts_line(endpoints: Endpoints) -> str:
    """Who can sign in to the portal, with the password of the first start."""
    pairs = ", ".join(f"{login} / {password}" for login, password in endpoints.accounts.items())
    return f"门户账号 accounts of the portal (name / first password): {pairs}"


def shown(endpoints: Endpoints, name: str) -> str:
    """The address without its password."""
    address: str = getattr(endpoints, name)
    head, at, tail = address.rpartition("@")
    return f"{head.rpartition(':')[0] if head.count(':') > 1 else head}{at}{tail}"
