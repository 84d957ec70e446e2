"""Everything that is wrong with a value from outside, at once, where a decoder would stop at the first fault.

The rules are those of the struct itself. `null` says as much as leaving a field out, moments carry an offset, and what
is not known is refused. What was sent is never repeated, not even the name of a field.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import inspect

from contracts.reading import read_object
from contracts.refusals import Fault, Refused, Shape
from contracts.submissions import AREA_FORM, IDENTIFIER_FORM, POST_FORM
from libraries.deadlines import BadQuestion, read_moment

S = TypeVar("S", bound=msgspec.Struct)
MOST_FAULTS: Final = 50
NUL: Final = "\x00"
CASE_FORM: Final = r"^([0-9]{6}-[0-9]{8}-[0-9]{5,9}-[0-9]|[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12})$"
"""A case's number or id."""
ASKED_AREA_FORM: Final = AREA_FORM.replace("(", "(|", 1)
"""Of a query, where an empty value is none."""
FORMS: Final[Mapping[str, str]] = {
    IDENTIFIER_FORM: "bad_identifier",
    AREA_FORM: "bad_area",
    CASE_FORM: "bad_case",
    ASKED_AREA_FORM: "bad_area",
    POST_FORM: "bad_post",
}
"""Patterns that have a code of their own."""
LARGEST: Final = 1024 * 1024

Faults = list[Fault]
Find = Callable[[Any, Any], Iterator[Fault]]


def read(kind: type[S], body: bytes) -> S | Refused:
    """The struct that a JSON text holds, or all that is wrong with it. Never raises, whatever the bytes are."""
    given = read_object(body, largest=LARGEST)
    return Refused.of(given) if isinstance(given, Fault) else fit(kind, given)


def fit(kind: type[S], given: object) -> S | Refused:
    """The struct that these values make, or all that is wrong with them."""
    values, faults = check(kind, given)
    return Refused.of(*faults) if faults else msgspec.convert(values, kind)


def check(kind: type[msgspec.Struct], given: object) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The values as they are understood, and all faults."""
    faults: Faults = []
    if not isinstance(given, Mapping):
        return {}, (Fault("", "not_json"),)
    values = _struct(_shape(kind), given, "", faults)
    return values, tuple(faults[:MOST_FAULTS])


def check_value(kind: Any, value: object, field: str) -> tuple[Any, tuple[Fault, ...]]:
    """The same of one value of any type."""
    faults: Faults = []
    return _value(_shape(kind), value, field, faults), tuple(faults)


@lru_cache
def _shape(kind: Any) -> Any:
    return inspect.type_info(kind)


def _struct(info: inspect.StructType, given: Mapping[str, Any], path: str, faults: Faults) -> dict[str, Any]:
    said = {name: value for name, value in given.items() if value is not None}
    known = {field.encode_name: field for field in info.fields}
    if said.keys() - known.keys():
        faults.append(Fault(path, "unknown_field", {"known": sorted(known)}))
    values = {}
    for name, field in known.items():
        place = f"{path}.{name}" if path else name
        if name in said:
            values[name] = _value(field.type, said[name], place, faults)
        elif field.required:
            faults.append(Fault(place, "missing"))
    return values


def _value(info: inspect.Type, value: Any, field: str, faults: Faults) -> Any:
    match info:
        case inspect.UnionType(types=types):
            return _union([one for one in types if not isinstance(one, inspect.NoneType)], value, field, faults)
        case inspect.StructType() if isinstance(value, Mapping):
            return _struct(info, value, field, faults)
        case inspect.DictType() if isinstance(value, Mapping):
            return _mapping(info, value, field, faults)
        case inspect.ListType() | inspect.VarTupleType() if isinstance(value, list):
            return _list(info, value, field, faults)
        case inspect.DateTimeType():
            return _moment(value, field, faults)
        case inspect.AnyType():
            return value
        case _:
            find: Find = _SIMPLE.get(type(info), _not_this)
            faults += [replace(fault, field=field) for fault in find(info, value)]
            return value


def _union(types: list[inspect.Type], value: Any, field: str, faults: Faults) -> Any:
    if len(types) == 1:
        return _value(types[0], value, field, faults)
    for one in types:
        tried: Faults = []
        understood = _value(one, value, field, tried)
        if not any(fault.code == "wrong_type" for fault in tried):
            faults += tried
            return understood
    faults.append(Fault(field, "wrong_type", {"wanted": Shape.SCALAR}))
    return value


def _mapping(info: inspect.DictType, value: Mapping[str, Any], field: str, faults: Faults) -> dict[str, Any]:
    """Faults name the whole: a name that a sender invents is not repeated."""
    found: Faults = []
    said = {}
    for name, each in value.items():
        if each is not None:
            _value(info.key_type, name, field, found)
            said[name] = _value(info.value_type, each, field, found)
    faults.extend({fault.code: fault for fault in found}.values())
    return said


def _list(info: inspect.ListType | inspect.VarTupleType, value: list[Any], field: str, faults: Faults) -> list[Any]:
    if info.max_length is not None and len(value) > info.max_length:
        faults.append(Fault(field, "too_many", {"most": info.max_length}))
        return value
    if info.min_length is not None and len(value) < info.min_length:
        faults.append(Fault(field, "missing"))
    found: Faults = []
    items = [_value(info.item_type, each, f"{field}.{number}", found) for number, each in enumerate(value)]
    faults += found[:MOST_FAULTS]
    return items


def _moment(value: object, field: str, faults: Faults) -> Any:
    try:
        return read_moment(field, value if isinstance(value, str) else "")
    except BadQuestion as error:
        faults.append(error.fault)
        return value


def _text(info: inspect.StrType, value: Any) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault("", "wrong_type", {"wanted": Shape.TEXT})
    elif NUL in value:
        yield Fault("", "bad_character")
    elif info.min_length and not value.strip():
        yield Fault("", "missing")
    elif info.max_length is not None and len(value) > info.max_length:
        yield Fault("", "too_long", {"most": info.max_length})
    elif info.pattern is not None and not re.fullmatch(info.pattern, value):
        code = FORMS.get(info.pattern, "wrong_form")
        yield Fault("", code, {"pattern": info.pattern} if code == "wrong_form" else {})


def _number(info: inspect.IntType, value: Any) -> Iterator[Fault]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Fault("", "wrong_type", {"wanted": Shape.NUMBER})
    elif (info.ge is not None and value < info.ge) or (info.le is not None and value > info.le):
        yield Fault("", "out_of_range", {"least": info.ge, "most": info.le})


def _flag(_: inspect.BoolType, value: Any) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield Fault("", "wrong_type", {"wanted": Shape.FLAG})


def _member(info: inspect.EnumType, value: Any) -> Iterator[Fault]:
    allowed = [member.value for member in info.cls]
    if not isinstance(value, str) or value not in allowed:
        yield Fault("", "not_one_of", {"allowed": allowed})


def _literal(info: inspect.LiteralType, value: Any) -> Iterator[Fault]:
    if value not in info.values:
        yield Fault("", "not_one_of", {"allowed": list(info.values)})


def _id(_: inspect.UUIDType, value: Any) -> Iterator[Fault]:
    try:
        msgspec.convert(value, UUID)
    except msgspec.ValidationError:
        yield Fault("", "not_an_id")


def _not_this(info: inspect.Type, _: Any) -> Iterator[Fault]:
    yield Fault("", "wrong_type", {"wanted": _WANTED.get(type(info), Shape.TEXT)})


_WANTED: Final[Mapping[Any, Shape]] = {
    inspect.StructType: Shape.OBJECT,
    inspect.DictType: Shape.OBJECT,
    inspect.ListType: Shape.LIST,
    inspect.VarTupleType: Shape.LIST,
}
_SIMPLE: Final[Mapping[Any, Find]] = {
    inspect.StrType: _text,
    inspect.IntType: _number,
    inspect.BoolType: _flag,
    inspect.EnumType: _member,
    inspect.LiteralType: _literal,
    inspect.UUIDType: _id,
}
