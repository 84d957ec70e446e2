"""Reading a record never raises, and reading a batch never stops at what a partner wrote."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord
from aiokafka.record._crc32c import crc
from aiokafka.record.default_records import DefaultRecordBatchBuilder, _DefaultRecordBatchBuilderPy
from hypothesis import given
from hypothesis import strategies as st

from contracts.cloudevents import Envelope, Unknown, encode
from contracts.codes import CaseState
from contracts.events.cases import CaseWithdrawn
from contracts.topics import FEEDBACK_PATTERN
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.bounds import Excerpt
from libraries.runtime.kafka.consumer import record_of, spelled_out
from libraries.runtime.kafka.fetching import TolerantRecords
from libraries.runtime.kafka.records import Incoming, Reader, Record, Unreadable, events_of_ours, read_record

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CASE = UUID(int=7)


async def nothing(*_: Any) -> None:
    """Not called here."""


READER = Reader(name="r", group="g", topics=("t",), decode=events_of_ours(Clock()), handle=nothing, deduplicated=True)


def raw(
    headers: list[tuple[str, bytes | None]], value: bytes | None, key: bytes | None = b"k", timestamp: int = 0
) -> ConsumerRecord:
    return ConsumerRecord("t", 0, 5, timestamp, 0, key, value, None, 0, 0, tuple(headers))


def an_event(**changed: bytes | None) -> tuple[list[tuple[str, bytes | None]], bytes]:
    envelope = Envelope(
        id=UUID(int=1),
        writer="intake",
        time=NOW,
        sequence=3,
        data=CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=CASE, reason="x", withdrawn_at=NOW),
    )
    headers, value = encode(envelope)
    return [(name, changed.get(name, content)) for name, content in headers], value


def read(headers: list[tuple[str, bytes | None]], value: bytes | None) -> Any:
    return read_record(READER, record_of(raw(headers, value), NOW))


def test_an_event_of_ours_arrives_with_its_place_and_time() -> None:
    arrival = read(*an_event())
    assert isinstance(arrival, Incoming)
    assert (arrival.case_id, arrival.writer, arrival.sequence, arrival.ordering_key) == (CASE, "intake", 3, str(CASE))


@pytest.mark.parametrize("sequence", [b"0", b"-1", b"99999999999999", b"", b"x", b"\xff", None])
def test_an_event_of_a_case_needs_a_number_that_counts(sequence: bytes | None) -> None:
    assert isinstance(read(*an_event(ce_sequence=sequence)), Unreadable)


def test_an_unknown_type_counts_and_says_nothing() -> None:
    arrival = read(*an_event(ce_type=b"yimen.weather.changed.v1"))
    assert isinstance(arrival.data, Unknown)
    assert arrival.data.type == "yimen.weather.changed.v1"
    assert (arrival.case_id, arrival.writer, arrival.sequence) == (CASE, "intake", 3)


def test_a_future_version_keeps_its_place() -> None:
    arrival = read(*an_event(ce_type=b"yimen.case.withdrawn.v2"))
    assert (arrival.code, arrival.case_id, arrival.writer, arrival.sequence) == (
        "unsupported_version",
        CASE,
        "intake",
        3,
    )


names = st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_sequence", "x"])


@given(
    st.lists(st.tuples(names, st.none() | st.binary(max_size=40)), max_size=10),
    st.none() | st.binary(max_size=60),
    st.none() | st.binary(max_size=300),
    st.integers(-(2**63), 2**63 - 1),
)
def test_reading_a_record_never_raises(
    headers: list[tuple[str, bytes | None]], value: bytes | None, key: bytes | None, timestamp: int
) -> None:
    record = record_of(raw(headers, value, key, timestamp), NOW)
    assert record.came_at == NOW
    assert isinstance(read_record(READER, record), Incoming | Unreadable)


def test_a_decoder_that_breaks_costs_only_its_record() -> None:
    def broken(record: Record) -> Incoming[Any]:
        raise RecursionError(record.topic)

    reader = Reader(name="r", group="g", topics=("t",), decode=broken, handle=nothing, deduplicated=False)
    arrival = read_record(reader, record_of(raw([], b""), NOW))
    assert (arrival.code, arrival.detail) == ("undecodable", "RecursionError")


class Foreign(str):
    """A header name as another client may write it."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


def a_batch(names: list[str], builder: Any = DefaultRecordBatchBuilder) -> bytearray:
    made = builder(2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=1 << 20)
    for number, name in enumerate(names):
        made.append(number, timestamp=1000, key=b"k", value=str(number).encode(), headers=[(name, b"v")])
    return bytearray(made.build())


def values(fetched: bytes) -> list[Any]:
    records, found = TolerantRecords(fetched), []
    while records.has_next():
        found.extend(records.next_batch())
    return found


def test_a_header_name_that_is_not_text_is_escaped_and_nothing_is_lost() -> None:
    fetched = a_batch(["x"]) + a_batch(["x", Foreign("y"), "z"], _DefaultRecordBatchBuilderPy) + a_batch(["x"])

    found = values(bytes(fetched))

    assert [record.value for record in found] == [b"0", b"0", b"1", b"2", b"0"]
    assert list(found[2].headers) == [("\\xff\\xfe", b"v")]


@pytest.mark.parametrize("codec", [0x02, 0x03, 0x04, 0x07])
def test_a_batch_whose_compression_cannot_be_undone_is_kept_whole_at_its_last_offset(codec: int) -> None:
    broken = a_batch(["x", "y", "z"])
    broken[22] |= codec
    broken[17:21] = crc(bytes(broken[21:])).to_bytes(4, "big")

    before, placeholder, after = values(bytes(a_batch(["x"]) + broken + a_batch(["x"])))

    assert (before.value, after.value) == (b"0", b"0")
    assert (placeholder.offset, placeholder.value) == (2, bytes(broken))
    assert isinstance(placeholder.value, Excerpt)


def test_a_batch_with_a_wrong_checksum_is_kept_whole() -> None:
    broken = a_batch(["x"])
    broken[-1] ^= 0xFF
    assert [record.value.reason for record in values(bytes(broken))] == ["wrong checksum"]


def test_the_pattern_of_the_feedback_topics_says_the_same_spelled_out() -> None:
    """The framework takes braces for path parameters."""
    spelled = spelled_out(FEEDBACK_PATTERN)
    assert "{" not in spelled
    for name, fits in (
        ("departments.education-130722000000.feedback.v1", True),
        ("departments.social_security-130000000000.feedback.v1", True),
        ("departments.education-1307220000001.feedback.v1", False),
        ("departments.education-130722000000.referrals.v1", False),
        ("xdepartments.education-130722000000.feedback.v1", False),
    ):
        assert bool(re.match(spelled, name)) is bool(re.match(FEEDBACK_PATTERN, name)) is fits
