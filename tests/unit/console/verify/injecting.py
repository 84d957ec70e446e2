"""How a fault is planted into good snapshot."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from console.verify.snapshot import JournalRow, Snapshot, TopicRecord


class InjectedFault(NamedTuple):
    """What was done to the snapshot, and the check that has to find it."""

    check: str
    what: str
    inject: Callable[[Snapshot], Snapshot]

    def __str__(self) -> str:
        return f"{self.check}: {self.what}"


def fits(row: Any, where: dict[str, object]) -> bool:
    """Values as they are, or a function that says yes."""
    found = ((getattr(row, name), wanted) for name, wanted in where.items())
    return all(wanted(value) if callable(wanted) else value == wanted for value, wanted in found)


def without(snapshot: Snapshot, rows: str, **where: object) -> Snapshot:
    before = getattr(snapshot, rows)
    kept = [row for row in before if not fits(row, where)]
    assert len(kept) < len(before), f"nothing to take away: {where}"
    return replace(snapshot, **{rows: kept})


def doubled(snapshot: Snapshot, rows: str, /, changes: dict[str, object] | None = None, **where: object) -> Snapshot:
    """The first that fits stands there twice, the second time with changes."""
    before = list(getattr(snapshot, rows))
    first = next(row for row in before if fits(row, where))
    return replace(snapshot, **{rows: [*before, first._replace(**(changes or {}))]})


def changed(snapshot: Snapshot, rows: str, changes: dict[str, object], **where: object) -> Snapshot:
    """All that fit."""
    assert any(fits(row, where) for row in getattr(snapshot, rows)), f"nothing to change: {where}"
    return replace(
        snapshot, **{rows: [row._replace(**changes) if fits(row, where) else row for row in getattr(snapshot, rows)]}
    )


def swapped(snapshot: Snapshot, first: TopicRecord, second: TopicRecord) -> Snapshot:
    """Two records of one partition change places."""
    other = {first: second._replace(offset=first.offset), second: first._replace(offset=second.offset)}
    return replace(snapshot, records=[other.get(record, record) for record in snapshot.records])


def swapped_on(snapshot: Snapshot, topic: str) -> Snapshot:
    first, second = [record for record in snapshot.records if record.topic == topic][:2]
    return swapped(snapshot, first, second)


def of_type(type_: str) -> Callable[[object], bool]:
    return lambda value: value == f"yimen.{type_}.v1"


def copied(value: object) -> bool:
    """Whether a topic is an office's."""
    return str(value).startswith("departments.")


def stray(snapshot: Snapshot, **changes: Any) -> Snapshot:
    """A record that looks like the last of a case, under an id that nobody gave out."""
    like = next(
        record for record in reversed(snapshot.records) if record.case_id is not None and not copied(record.topic)
    )
    made = like._replace(
        event_id=str(hashlib.md5(repr(changes).encode(), usedforsecurity=False).hexdigest()),
        offset=1000,
        **{"sequence": (like.sequence or 0) + 1, **changes},
    )
    return replace(snapshot, records=[*snapshot.records, made])


def rewritten(snapshot: Snapshot, event_type: str, change: Callable[[bytes], bytes], **where: object) -> Snapshot:
    """Another content for what was said."""

    def again(row: JournalRow) -> JournalRow:
        return row._replace(value=change(row.value)) if fits(row, {"type": of_type(event_type), **where}) else row

    after = [again(row) for row in snapshot.journal]
    assert after != snapshot.journal, f"nothing to say otherwise: {event_type}"
    return replace(snapshot, journal=after)
