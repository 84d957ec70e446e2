"""W3C Trace Context: the `traceparent` by which all that follows from one request or record is found together.

https://www.w3.org/TR/trace-context/ and, for events, the distributed tracing extension of CloudEvents.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

HEADERS: Final = ("traceparent", "ce_traceparent")
"""Of a Kafka record: what instrumented clients write, and what CloudEvents calls it."""
SAMPLED: Final = 1
"""The only flag that version 00 knows."""
_FORM: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{0,200})?")
_NO_TRACE, _NO_PARENT = b"0" * 32, b"0" * 16
"""All zeroes are forbidden."""


class Trace(msgspec.Struct, frozen=True):
    """One step of a trace; `str` gives it as a header has it."""

    trace_id: str
    parent_id: str
    flags: int = 0

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.parent_id}-{self.flags:02x}"


def read_trace(value: str | bytes | None) -> Trace | None:
    """What the header says; nothing where it is missing or not as the standard has it, which is nobody's fault."""
    if value is None:
        return None
    found = _FORM.fullmatch(value.encode("ascii", "replace") if isinstance(value, str) else value)
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == b"ff" or (version == b"00" and more is not None):
        return None
    if trace_id == _NO_TRACE or parent_id == _NO_PARENT:
        return None
    return Trace(trace_id.decode(), parent_id.decode(), int(flags, 16) & SAMPLED)


def trace_in(headers: Mapping[str, bytes]) -> Trace | None:
    """Of a Kafka record."""
    for name in HEADERS:
        if (trace := read_trace(headers.get(name))) is not None:
            return trace
    return None
