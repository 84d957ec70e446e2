"""Reads YAML and CSV of a pack and remembers on which line each entry stands."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a pack."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class PolicyRefused(ValueError):
    """The pack cannot be used; every fault is named."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(slots=True)
class Entry:
    """One row of a file. Asking it for a value that is missing or wrong puts a fault on record."""

    file: str
    line: int
    values: dict[str, Any]
    faults: list[Fault]
    asked: set[str] = field(default_factory=set)

    def refuse(self, reason: str) -> None:
        self.faults.append(Fault(file=self.file, line=self.line, reason=reason))

    def text(self, name: str, default: str | None = None) -> str:
        self.asked.add(name)
        value = self.values.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            self.refuse(f"{name} is missing" if value in (None, "") else f"{name} must be text")
            return default or ""
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        self.asked.add(name)
        value = self.values.get(name) or []
        if isinstance(value, str):
            value = [part for part in value.split(",") if part]
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.refuse(f"{name} must be a list of texts")
            return ()
        return tuple(value)

    def flag(self, name: str) -> bool:
        self.asked.add(name)
        value = self.values.get(name, False)
        if value in ("yes", "no"):
            return bool(value == "yes")
        if not isinstance(value, bool):
            self.refuse(f"{name} must be true or false")
            return False
        return value

    def done(self) -> None:
        """Everything was asked for; what is left over is a spelling mistake."""
        for name in sorted(set(self.values) - self.asked):
            self.refuse(f"unknown key {name}")


def entries(pack: Path, name: str, faults: list[Fault]) -> Iterator[Entry]:
    """The rows of a YAML list or a CSV file of the pack; none if there is no such file."""
    path = pack / name
    file = f"{pack.name}/{name}"
    content = _read(path, file, faults)
    if content is None:
        return
    rows = _csv_rows(content) if path.suffix == ".csv" else _yaml_rows(content, file, faults)
    for line, values in rows:
        if isinstance(values, dict):
            yield Entry(file=file, line=line, values=values, faults=faults)
        else:
            faults.append(Fault(file=file, line=line, reason="must be a mapping of names to values"))


def heading(pack: Path, faults: list[Fault]) -> Entry:
    """The pack.yaml itself."""
    file = f"{pack.name}/pack.yaml"
    content = _read(pack / "pack.yaml", file, faults)
    values: Any = {}
    if content is None:
        faults.append(Fault(file=file, line=1, reason="the pack has no pack.yaml"))
    else:
        try:
            values = yaml.safe_load(content)
        except (yaml.YAMLError, ValueError) as error:
            faults.append(_yaml_fault(file, error))
    return Entry(file=file, line=1, values=values if isinstance(values, dict) else {}, faults=faults)


def _read(path: Path, file: str, faults: list[Fault]) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(file=file, line=1, reason=f"cannot be read as UTF-8: {type(error).__name__}"))
        return None


def _csv_rows(content: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(content))
    for row in reader:
        yield reader.line_num, row


def _yaml_rows(content: str, file: str, faults: list[Fault]) -> Iterator[tuple[int, Any]]:
    loader = yaml.SafeLoader(content)
    try:
        top = loader.get_single_node()
        if not isinstance(top, yaml.SequenceNode):
            faults.append(Fault(file=file, line=1, reason="must be a list"))
            return
        for node in top.value:
            yield node.start_mark.line + 1, loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        faults.append(_yaml_fault(file, error))
    finally:
        loader.dispose()


def _yaml_fault(file: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return Fault(file=file, line=mark.line + 1 if mark else 1, reason=f"not valid YAML: {problem}")
