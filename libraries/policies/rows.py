"""Reads YAML and tables of a pack and remembers on which line each entry stands; whatever is wrong goes on record."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from libraries.policies import cells, csv_text, yaml_text
from libraries.policies.decoding import Note, UnreadableText, decoded, unseen
from libraries.policies.pack_files import HEADING, MOST_BYTES, TABLES, NotAFile, content_of

C = TypeVar("C", bound=StrEnum)
NO_MAPPING = "must be a mapping of names to values"
LONGEST_REASON = 600
EMPTY = "is empty: leave the file out, or write [] into it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a pack."""

    file: str
    line: int
    reason: str
    do: str = field(default="", compare=False)
    """What to do about it, where the reason does not say it."""
    whole: bool = field(default=False, compare=False)
    """Nothing behind the line could be read, so other files cannot be held against this one."""

    def __post_init__(self) -> None:
        """Of what was written no more is repeated than tells which word is meant, and on one line."""
        if len(self.reason) > LONGEST_REASON or not self.reason.isprintable():
            message = "".join(sign if sign.isprintable() else " " for sign in self.reason[:LONGEST_REASON])
            object.__setattr__(self, "reason", message if len(self.reason) <= LONGEST_REASON else f"{message}…")

    @classmethod
    def at(cls, where: str, reason: str, do: str = "") -> "Fault":
        """`where` is file and line, as rows keep it."""
        file, _, line = where.rpartition(":")
        return cls(file=file, line=int(line), reason=reason, do=do)

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
class Row:
    """One row of a file. Asking it for a value that is missing or wrong puts a fault on record."""

    file: str
    line: int
    values: dict[str, Any]
    faults: list[Fault]
    asked: set[str] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)
    """Where each value stands, if not all stand on one line."""

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    def refuse(self, reason: str, name: str = "") -> None:
        self.faults.append(Fault(file=self.file, line=self.lines.get(name, self.line), reason=reason))

    def text(self, name: str, default: str | None = None) -> str:
        self.asked.add(name)
        value = self.values.get(name, default)
        # YAML reads a number or a day where somebody wrote text without quotation marks; nothing is lost by it.
        if isinstance(value, date) or (isinstance(value, int) and not isinstance(value, bool)):
            value = str(value)
        found = value.strip() if isinstance(value, str) else None
        if found is None or (default is None and not found):
            self.refuse(f"{name} is missing" if value in (None, "") else f"{name} must be text", name)
            return default or ""
        return found

    def code(self, name: str, form: cells.Form, default: str | None = None) -> str:
        """A code as it was meant: full-width letters are narrow ones, and a spreadsheet's marks are no part of it."""
        return self._formed(name, cells.code(self.text(name, default)), form)

    def texts(self, name: str) -> tuple[str, ...]:
        self.asked.add(name)
        value = self.values.get(name)
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            value = cells.parts(value)
        if isinstance(value, list):
            value = [str(part) if type(part) is int else part for part in value]
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.refuse(f"{name} must be a list of texts", name)
            return ()
        return tuple(part.strip() for part in value)

    def codes(self, name: str, form: cells.Form) -> tuple[str, ...]:
        return tuple(self._formed(name, cells.code(part), form) for part in self.texts(name))

    def limit(self, name: str) -> str:
        """A number and a unit, before anybody knows whether they are right."""
        return cells.limit(self.text(name))

    def flag(self, name: str) -> bool:
        self.asked.add(name)
        value = cells.flag(self.values.get(name, False))
        if value is None:
            self.refuse(f"{name} must be true or false", name)
        return value or False

    def day(self, name: str) -> date | None:
        self.asked.add(name)
        value = self.values.get(name)
        if isinstance(value, date):
            return value
        found = cells.day(value) if isinstance(value, str) else None
        if found is None:
            wrong = f"must be a date, for example 2026-10-01{cells.why_no_day(value)}"
            self.refuse(f"{name} is missing" if value in (None, "") else f"{name} {wrong}", name)
        return found

    def hour(self, name: str) -> time | None:
        """A time of day, if one is given."""
        self.asked.add(name)
        value = self.values.get(name)
        if value in (None, ""):
            return None
        found = cells.hour(value) if isinstance(value, str) else None
        if found is None:
            self.refuse(f'{name} must be a time, for example "17:30"', name)
        return found

    def done(self) -> None:
        """Everything was asked for; what is left over is a spelling mistake."""
        for name in sorted(set(self.values) - self.asked):
            near = difflib.get_close_matches(name, self.asked - set(self.values), 1)
            self.refuse(f"unknown key {name}" + (f": did you mean {near[0]}?" if near else ""), name)

    def _formed(self, name: str, value: str, form: cells.Form) -> str:
        if value and not form.fits(value):
            self.refuse(f"{name} {value}: {cells.why_rounded(value) or form.message}", name)
        return value


def code_of(row: Row, name: str, codes: type[C], value: str) -> C | None:
    """The member of a closed set that the value stands for."""
    row.asked.add(name)
    try:
        return codes(cells.code(value))
    except ValueError:
        near = difflib.get_close_matches(value, [code.value for code in codes], 1)
        row.refuse(f"unknown {name} {value}" + (f": did you mean {near[0]}?" if near else ""), name)
        return None


def read_rows(pack: Path, name: str, faults: list[Fault]) -> Iterator[Row]:
    """The rows of a YAML list or a table of the pack; none if there is no such file."""
    source = _Source(pack / name, f"{pack.name}/{name}", faults)
    if name in TABLES:
        yield from source.table(TABLES[name])
        return
    top = source.yaml()
    if isinstance(top, yaml_text.Sequence):
        yield from source.rows(top)
    elif top is not _NOTHING:
        source.refuse(1, EMPTY if top is None else "must be a list", whole=True)


def read_heading(pack: Path, faults: list[Fault]) -> Row:
    """The pack.yaml itself."""
    source = _Source(pack / HEADING, f"{pack.name}/{HEADING}", faults)
    before = len(faults)
    top = source.yaml()
    if isinstance(top, yaml_text.Mapping):
        return source.entry(top, 1)
    if len(faults) == before:
        source.refuse(1, "the pack has no pack.yaml" if top is _NOTHING else NO_MAPPING, whole=True)
    return source.entry(yaml_text.Mapping(1), 1)


def read_document(path: Path, file: str, part: str, faults: list[Fault]) -> tuple[Row, list[Row]]:
    """A YAML mapping, and the rows of the list that stands in it under the name of the part."""
    source = _Source(path, file, faults)
    top = source.yaml()
    if not isinstance(top, yaml_text.Mapping):
        if top is not _NOTHING:
            source.refuse(1, NO_MAPPING, whole=True)
        return source.entry(yaml_text.Mapping(1), 1), []
    listed = top.values.pop(part, None)
    if isinstance(listed, yaml_text.Sequence):
        rows = list(source.rows(listed))
    else:
        rows = []
        if part in top.lines:
            source.refuse(top.lines[part], f"{part} must be a list")
    return source.entry(top, 1), rows


_NOTHING = object()
"""No file, or none that could be read: what is wrong with it was said."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One file and what is wrong with it."""

    path: Path
    file: str
    faults: list[Fault]

    def refuse(self, line: int, reason: str, *, whole: bool = False) -> None:
        self.faults.append(Fault(file=self.file, line=line, reason=reason, whole=whole))

    def text(self) -> str | None:
        try:
            content = content_of(self.path, MOST_BYTES[self.path.suffix if self.path.suffix in MOST_BYTES else ".yaml"])
            text = decoded(content) if content is not None else None
        except NotAFile as error:
            self.refuse(1, str(error), whole=True)
            return None
        except UnreadableText as error:
            self.refuse(error.line, error.reason, whole=True)
            return None
        hidden = list(unseen(text)) if text is not None else []
        for line, reason in hidden:
            self.refuse(line, reason, whole=True)
        return None if hidden else text

    def yaml(self) -> Any:
        noted: list[Note] = []
        text = self.text()
        try:
            return yaml_text.parsed(text, noted) if text is not None else _NOTHING
        except UnreadableText as error:
            self.refuse(error.line, error.reason, whole=True)
            return _NOTHING
        finally:
            self._note(noted)

    def table(self, columns: csv_text.Columns) -> Iterator[Row]:
        noted: list[Note] = []
        text = self.text()
        if text is None:
            return
        try:
            for line, values in csv_text.table(text, columns, noted):
                yield Row(file=self.file, line=line, values=dict(values), faults=self.faults)
        except UnreadableText as error:
            self.refuse(error.line, error.reason, whole=True)
        finally:
            self._note(noted)

    def rows(self, listed: yaml_text.Sequence) -> Iterator[Row]:
        for line, value in zip(listed.lines, listed.values, strict=True):
            if isinstance(value, yaml_text.Mapping):
                yield self.entry(value, line)
            else:
                self.refuse(line, NO_MAPPING)

    def entry(self, found: yaml_text.Mapping, line: int) -> Row:
        return Row(
            file=self.file, line=line, values=yaml_text.plain(found), faults=self.faults, lines=dict(found.lines)
        )

    def _note(self, noted: list[Note]) -> None:
        for line, reason in noted:
            self.refuse(line, reason)
