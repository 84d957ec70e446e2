"""Each event is applied once and in order; what cannot be applied waits with its case."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from libraries.runtime.kafka.deduplication import Stream, triage
from libraries.runtime.kafka.records import Arrival, Incoming, Record, Unreadable

CASE, OTHER = UUID(int=1), UUID(int=2)
WHEN = datetime(2026, 3, 2, tzinfo=UTC)


def a_record(key: bytes | None = None, topic: str = "t") -> Record:
    return Record(topic=topic, partition=0, offset=0, timestamp=WHEN, key=key, value=b"", headers={})


def event(sequence: int | None, case: UUID | None = CASE, writer: str = "intake") -> Arrival:
    return Incoming(
        record=a_record(),
        event_id=str(uuid4()),
        writer=writer,
        case_id=case,
        sequence=sequence,
        received_at=WHEN,
        data=sequence,
    )


def triaged(*arrivals: Arrival, applied: int = 0, blocked: frozenset[str] = frozenset()) -> tuple:
    result = triage(arrivals, deduplicated=True, applied={Stream(CASE, "intake"): applied}, blocked=blocked)
    return (
        [item.data for item in result.fresh],
        [letter.code for letter in result.dead_letters],
        result.repeats,
    )


def test_the_next_ones_are_fresh() -> None:
    assert triaged(event(4), event(5), applied=3) == ([4, 5], [], 0)


def test_smaller_or_equal_is_a_repeat_also_within_the_batch() -> None:
    assert triaged(event(3), event(4), event(4), event(2), applied=3) == ([4], [], 3)


def test_a_gap_stops_the_case_and_no_other() -> None:
    fresh, codes, _ = triaged(event(1), event(3), event(4), event(1, OTHER))
    assert (fresh, codes) == ([1, 1], ["sequence_gap", "behind"])


def test_a_case_that_waits_stays_blocked() -> None:
    assert triaged(event(4), event(3), applied=3, blocked=frozenset({str(CASE)})) == ([], ["behind"], 1)


def test_an_unreadable_event_of_a_known_case_stops_the_case() -> None:
    broken = Unreadable(
        record=a_record(), code="unsupported_version", detail="v2", case_id=CASE, writer="intake", sequence=1
    )
    assert triaged(broken, event(2)) == ([], ["unsupported_version", "behind"], 0)
    assert triaged(broken, event(2), applied=1) == ([2], [], 1)


def test_an_unreadable_record_of_nobody_stops_nobody() -> None:
    assert triaged(Unreadable(record=a_record(b"k"), code="not_json", detail=""), event(1)) == (
        [1],
        ["not_json"],
        0,
    )


def test_writers_count_each_for_themselves() -> None:
    result = triage([event(1), event(1, writer="routing")], deduplicated=True, applied={}, blocked=frozenset())
    assert result.applied == {Stream(CASE, "intake"): 1, Stream(CASE, "routing"): 1}


def test_an_event_without_a_case_is_always_fresh() -> None:
    assert triaged(event(None, None), event(None, None)) == ([None, None], [], 0)


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(0, 4))
def test_whatever_comes_what_is_applied_has_no_hole_and_no_repeat(numbers: list[int], applied: int) -> None:
    fresh, codes, repeats = triaged(*(event(number) for number in numbers), applied=applied)
    assert fresh == list(range(applied + 1, applied + 1 + len(fresh)))
    assert len(fresh) + len(codes) + repeats == len(numbers)
