"""How a fault is planted into good facts."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from console.verify.snapshot import Facts, Heard, Said


class Plant(NamedTuple):
    """What was done to the facts, and the check that has to find it."""

    check: str
    what: str
    plant: Callable[[Facts], Facts]

    def __str__(self) -> str:
        return f"{self.check}: {self.what}"


def fits(row: Any, where: dict[str, object]) -> bool:
    """Values as they are, or a function that says yes."""
    found = ((getattr(row, name), wanted) for name, wanted in where.items())
    return all(wanted(value) if callable(wanted) else value == wanted for value, wanted in found)


def without(facts: Facts, rows: str, **where: object) -> Facts:
    before = getattr(facts, rows)
    kept = [row for row in before if not fits(row, where)]
    assert len(kept) < len(before), f"nothing to take away: {where}"
    return replace(facts, **{rows: kept})


def doubled(facts: Facts, rows: str, /, changes: dict[str, object] | None = None, **where: object) -> Facts:
    """The first that fits stands there twice, the second time with changes."""
    before = list(getattr(facts, rows))
    first = next(row for row in before if fits(row, where))
    return replace(facts, **{rows: [*before, first._replace(**(changes or {}))]})


def changed(facts: Facts, rows: str, changes: dict[str, object], **where: object) -> Facts:
    """All that fit."""
    assert any(fits(row, where) for row in getattr(facts, rows)), f"nothing to change: {where}"
    return replace(
        facts, **{rows: [row._replace(**changes) if fits(row, where) else row for row in getattr(facts, rows)]}
    )


def swapped(facts: Facts, first: Heard, second: Heard) -> Facts:
    """Two records of one partition change places."""
    other = {first: second._replace(offset=first.offset), second: first._replace(offset=second.offset)}
    return replace(facts, heard=[other.get(record, record) for record in facts.heard])


def swapped_on(facts: Facts, topic: str) -> Facts:
    first, second = [record for record in facts.heard if record.topic == topic][:2]
    return swapped(facts, first, second)


def of_type(type_: str) -> Callable[[object], bool]:
    return lambda value: value == f"yimen.{type_}.v1"


def copied(value: object) -> bool:
    """Whether a topic is an office's."""
    return str(value).startswith("departments.")


def stray(facts: Facts, **changes: Any) -> Facts:
    """A record that looks like the last of a case, under an id that nobody gave out."""
    like = next(record for record in reversed(facts.heard) if record.case_id is not None and not copied(record.topic))
    made = like._replace(
        event_id=str(hashlib.md5(repr(changes).encode(), usedforsecurity=False).hexdigest()),
        offset=1000,
        **{"sequence": (like.sequence or 0) + 1, **changes},
    )
    return replace(facts, heard=[*facts.heard, made])


def resaid(facts: Facts, event_type: str, change: Callable[[bytes], bytes], **where: object) -> Facts:
    """Another content for what was said."""

    def again(row: Said) -> Said:
        return row._replace(value=change(row.value)) if fits(row, {"type": of_type(event_type), **where}) else row

    after = [again(row) for row in facts.said]
    assert after != facts.said, f"nothing to say otherwise: {event_type}"
    return replace(facts, said=after)
