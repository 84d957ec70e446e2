"""What a service reads: raw records, what they mean, and who handles them."""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.cloudevents import MAX_SEQUENCE, BadEnvelope, Place, Unknown, decode, place_in
from contracts.events import CaseBound, Known
from contracts.refusals import Fault
from contracts.tracing import Trace, trace_in
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.bounds import LARGEST_VALUE
from libraries.runtime.tracing import step

T_co = TypeVar("T_co", covariant=True)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A Kafka record as it came. A header whose value is null is left out; the last of equal names counts."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    """As it stands on the record: the broker's word, or the sender's."""
    judged: datetime | None = None
    """Real time at which it reached the broker, as far as can be told; what stands on it where nobody has judged."""
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    raw_headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def came_at(self) -> datetime:
        return self.judged or self.timestamp


class Incoming(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """A record that was understood."""

    record: Record
    event_id: str
    writer: str | None = None
    case_id: UUID | None = None
    sequence: int | None = None
    received_at: datetime
    """Business time at which it reached our edge."""
    trace: Trace | None = None
    """Our step in the trace of the record: what the record causes carries it."""
    about: str | None = None
    """What it is about, where the sender's key need not say it: a partner may write all its records with one key."""
    data: T_co

    @property
    def ordering_key(self) -> str | None:
        if self.about is not None:
            return f"{self.record.topic}/{self.about}"
        return ordering_key_of(self.record, self.case_id)


class Undecodable(Exception):
    """The record makes no sense. If its case and place are known all the same, the case waits behind it."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        case_id: UUID | None = None,
        writer: str | None = None,
        sequence: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.case_id = case_id
        self.writer = writer
        self.sequence = sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that made no sense, with what its headers say of its place."""

    record: Record
    code: str
    detail: str
    event_id: str | None = None
    writer: str | None = None
    case_id: UUID | None = None
    sequence: int | None = None

    @property
    def ordering_key(self) -> str | None:
        """Only a case waits for it: a partner's garbage must not hold up what comes after."""
        return str(self.case_id) if self.case_id is not None else None


Arrival = Incoming[Any] | Unreadable

Decode = Callable[[Record], Incoming[Any]]
Handle = Callable[[Sequence[Incoming[Any]], AsyncConnection], Awaitable[None]]
OnDeadLetters = Callable[[Sequence[Incoming[Any]], str, AsyncConnection], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One consumer group of a service with what it does. Dead letters and metrics know it by `name`."""

    name: str
    group: str
    topics: tuple[str, ...] | None = None
    pattern: str | None = None
    decode: Decode
    handle: Handle
    deduplicated: bool
    """Our own events: per case and writer each sequence is applied once and in order."""
    on_dead_letters: OnDeadLetters | None = None
    """Hears of records that could be read and were `parked` or `dropped` all the same: nobody is to wait for them."""
    refuse: Callable[["Unreadable"], Incoming[Any]] | None = None
    """Makes of what cannot be read something that the handler answers its sender. Without it, it is parked."""
    only: frozenset[type] | None = None
    """Types that the handler wants; others are skipped, their sequences count as applied."""
    largest: int = LARGEST_VALUE
    """Bytes of a value; of a larger one only its size, its hash and its first bytes come here."""
    refused_by_topic: Counter[str] | None = None
    """Records of each topic that had to be refused, for the plumbing to empty: beyond its budget a topic rests."""
    max_records: int = 2000
    time_limit: float = 20.0
    """Seconds for one batch; below the graceful time-out of the process."""


class Ignored:
    """What stands in the place of a record that holds nothing for its reader."""

    __slots__ = ()


def ordering_key_of(record: Record, case_id: UUID | None) -> str | None:
    """Records of one ordering key wait for each other: those of a case, or those with one key on a partner's topic."""
    if case_id is not None:
        return str(case_id)
    if record.key is None:
        return None
    # The topic belongs to it: no office may block the ordering key of another one by using its keys.
    # A key may name a person, so only its hash is kept.
    return f"{record.topic}/{hashlib.sha256(record.key).hexdigest()}"


def step_of(record: Record) -> Trace:
    """Our step in the trace that its sender names; in a new one, if there is none."""
    return step(trace_in(record.headers))


def fault_of(unread: Unreadable) -> Fault:
    """As its sender is told."""
    if unread.code == "too_large":
        return Fault("", "too_large", {"most": unread.detail})
    return Fault("", "unreadable", {"why": unread.detail})


def read_record(reader: Reader, record: Record) -> Arrival:
    """Never raises: what cannot be read becomes a value too."""
    arrival = _read(reader, record)
    return refused(reader, arrival) if isinstance(arrival, Unreadable) else arrival


def refused(reader: Reader, arrival: Unreadable) -> Arrival:
    """What becomes of a record that makes no sense: its sender hears of it, or it is parked."""
    return reader.refuse(arrival) if reader.refuse is not None else arrival


def _read(reader: Reader, record: Record) -> Arrival:
    try:
        return reader.decode(record)
    except Undecodable as error:
        return Unreadable(
            record=record,
            code=error.code,
            detail=error.detail,
            writer=error.writer,
            case_id=error.case_id,
            sequence=error.sequence,
        )
    except Exception as error:  # noqa: BLE001 -- whatever a partner managed to provoke, the next record flows
        return Unreadable(record=record, code="undecodable", detail=type(error).__name__)


def events_of_ours(clock: Clock) -> Decode:
    """The decoder for all topics that our services write."""

    def read(record: Record) -> Incoming[Known | Unknown]:
        try:
            envelope = decode(record.headers, record.value)
        except BadEnvelope as error:
            raise Undecodable(error.code, error.detail, **place_of(record)) from None
        if isinstance(envelope, Unknown):
            return _passed_over(record, envelope, clock)
        data: Any = envelope.data
        if isinstance(data, CaseBound) and (envelope.sequence is None or not 0 < envelope.sequence <= MAX_SEQUENCE):
            raise Undecodable("bad_attribute", "an event of a case needs a sequence from 1")
        return Incoming(
            record=record,
            event_id=record.headers["ce_id"].decode(),
            writer=envelope.writer,
            case_id=data.case_id if isinstance(data, CaseBound) else None,
            sequence=envelope.sequence,
            received_at=clock.at(record.came_at),
            trace=step(envelope.trace),
            data=data,
        )

    return read


def _passed_over(record: Record, event: Unknown, clock: Clock) -> Incoming[Unknown]:
    """With its place: what its writer says next of the case follows it, and no event is missing between them."""
    received_at = clock.at(record.came_at)
    return Incoming(record=record, event_id=event.id, received_at=received_at, data=event, **_in(event.place))


def place_of(record: Record) -> dict[str, Any]:
    """Case, writer and sequence from the headers alone, all three or none."""
    return _in(place_in(record.headers))


def _in(place: Place | None) -> dict[str, Any]:
    return msgspec.structs.asdict(place) if place is not None else {}
