"""Reads what comes from outside as one JSON object. Every byte of it may be wrong; nothing of it is repeated."""

import json
from typing import Any

import msgspec

from contracts.codes import RejectionCode


class NoObject(msgspec.Struct, frozen=True):
    """It is no object that can mean one thing, and why."""

    code: RejectionCode
    detail: str


def read_object(value: bytes | None, *, largest: int) -> dict[str, Any] | NoObject:
    """The object. An object that names a field twice means two things, so it is none."""
    if value is None:
        return NoObject(RejectionCode.NO_VALUE, "there is no value")
    if len(value) > largest:
        return NoObject(RejectionCode.TOO_LARGE, f"must have at most {largest // 1024} KiB")
    try:
        text = value.decode("utf-8")
        read = msgspec.json.decode(value)
        doubled = names_twice(text)
    except UnicodeDecodeError:
        return NoObject(RejectionCode.NOT_UTF8, "must be UTF-8")
    except (msgspec.DecodeError, RecursionError):
        return NoObject(RejectionCode.NOT_JSON, "must be one JSON object")
    if not isinstance(read, dict):
        return NoObject(RejectionCode.WRONG_TYPE, "must be one JSON object")
    if doubled:
        return NoObject(RejectionCode.DOUBLED_FIELD, "must name each field once")
    return read


def names_twice(text: str) -> bool:
    """Whether an object of this JSON has a field more than once; most readers keep the last without a word."""
    doubled = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal doubled
        doubled = doubled or len({name for name, _ in pairs}) != len(pairs)

    json.loads(text, object_pairs_hook=look, parse_int=len, parse_float=len)
    return doubled
