"""An event as it was said, and as a subscriber gets it: a CloudEvent in the JSON format.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from uuid import UUID

import msgspec

from contracts.events import CaseBound
from contracts.events.cases import CaseAccepted, CaseRegistered
from libraries.runtime.kafka.records import Incoming


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was said: what a CloudEvent has, and the event read."""

    event: CaseBound
    event_id: UUID
    writer: str
    sequence: int | None
    at: str
    """As the writer has written it."""
    traceparent: str | None
    value: bytes

    @classmethod
    def of(cls, incoming: Incoming[CaseBound]) -> "Said":
        record = incoming.record
        return cls(
            event=incoming.data,
            event_id=UUID(incoming.event_id),
            writer=incoming.writer or "",
            sequence=incoming.sequence,
            at=record.headers["ce_time"].decode(),
            traceparent=str(incoming.trace) if incoming.trace is not None else None,
            value=record.value or b"{}",
        )


class StructuredEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0 in the JSON format; `sequence` and `traceparent` are extensions of the specification's own."""

    specversion: str
    id: UUID
    source: str
    type: str
    time: str
    subject: str | None = None
    sequence: str | None = None
    traceparent: str | None = None
    datacontenttype: str
    data: msgspec.Raw


def structured(said: Said, *, attributes: bool = True) -> bytes:
    """The whole event in one JSON object, without the answers of the case where they are not to be known."""
    value = said.value
    if not attributes and isinstance(said.event, CaseRegistered | CaseAccepted) and said.event.attributes:
        value = msgspec.json.encode(msgspec.structs.replace(said.event, attributes={}))
    return msgspec.json.encode(
        StructuredEvent(
            specversion="1.0",
            id=said.event_id,
            source=f"/yimen/{said.writer}",
            type=said.event.wire_type(),
            time=said.at,
            subject=str(said.event.case_id),
            sequence=str(said.sequence) if said.sequence is not None else None,
            traceparent=said.traceparent,
            datacontenttype="application/json",
            data=msgspec.Raw(value),
        )
    )
