"""Reads what comes from outside as one JSON object. Every byte of it may be wrong; nothing of it is repeated."""

import json
from typing import Any

import msgspec

from contracts.refusals import Fault


def read_object(value: bytes | None, *, largest: int) -> dict[str, Any] | Fault:
    """The object. An object that names a field twice means two things, so it is none."""
    if value is None:
        return Fault("", "no_value")
    if len(value) > largest:
        return Fault("", "too_large", {"most": f"{largest // 1024} KiB"})
    try:
        text = value.decode("utf-8")
        read = msgspec.json.decode(value)
        doubled = names_twice(text)
    except UnicodeDecodeError:
        return Fault("", "not_utf8")
    except (msgspec.MsgspecError, RecursionError):
        return Fault("", "not_json")
    if not isinstance(read, dict):
        return Fault("", "not_json")
    return Fault("", "doubled_field") if doubled else read


def names_twice(text: str) -> bool:
    """Whether an object of this JSON has a field more than once; most readers keep the last without a word."""
    doubled = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal doubled
        doubled = doubled or len({name for name, _ in pairs}) != len(pairs)

    json.loads(text, object_pairs_hook=look, parse_int=len, parse_float=len)
    return doubled
