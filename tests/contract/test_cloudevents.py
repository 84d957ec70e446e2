"""Our records under another reader, and hostile records under ours."""

import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from contracts.cloudevents import BadEnvelope, Envelope, Place, Unknown, decode, encode
from contracts.codes import CaseState
from contracts.events.cases import CaseWithdrawn
from contracts.tracing import read_trace

CASE = UUID("019cab00-0000-7000-8000-000000000001")
MOMENT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def an_envelope() -> Envelope:
    event = CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=CASE, reason="applicant_request", withdrawn_at=MOMENT)
    return Envelope(id=UUID(int=7), writer="intake", time=MOMENT, sequence=3, data=event)


def test_the_cloudevents_sdk_reads_what_we_write() -> None:
    headers, value = encode(an_envelope())

    event = from_binary_event(KafkaMessage(headers=dict(headers), key=None, value=value))

    assert event.get_id() == str(UUID(int=7))
    assert event.get_type() == "yimen.case.withdrawn.v1"
    assert event.get_source() == "/yimen/intake"
    assert event.get_subject() == str(CASE)
    assert event.get_extension("sequence") == "3"
    data = event.get_data()
    assert (json.loads(data) if isinstance(data, (bytes, str)) else data)["reason"] == "applicant_request"


def test_what_was_written_is_read_back() -> None:
    headers, value = encode(an_envelope())
    assert decode(dict(headers), value) == an_envelope()


def test_unknown_fields_are_ignored() -> None:
    headers, value = encode(an_envelope())
    wider = json.dumps(json.loads(value) | {"from_a_later_release": [1, 2]}).encode()
    assert decode(dict(headers), wider) == an_envelope()


@pytest.mark.parametrize(
    ("header", "raw", "code"),
    [
        ("ce_type", None, "no_attribute"),
        ("ce_type", b"\xff\xfe", "bad_attribute"),
        ("ce_type", b"yimen.case.withdrawn.v2", "unsupported_version"),
        ("ce_id", b"7", "bad_attribute"),
        ("ce_sequence", b"three", "bad_attribute"),
        ("ce_time", b"yesterday", "bad_attribute"),
    ],
)
def test_a_bad_header_is_named(header: str, raw: bytes | None, code: str) -> None:
    headers, value = encode(an_envelope())
    altered = {**dict(headers), header: raw}
    with pytest.raises(BadEnvelope) as caught:
        decode({name: text for name, text in altered.items() if text is not None}, value)
    assert caught.value.code == code


TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_trace_travels_in_both_headers() -> None:
    trace = read_trace(TRACEPARENT)
    headers, value = encode(msgspec.structs.replace(an_envelope(), trace=trace))
    assert [content for name, content in headers if name.endswith("traceparent")] == [TRACEPARENT, TRACEPARENT]
    event = from_binary_event(KafkaMessage(headers=dict(headers), key=None, value=value))
    assert event.get_extension("traceparent") == TRACEPARENT.decode()
    envelope = decode(dict(headers), value)
    assert isinstance(envelope, Envelope)
    assert envelope.trace == trace


@pytest.mark.parametrize("bad", [b"\xff", b"", b"00-0-0-0", TRACEPARENT.upper()])
def test_a_trace_that_is_none_costs_nothing(bad: bytes) -> None:
    headers, value = encode(an_envelope())
    assert decode({**dict(headers), "ce_traceparent": bad, "traceparent": bad}, value) == an_envelope()


@pytest.mark.parametrize("wire_type", [b"yimen.case.sung.v1", b"yimen.case.sung.v2", b"com.example.thing"])
def test_a_type_of_somebody_else_is_told_apart(wire_type: bytes) -> None:
    headers, value = encode(an_envelope())

    unknown = decode({**dict(headers), "ce_type": wire_type}, value)

    place = Place(case_id=CASE, writer="intake", sequence=3)
    assert unknown == Unknown(type=wire_type.decode(), id=str(UUID(int=7)), place=place)


@pytest.mark.parametrize(
    ("header", "raw"),
    [
        ("ce_subject", None),
        ("ce_subject", b"a case"),
        ("ce_source", b"\xff"),
        ("ce_sequence", None),
        ("ce_sequence", b"0"),
        ("ce_sequence", b"9999999999"),
    ],
)
def test_an_unknown_type_has_a_place_only_if_all_of_it_is_there(header: str, raw: bytes | None) -> None:
    headers, value = encode(an_envelope())
    altered = {**dict(headers), "ce_type": b"yimen.case.sung.v7", header: raw}

    unknown = decode({name: text for name, text in altered.items() if text is not None}, value)

    assert isinstance(unknown, Unknown)
    assert unknown.place is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "no_value"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe{}", "not_json"),
        (b"[" * 100_000, "invalid_event"),
        (b"[]", "invalid_event"),
        (b'{"case_id": 5}', "invalid_event"),
        (
            b'{"case_id": "019cab00-0000-7000-8000-000000000001", "reason": "x", "withdrawn_at": "9999"}',
            "invalid_event",
        ),
    ],
)
def test_a_bad_value_is_named(value: bytes | None, code: str) -> None:
    headers, _ = encode(an_envelope())
    with pytest.raises(BadEnvelope) as caught:
        decode(dict(headers), value)
    assert caught.value.code == code
