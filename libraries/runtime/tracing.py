"""Traces handed on: whatever a request or a record causes carries its trace, with its own step as the parent.

Only the ids travel and are logged; spans are recorded by nobody here. What brings no trace begins one.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from contracts.tracing import Trace

_CURRENT: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)


def step(before: Trace | None = None) -> Trace:
    """A step of our own: in the trace of what caused it, or the first of a new one."""
    if before is None:
        return Trace(f"{_number(128):032x}", f"{_number(64):016x}")
    return Trace(before.trace_id, f"{_number(64):016x}", before.flags)


def current() -> Trace | None:
    """Of the request, or the one record, that is being worked on."""
    return _CURRENT.get()


@contextmanager
def within(trace: Trace | None) -> Iterator[None]:
    """What is written and logged inside belongs to the trace, unless it names another."""
    token = _CURRENT.set(trace)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def _number(bits: int) -> int:
    """Not zero, which the standard forbids. Nobody's secret: it need not be hard to guess."""
    return random.getrandbits(bits) or 1
