"""YAML of a pack as plain values with their lines: no links, tags or merge keys, each key once, all within bounds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import yaml

from libraries.policies.decoding import LONGEST_VALUE, UNSEEN, Note, UnreadableText

Loader: Any = getattr(yaml, "CLoader", yaml.Loader)
"""Only its parser is used: it makes events and no values, and it does not recurse."""
DEEPEST: Final = 12
MOST_VALUES: Final = 100_000
PLAIN_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NO_LINKS: Final = "& and * and << are not used in packs: write the values out"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Values by name; `lines` says where each stands."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Values of a list, each with its line."""

    line: int
    values: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def parsed(text: str, faults: list[Note]) -> Any:
    """What stands in the text: `Mapping`, `Sequence`, a single value, or none. Lesser faults are noted.

    Raises `Unreadable`.
    """
    try:
        return _Reader(_events(text), faults).read_document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = f"not valid YAML: {getattr(error, 'problem', None) or 'cannot be read'}"
        last = text.count("\n", 0, -1) + 1
        raise UnreadableText(min(mark.line + 1, last) if mark is not None else 1, reason) from None


def plain(value: Any) -> Any:
    """The value without lines, as lists and dictionaries."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.values.items()}
    if isinstance(value, Sequence):
        return [plain(inner) for inner in value.values]
    return value


def _events(text: str) -> Iterator[Any]:
    """Of the one document, checked for what is not used here."""
    depth = count = documents = 0
    event: Any
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UnreadableText(line, "holds two documents: --- stands between them")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise UnreadableText(line, NO_LINKS)
        if getattr(event, "tag", None) is not None:
            raise UnreadableText(line, "a tag (!) is not used in packs: write the value alone")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        count += isinstance(event, yaml.NodeEvent)
        if depth > DEEPEST:
            raise UnreadableText(line, f"nested more than {DEEPEST} deep")
        if count > MOST_VALUES:
            raise UnreadableText(line, f"holds more than {MOST_VALUES} values")
        if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            yield event


class _Reader:
    """Makes values of events. It calls itself once for each level, of which there are few."""

    def __init__(self, events: Iterator[Any], faults: list[Note]) -> None:
        self._events = events
        self._faults = faults

    def read_document(self) -> Any:
        first = next(self._events, None)
        value = self._value(first) if first is not None else None
        for _ in self._events:  # a second document raises
            pass
        return value

    def _value(self, event: Any) -> Any:
        line = event.start_mark.line + 1
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event, line)
            case yaml.SequenceStartEvent():
                return self._sequence(line)
            case _:
                return self._mapping(line)

    def _sequence(self, line: int) -> Sequence:
        found = Sequence(line)
        while not isinstance(event := next(self._events), yaml.CollectionEndEvent):
            found.values.append(self._value(event))
            found.lines.append(event.start_mark.line + 1)
        return found

    def _mapping(self, line: int) -> Mapping:
        found = Mapping(line)
        while not isinstance(event := next(self._events), yaml.CollectionEndEvent):
            where = event.start_mark.line + 1
            key, value = self._value(event), self._value(next(self._events))
            if not isinstance(event, yaml.ScalarEvent) or key is None or not event.value.strip():
                self._faults.append((where, "a key must be a name"))
            elif event.value == "<<":
                raise UnreadableText(where, NO_LINKS)
            elif event.value.strip() in found.values:
                self._faults.append((where, f"{event.value.strip()} stands here twice"))
            else:
                # The name as it is written: `on` and `no` are names too.
                found.values[event.value.strip()] = value
                found.lines[event.value.strip()] = where
        return found

    def _scalar(self, event: Any, line: int) -> Any:
        text: str = event.value
        if len(text) > LONGEST_VALUE:
            self._faults.append((line, f"a value is longer than {LONGEST_VALUE} signs"))
            text = text[:LONGEST_VALUE]
        if UNSEEN.search(text) is not None:
            # An escape such as \u200b brings in what the text itself did not hold.
            self._faults.append((line, "a value holds a character that nobody sees"))
            text = UNSEEN.sub("", text)
        if not event.implicit[0]:
            return text
        if text in PLAIN_WORDS:
            return PLAIN_WORDS[text]
        if WHOLE.fullmatch(text):
            return int(text)
        if DAY.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                # Such as 2027-02-30: whoever asks for a day says so.
                return text
        return text
