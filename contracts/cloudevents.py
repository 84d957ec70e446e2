"""CloudEvents 1.0 in the binary mode of the Kafka protocol binding: attributes in headers, the event in the value.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from contracts.events import EVENTS, CaseBound, Event
from contracts.events.base import VERSION

CONTENT_TYPE = b"application/json"
WIRE_TYPE = re.compile(r"yimen\.[a-z_]+\.[a-z_]+\.v([0-9]{1,4})\Z")

_encode = msgspec.json.Encoder().encode
_decoders = {wire_type.encode(): msgspec.json.Decoder(event) for wire_type, event in EVENTS.items()}


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its CloudEvents attributes. `sequence` counts per case and writer from 1, without a hole."""

    id: UUID
    writer: str
    time: datetime
    sequence: int | None = None
    traceparent: str | None = None
    data: Event


class BadEnvelope(ValueError):
    """The record is no event of ours; `code` is stable and says why, the text never repeats the content."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class UnknownType(BadEnvelope):
    """A CloudEvent of a type that this version does not know; a reader may ignore it."""


def encode(envelope: Envelope) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of the Kafka record."""
    headers = attributes(
        event_id=envelope.id,
        wire_type=envelope.data.wire_type(),
        writer=envelope.writer,
        time=envelope.time,
        subject=envelope.data.case_id if isinstance(envelope.data, CaseBound) else None,
        sequence=envelope.sequence,
        traceparent=envelope.traceparent,
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
        headers.append(("ce_traceparent", traceparent.encode()))
    return headers


def decode(headers: Mapping[str, bytes], value: bytes | None) -> Envelope:
    """Read a record. Raises `BadEnvelope` for anything that is not a whole event of ours, and nothing else."""
    decoder = _decoders.get(headers.get("ce_type", b""))
    if decoder is None:
        raise _not_known(_attribute(headers, "ce_type"))
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
            traceparent=headers["ce_traceparent"].decode("ascii") if "ce_traceparent" in headers else None,
            data=data,
        )
    except ValueError as error:
        if isinstance(error, BadEnvelope):
            raise
        raise BadEnvelope("bad_attribute", "an attribute in the headers cannot be read") from None


def _not_known(wire_type: str) -> BadEnvelope:
    match = WIRE_TYPE.match(wire_type)
    if match is None:
        return UnknownType("unknown_type", "ce_type is not of the form yimen.<subject>.<verb>.v<version>")
    if int(match[1]) != VERSION:
        return BadEnvelope("unsupported_version", f"event version {int(match[1])}, this reader knows {VERSION}")
    return UnknownType("unknown_type", "no event of this name")


def _attribute(headers: Mapping[str, bytes], name: str) -> str:
    raw = headers.get(name)
    if not raw:
        raise BadEnvelope("no_attribute", f"the header {name} is missing")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadEnvelope("bad_attribute", f"the header {name} is not UTF-8") from None
