"""Reads YAML and CSV of a pack and remembers on which line each entry stands."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

C = TypeVar("C", bound=StrEnum)
NO_MAPPING = "must be a mapping of names to values"
HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a pack."""

    file: str
    line: int
    reason: str

    @classmethod
    def at(cls, where: str, reason: str) -> "Fault":
        """`where` is file and line, as rows keep it."""
        file, _, line = where.rpartition(":")
        return cls(file=file, line=int(line), reason=reason)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def file_of(where: str) -> str:
    """The file of a row."""
    return where.rpartition(":")[0]


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

    def day(self, name: str) -> date | None:
        self.asked.add(name)
        value = self.values.get(name)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        self.refuse(f"{name} is missing" if value in (None, "") else f"{name} must be a date, for example 2026-10-01")
        return None

    def hour(self, name: str) -> time | None:
        """A time of day, if one is given."""
        self.asked.add(name)
        value = self.values.get(name)
        if value in (None, ""):
            return None
        # YAML reads a bare 17:30 as the number 1050.
        if isinstance(value, str) and HOUR.fullmatch(value):
            return time.fromisoformat(value)
        self.refuse(f'{name} must be a time in quotation marks, for example "17:30"')
        return None

    def done(self) -> None:
        """Everything was asked for; what is left over is a spelling mistake."""
        for name in sorted(set(self.values) - self.asked):
            self.refuse(f"unknown key {name}")


def code_of(row: Entry, name: str, codes: type[C], value: str) -> C | None:
    """The member of a closed set that the value stands for."""
    row.asked.add(name)
    try:
        return codes(value)
    except ValueError:
        row.refuse(f"unknown {name} {value}")
        return None


def entries(pack: Path, name: str, faults: list[Fault]) -> Iterator[Entry]:
    """The rows of a YAML list or a CSV file of the pack; none if there is no such file."""
    path = pack / name
    file = f"{pack.name}/{name}"
    content = _read(path, file, faults)
    if content is None:
        return
    if path.suffix == ".csv":
        for line, values in _csv_rows(content):
            yield Entry(file=file, line=line, values=values, faults=faults)
    else:
        yield from _yaml_rows(content, file, faults)


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


def document(pack: Path, name: str, part: str, faults: list[Fault]) -> tuple[Entry, list[Entry]]:
    """A YAML mapping, and the rows of the list that stands in it under the name of the part."""
    file = f"{pack.name}/{name}"
    head = Entry(file=file, line=1, values={}, faults=faults, asked={part})
    rows: list[Entry] = []
    content = _read(pack / name, file, faults)
    if content is None:
        return head, rows
    loader = yaml.SafeLoader(content)
    try:
        top = loader.get_single_node()
        if not isinstance(top, yaml.MappingNode):
            head.refuse(NO_MAPPING)
            return head, rows
        for key, node in top.value:
            if key.value != part:
                head.values[key.value] = _value(loader, node, file, faults)
            elif isinstance(node, yaml.SequenceNode):
                rows.extend(_rows(loader, node, file, faults))
            else:
                faults.append(Fault(file=file, line=node.start_mark.line + 1, reason=f"{part} must be a list"))
    except (yaml.YAMLError, ValueError) as error:
        faults.append(_yaml_fault(file, error))
    finally:
        loader.dispose()
    return head, rows


def _rows(loader: yaml.SafeLoader, node: yaml.SequenceNode, file: str, faults: list[Fault]) -> Iterator[Entry]:
    for child in node.value:
        values = _value(loader, child, file, faults)
        if isinstance(values, dict):
            yield Entry(file=file, line=child.start_mark.line + 1, values=values, faults=faults)
        elif values is not None:
            faults.append(Fault(file=file, line=child.start_mark.line + 1, reason=NO_MAPPING))


def _value(loader: yaml.SafeLoader, node: yaml.Node, file: str, faults: list[Fault]) -> Any:
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        # A day that is in no calendar, such as 2027-02-30, is well formed and has no value.
        faults.append(Fault(file=file, line=node.start_mark.line + 1, reason=f"cannot be read: {_problem(error)}"))
        return None


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


def _yaml_rows(content: str, file: str, faults: list[Fault]) -> Iterator[Entry]:
    loader = yaml.SafeLoader(content)
    try:
        top = loader.get_single_node()
        if isinstance(top, yaml.SequenceNode):
            yield from _rows(loader, top, file, faults)
        else:
            faults.append(Fault(file=file, line=1, reason="must be a list"))
    except (yaml.YAMLError, ValueError) as error:
        faults.append(_yaml_fault(file, error))
    finally:
        loader.dispose()


def _yaml_fault(file: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    return Fault(file=file, line=mark.line + 1 if mark else 1, reason=f"not valid YAML: {_problem(error)}")


def _problem(error: Exception) -> str:
    return getattr(error, "problem", None) or type(error).__name__
