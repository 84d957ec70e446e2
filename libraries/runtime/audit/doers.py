"""Who is at work: known once at the edge of a process, and asked when something is put on record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """A subject as its token names it, a reader of a topic, a service by itself, or somebody at a terminal."""

    subject: str
    role: str = ""
    office: str | None = None


BY_ITSELF: Final = Doer(subject="system")
_DOER: Final[ContextVar[Callable[[], Doer]]] = ContextVar("audit_doer", default=lambda: BY_ITSELF)


def doer() -> Doer:
    return _DOER.get()()


@contextmanager
def acting(who: Doer | Callable[[], Doer]) -> Iterator[None]:
    """All that is put on record in the block is by them. A function is asked each time that something is."""
    token = _DOER.set((lambda: who) if isinstance(who, Doer) else who)
    try:
        yield
    finally:
        _DOER.reset(token)
