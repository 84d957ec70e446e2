"""The list of all checks, and how they are run and counted."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from console.verify.snapshot import Fault, Snapshot

MOST_FAULTS: Final = 1000
"""Of one check. Whoever has more needs no longer list."""

Look = Callable[[Snapshot], Iterator[Fault | None]]
"""Yields once for each thing it looks at: `None`, or what is wrong with it."""


class Check(NamedTuple):
    name: str
    rule: str
    look: Look
    needs_kafka: bool


class Result(msgspec.Struct, kw_only=True):
    """What a check has seen so far."""

    name: str
    rule: str
    checked: int = 0
    wrong: int = 0
    faults: list[Fault] = []


CHECKS: Final[dict[str, Check]] = {}


def check(rule: str, *, needs_kafka: bool = False) -> Callable[[Look], Look]:
    """Register a check; its name is the function's, its rule is what people read."""

    def register(look: Look) -> Look:
        CHECKS[look.__name__] = Check(look.__name__, rule, look, needs_kafka)
        return look

    return register


def fresh_results(*, with_kafka: bool) -> dict[str, Result]:
    return {name: Result(name=name, rule=one.rule) for name, one in CHECKS.items() if with_kafka or not one.needs_kafka}


def run(snapshot: Snapshot, results: dict[str, Result]) -> None:
    """Add what every wanted check finds in this snapshot."""
    for name, result in results.items():
        _count(result, CHECKS[name].look(snapshot))


def _count(result: Result, seen: Iterable[Fault | None]) -> None:
    for fault in seen:
        result.checked += 1
        if fault is None:
            continue
        result.wrong += 1
        if len(result.faults) < MOST_FAULTS:
            result.faults.append(msgspec.structs.replace(fault, check=result.name))
