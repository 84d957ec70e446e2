"""Questions as somebody writes them down: texts in, values that hold out, or which field broke which rule."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from contracts.refusals import Shape
from libraries.deadlines.calendar import Calendar
from libraries.deadlines.counting import due
from libraries.deadlines.explanation import Explanation, Names, explain
from libraries.deadlines.limits import (
    DEFAULT_RULES,
    BadQuestion,
    CountingRules,
    Limit,
    Pause,
    impossible_offset,
    sound,
)

FIELDS = frozenset({"start", "limit", "pauses", "pause", "extensions", "office", "roll", "close_of_business", "id"})
MOST_PARTS = 1_000
_OFFSET = re.compile(r"(.+T.+)[+-]([0-9]{2}):?[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Time added; when it was granted matters, as what has run out cannot be lengthened."""

    limit: Limit
    granted_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    start: datetime
    limit: Limit
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    rules: CountingRules = DEFAULT_RULES
    office: str = ""

    @property
    def codes(self) -> frozenset[str]:
        """The reasons that it names."""
        given = {pause.reason for pause in self.pauses} | {extension.reason for extension in self.extensions}
        return frozenset(given - {""})

    def check_reasons(self, known: Container[str]) -> None:
        for reason in self.codes:
            if reason not in known:
                field = "pause" if any(pause.reason == reason for pause in self.pauses) else "extension"
                raise BadQuestion(field, "unknown_reason", allowed=known)

    def closing_at(self, hour: time | None) -> "Question":
        """The question with the hour at which its office closes, unless it names one itself."""
        if hour is None or self.rules.close_of_business is not None:
            return self
        return replace(self, rules=replace(self.rules, close_of_business=hour))

    def answer(self, calendar: Calendar, names: Names | None = None) -> Explanation:
        self._check_extensions(calendar)
        return explain(
            self.start,
            self.limit,
            calendar=calendar,
            rules=self.rules,
            pauses=self.pauses,
            extensions=[extension.limit for extension in self.extensions],
            names=names,
        )

    def _check_extensions(self, calendar: Calendar) -> None:
        for number, extension in enumerate(self.extensions):
            granted, before = extension.granted_at, [earlier.limit for earlier in self.extensions[:number]]
            if granted is None:
                continue
            if granted < self.start:
                raise BadQuestion("extension", "extension_before_start")
            end = due(
                self.start, self.limit, calendar=calendar, rules=self.rules, pauses=self.pauses, extensions=before
            ).due_at
            if end is not None and granted > end:
                raise BadQuestion("extension", "extension_after_end")


def read_question(values: Mapping[str, Any]) -> Question:
    """The question in it. Raises `BadQuestion`; what was asked is never repeated in the error."""
    if set(values) - FIELDS:
        raise BadQuestion("question", "unknown_field", known=FIELDS)
    limit = Limit.parse(_text(values, "limit"))
    start = read_moment("start", _text(values, "start"))
    return Question(
        start=start,
        limit=limit,
        pauses=tuple(_pause(part) for part in _parts(values, "pauses", "pause")),
        extensions=tuple(_extension(part) for part in _parts(values, "extensions")),
        rules=CountingRules(roll_last_day=_flag(values, "roll"), close_of_business=_hour(values, "close_of_business")),
        office=_text(values, "office") if values.get("office") is not None else "",
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise BadQuestion(name, "wrong_type", wanted=Shape.TEXT)
    return value


def _flag(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name, True)
    if not isinstance(value, bool):
        raise BadQuestion(name, "wrong_type", wanted=Shape.FLAG)
    return value


def _hour(values: Mapping[str, Any], name: str) -> time | None:
    if values.get(name) is None:
        return None
    text = _text(values, name)
    try:
        hour = time.fromisoformat(text)
    except ValueError:
        raise BadQuestion(name, "hour_form") from None
    if hour.tzinfo is not None:
        raise BadQuestion(name, "hour_form")
    return hour


def _parts(values: Mapping[str, Any], *names: str) -> Sequence[Any]:
    for name in names:
        parts = values.get(name)
        if parts is None:
            continue
        parts = [parts] if name == "pause" and isinstance(parts, str | dict) else parts
        if not isinstance(parts, list):
            raise BadQuestion(name, "wrong_type", wanted=Shape.LIST)
        if len(parts) > MOST_PARTS:
            raise BadQuestion(name, "too_many", most=MOST_PARTS)
        return parts
    return ()


def read_moment(field: str, text: str) -> datetime:
    """A moment that names its offset and lies in the calendar. Raises `BadQuestion`."""
    return sound(field, _moment(field, text))


def _moment(field: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # A day or more is no offset to the standard library, which takes the whole for no moment.
        offset = _OFFSET.fullmatch(text)
        if offset is not None and int(offset[2]) >= 24 and _is_moment(offset[1]):
            raise impossible_offset(field) from None
        raise BadQuestion(field, "time_form") from None


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _pause(part: object) -> Pause:
    """`ISO/ISO`, or an object with start, end, reason and by. An open pause has no end."""
    if isinstance(part, str):
        begin, slash, until = part.partition("/")
        if not slash:
            raise BadQuestion("pause", "pause_form")
        part = {"start": begin, "end": until}
    said = _texts("pause", part, {"start", "end", "reason", "by"})
    if not said.get("start"):
        rule = "resume_without_pause" if said.get("end") else "pause_form"
        raise BadQuestion("pause", rule)
    ending = said.get("end")
    return Pause(
        start=_moment("pause", said["start"]),
        end=_moment("pause", ending) if ending else None,
        reason=said.get("reason", ""),
        by=said.get("by", ""),
    )


def _extension(part: object) -> Extension:
    """`10wd`, or an object with limit, granted_at and reason."""
    said = _texts("extension", {"limit": part} if isinstance(part, str) else part, {"limit", "granted_at", "reason"})
    try:
        limit = Limit.parse(said.get("limit", ""))
    except BadQuestion as error:
        raise BadQuestion("extension", error.code, **error.fault.facts) from None
    granted = said.get("granted_at")
    return Extension(
        limit=limit,
        granted_at=read_moment("extension", granted) if granted else None,
        reason=said.get("reason", ""),
    )


def _texts(field: str, part: object, names: set[str]) -> dict[str, str]:
    if not isinstance(part, dict):
        raise BadQuestion(field, "wrong_type", wanted=Shape.TEXT_OR_OBJECT)
    given = {name: value for name, value in part.items() if value is not None}
    if set(given) - names:
        raise BadQuestion(field, "unknown_field", known=names)
    if not all(isinstance(value, str) for value in given.values()):
        raise BadQuestion(field, "wrong_type", wanted=Shape.TEXTS)
    return given
