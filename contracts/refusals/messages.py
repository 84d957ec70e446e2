"""Refusals as values, and what they say in the language that was asked for."""

import dataclasses
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

from contracts.codes import Code
from contracts.refusals.shapes import Shape
from contracts.refusals.table import REFUSALS

Language = Literal["zh", "en"]
Facts = Mapping[str, Any]
"""Codes, numbers, moments by the clocks of the place, names of the policy, or lists of them."""

INVALID: Final = "invalid"
"""Several things are wrong, each named by a fault."""
FIELD: Final = 422

TITLES: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        400: ("请求无法识别", "Bad request"),
        401: ("未经认证", "Not authenticated"),
        403: ("无权办理", "Not allowed"),
        404: ("未找到", "Not found"),
        405: ("方法不适用", "Method not allowed"),
        408: ("请求超时", "Request timed out"),
        409: ("与当前状态不符", "Conflicts with the state of things"),
        410: ("已不存在", "Gone"),
        412: ("内容已有变化", "Changed meanwhile"),
        413: ("内容过大", "Too large"),
        415: ("内容类型不适用", "Not this kind of content"),
        422: ("内容有误", "Faults in what was sent"),
        429: ("过于频繁", "Too often"),
        500: ("系统故障", "Fault of the service"),
        503: ("暂时无法办理", "Away for the moment"),
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field; an empty field is the whole."""

    field: str
    code: str
    facts: Facts = dataclasses.field(default_factory=dict)


class PossibleAct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is possible as things stand: what, by which offices, and until when if it is not for ever."""

    act: str
    """The last part of its path, and of an office's own act the action on Kafka."""
    by: tuple[str, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was asked for is not done, and why; nothing changed."""

    code: str
    facts: Facts = dataclasses.field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    possible: tuple[PossibleAct, ...] = dataclasses.field(default=(), compare=False)
    """What could be done instead."""
    changed: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    """Of what has changed since it was seen: the acts or event types, in order."""

    @classmethod
    def of(cls, *faults: Fault) -> "Refused":
        """All faults at once. One kind alone gives the whole its code; what is no field's fault goes before."""
        first = next((fault for fault in faults if REFUSALS[fault.code].status != FIELD), faults[0])
        alike = {fault.code for fault in faults} == {first.code}
        if alike or REFUSALS[first.code].status != FIELD:
            return cls(code=first.code, facts=first.facts, faults=faults)
        return cls(code=INVALID, faults=faults)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return REFUSALS[self.code].status

    def detail(self, language: Language = "zh") -> str:
        """What is wrong and what to do next."""
        if len(self.faults) > 1 and self.status == FIELD:
            return sentence(INVALID, {}, language)
        said = sentence(self.code, self.facts, language)
        field_name = self.faults[0].field if self.faults else ""
        return f"{field_name}: {said}" if field_name else said


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong. `detail` states the rule and never repeats what was sent; `field` is empty for the whole."""

    field: str
    code: str
    detail: str


def field_errors(faults: Iterable[Fault], language: Language = "zh") -> tuple[FieldError, ...]:
    """Every fault with what it says."""
    return tuple(
        FieldError(field=fault.field, code=fault.code, detail=sentence(fault.code, fault.facts, language))
        for fault in faults
    )


def sentence(code: str, facts: Facts, language: Language = "zh") -> str:
    """What the code says, with its facts."""
    row = REFUSALS[code]
    text = row.en if language == "en" else row.zh
    return text.format_map({name: _told(facts.get(name), language) for name in row.facts})


def title(status: int, language: Language = "zh") -> str:
    """Of a problem document."""
    zh, en = TITLES.get(status, ("无法办理", "Refused"))
    return en if language == "en" else zh


def _told(value: Any, language: Language) -> str:
    match value:
        case None | "" | () | []:
            return "none" if language == "en" else "无"
        case Shape():
            return value.value[language == "en"]
        case Code():
            return value.value if language == "en" else f"{value.zh}（{value.value}）"
        case datetime():
            return value.isoformat(timespec="minutes")
        case AbstractSet() | Mapping():
            return _told(sorted(value), language)
        case list() | tuple():
            return (", " if language == "en" else "、").join(_told(one, language) for one in value)
        case _:
            return str(value)
