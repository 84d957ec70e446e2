"""CloudEvents 1.0 in the binary mode of the Kafka protocol binding: attributes in headers, the event in the value.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from contracts.events import EVENTS, CaseBound, Event
from contracts.events.base import VERSION
from contracts.tracing import HEADERS as TRACE_HEADERS
from contracts.tracing import Trace, trace_in

CONTENT_TYPE = b"application/json"
WIRE_TYPE = re.compile(r"(yimen\.[a-z_]+\.[a-z_]+)\.v([0-9]{1,4})\Z")
MAX_SEQUENCE: Final = 2**31 - 1
LONGEST: Final = 200
"""Of an attribute that is kept of an event that nobody here knows."""

_encode = msgspec.json.Encoder().encode
_decoders = {wire_type.encode(): msgspec.json.Decoder(event) for wire_type, event in EVENTS.items()}


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its CloudEvents attributes. `sequence` counts per case and writer from 1, without a hole."""

    id: UUID
    writer: str
    time: datetime
    sequence: int | None = None
    trace: Trace | None = None
    data: Event


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Of which case an event tells, who says so, and which of its writer's events about it this is."""

    case_id: UUID
    writer: str
    sequence: int


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a type that this version does not know: a newer writer says it. Only its place counts."""

    type: str
    id: str
    place: Place | None = None
    """As far as the attributes say it; a reader that passes the event over goes on from there."""


class BadEnvelope(ValueError):
    """The record is no event of ours; `code` is stable and says why, the text never repeats the content."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def encode(envelope: Envelope) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of the Kafka record."""
    headers = attributes(
        event_id=envelope.id,
        wire_type=envelope.data.wire_type(),
        writer=envelope.writer,
        time=envelope.time,
        subject=envelope.data.case_id if isinstance(envelope.data, CaseBound) else None,
        sequence=envelope.sequence,
        traceparent=str(envelope.trace) if envelope.trace is not None else None,
    )
    return headers, _encode(envelope.data)


def attributes(
    *,
    event_id: UUID,
    wire_type: str,
    writer: str,
    time: datetime,
    subject: UUID | None,
    sequence: int | None,
    traceparent: str | None,
) -> list[tuple[str, bytes]]:
    """The headers alone, for who holds the encoded event already. Called for every record that is sent."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event_id).encode()),
        ("ce_type", wire_type.encode()),
        ("ce_source", f"/yimen/{writer}".encode()),
        ("ce_time", time.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("content-type", CONTENT_TYPE),
    ]
    if subject is not None:
        headers.append(("ce_subject", str(subject).encode()))
    if sequence is not None:
        headers.append(("ce_sequence", str(sequence).encode()))
    if traceparent is not None:
        headers += [(name, traceparent.encode()) for name in TRACE_HEADERS]
    return headers


def decode(headers: Mapping[str, bytes], value: bytes | None) -> Envelope | Unknown:
    """Read a record. Raises `BadEnvelope` for what is no CloudEvent or no whole event of ours, and nothing else.

    A known event in another version is refused: what it says concerns the reader, who cannot understand it.
    """
    decoder = _decoders.get(headers.get("ce_type", b""))
    if decoder is None:
        return _unknown(headers)
    if value is None:
        raise BadEnvelope("no_value", "the record has no value")
    try:
        data = decoder.decode(value)
    except msgspec.ValidationError as error:
        raise BadEnvelope("invalid_event", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadEnvelope("not_json", "the value is not JSON in UTF-8") from None
    try:
        return Envelope(
            id=msgspec.convert(_attribute(headers, "ce_id"), UUID),
            writer=_attribute(headers, "ce_source").rpartition("/")[2],
            time=datetime.fromisoformat(_attribute(headers, "ce_time")),
            sequence=int(headers["ce_sequence"]) if "ce_sequence" in headers else None,
            trace=trace_in(headers),
            data=data,
        )
    except ValueError as error:
        if isinstance(error, BadEnvelope):
            raise
        raise BadEnvelope("bad_attribute", "an attribute in the headers cannot be read") from None


def place_in(headers: Mapping[str, bytes]) -> Place | None:
    """What the attributes alone say of an event's place; nothing unless they say all of it."""
    try:
        case_id = UUID(headers["ce_subject"].decode("ascii"))
        writer = headers["ce_source"].decode("ascii").rpartition("/")[2]
        sequence = int(headers["ce_sequence"][:LONGEST])
    except (KeyError, ValueError):
        return None
    if not 0 < sequence <= MAX_SEQUENCE:
        return None
    return Place(case_id=case_id, writer=writer[:LONGEST], sequence=sequence)


def _unknown(headers: Mapping[str, bytes]) -> Unknown:
    wire_type = _attribute(headers, "ce_type")
    match = WIRE_TYPE.match(wire_type)
    if match is not None and f"{match[1]}.v{VERSION}" in EVENTS:
        raise BadEnvelope("unsupported_version", f"event version {int(match[2])}, this reader knows {VERSION}")
    event_id = headers.get("ce_id", b"")[:LONGEST].decode("utf-8", "replace")
    return Unknown(type=wire_type[:LONGEST], id=event_id, place=place_in(headers))


def _attribute(headers: Mapping[str, bytes], name: str) -> str:
    raw = headers.get(name)
    if not raw:
        raise BadEnvelope("no_attribute", f"the header {name} is missing")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadEnvelope("bad_attribute", f"the header {name} is not UTF-8") from None
