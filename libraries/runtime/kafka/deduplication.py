"""Each event of ours is applied once and in order: a rule over numbers, and the rows that remember them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, String, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from libraries.runtime.database.bulk import arrays, source
from libraries.runtime.failures import ConcurrentDelivery
from libraries.runtime.kafka.records import Arrival, Incoming, Unreadable


class Stream(NamedTuple):
    """What one writer says about one case."""

    case_id: UUID
    writer: str


class NewDeadLetter(NamedTuple):
    """A record that cannot be handled, and why."""

    arrival: Arrival
    code: str
    detail: str


@dataclass(slots=True)
class Triage:
    """What becomes of each record of a batch."""

    fresh: list[Incoming[Any]] = field(default_factory=list)
    dead_letters: list[NewDeadLetter] = field(default_factory=list)
    repeats: int = 0
    applied: dict[Stream, int] = field(default_factory=dict)
    """The sequences that count as applied after the batch."""


def stream_of(arrival: Arrival) -> Stream | None:
    if arrival.case_id is None or arrival.writer is None or arrival.sequence is None:
        return None
    return Stream(arrival.case_id, arrival.writer)


def triage(
    arrivals: Sequence[Arrival], *, deduplicated: bool, applied: Mapping[Stream, int], blocked: AbstractSet[str]
) -> Triage:
    """Fresh, repeated, or a dead letter. An ordering key with a dead letter is blocked as a whole, in order."""
    result = Triage()
    blocked = set(blocked)
    for arrival in arrivals:
        stream = stream_of(arrival) if deduplicated else None
        last = result.applied.get(stream, applied.get(stream, 0)) if stream is not None else 0
        sequence = arrival.sequence or 0
        if stream is not None and sequence <= last:
            result.repeats += 1
            continue
        reason = _reason(arrival, blocked, expected=last + 1 if stream is not None else None)
        if reason is not None:
            result.dead_letters.append(NewDeadLetter(arrival, *reason))
            if (key := arrival.ordering_key) is not None:
                blocked.add(key)
            continue
        if isinstance(arrival, Incoming):
            result.fresh.append(arrival)
        if stream is not None:
            result.applied[stream] = sequence
    return result


def _reason(arrival: Arrival, blocked: AbstractSet[str], *, expected: int | None) -> tuple[str, str] | None:
    """Why a record cannot be handled now."""
    if isinstance(arrival, Unreadable):
        return arrival.code, arrival.detail
    if blocked and arrival.ordering_key in blocked:
        return "behind", "an earlier record with this ordering key is parked"
    if expected is not None and arrival.sequence != expected:
        return "sequence_gap", f"expected {expected}, came {arrival.sequence}"
    return None


_KINDS: Final[Mapping[str, TypeEngine[Any]]] = MappingProxyType(
    {"case_id": Uuid(), "writer": String(), "before": Integer(), "after": Integer()}
)

_APPLIED: Final = """
    SELECT a.case_id, a.writer, a.sequence
    FROM {k} JOIN applied_sequences AS a ON a.case_id = k.case_id AND a.writer = {writer} AND a.reader = :reader
"""

# Compare and set: whoever applies the same events at the same time waits for our row and then finds another number.
_CLAIM: Final = """
    WITH k AS MATERIALIZED (
        SELECT case_id, {writer} AS writer, {before} AS before, {after} AS after FROM {k} ORDER BY case_id, writer
    ), begun AS (
        INSERT INTO applied_sequences (case_id, reader, writer, sequence)
        SELECT case_id, :reader, writer, after FROM k WHERE before = 0
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), moved AS (
        UPDATE applied_sequences AS a SET sequence = k.after
        FROM k
        WHERE k.before > 0 AND a.case_id = k.case_id AND a.reader = :reader AND a.writer = k.writer
          AND a.sequence = k.before
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM begun) + (SELECT count(*) FROM moved)
"""


@cache
def _statement(template: str, columns: tuple[str, ...], constant: frozenset[str]) -> TextClause:
    """What all rows have in common, mostly the writer, is sent once."""
    places = {name: f":{name}" if name in constant else f"k.{name}" for name in columns}
    return text(template.format(k=source(columns, constant), **places)).bindparams(
        bindparam("reader", type_=String),
        *(bindparam(name, type_=_KINDS[name] if name in constant else ARRAY(_KINDS[name])) for name in columns),
    )


async def load_applied(conn: AsyncConnection, reader: str, streams: AbstractSet[Stream]) -> dict[Stream, int]:
    if not streams:
        return {}
    columns = ("case_id", "writer")
    constant, values = arrays(columns, list(streams))
    rows = await conn.execute(_statement(_APPLIED, columns, constant), values | {"reader": reader})
    return {Stream(case_id, writer): sequence for case_id, writer, sequence in rows}


async def claim(
    conn: AsyncConnection, reader: str, *, before: Mapping[Stream, int], after: Mapping[Stream, int]
) -> None:
    """Move the sequences forward. Raises `ConcurrentDelivery` if one of them was moved by somebody else."""
    if not after:
        return
    columns = ("case_id", "writer", "before", "after")
    rows = [(*stream, before.get(stream, 0), sequence) for stream, sequence in after.items()]
    constant, values = arrays(columns, rows)
    if await conn.scalar(_statement(_CLAIM, columns, constant), values | {"reader": reader}) != len(rows):
        raise ConcurrentDelivery
