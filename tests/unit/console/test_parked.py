"""How a parked record looks to a person."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from console.parked.format import age, finished, listed, shown
from console.parked.repairing import Outcome, Place, readable, whole
from libraries.runtime.kafka.dead_letters import DeadLetter, Opened, UnsealedDeadLetter

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = UUID("019c0000-0000-7000-8000-000000000001")


def a_row(**changes: Any) -> DeadLetter:
    values: dict[str, Any] = {
        "id": 17,
        "reader": "routing.cases",
        "ordering_key": str(CASE),
        "code": "unsupported_version",
        "detail": "yimen.case.accepted.v9",
        "facts": {},
        "state": "parked",
        "event_id": "e-1",
        "writer": "intake",
        "case_id": CASE,
        "sequence": 3,
        "topic": "intake.cases.v1",
        "partition": 2,
        "offset": 131,
        "timestamp": NOW - timedelta(hours=4),
        "parked_at": NOW - timedelta(hours=3, minutes=12),
        "settled_at": None,
        "settled_by": None,
        "settled_because": None,
        "behind": 2,
    }
    return DeadLetter(**values | changes)


def a_record(value: bytes | None = b"{}", headers: Any = (), **changes: Any) -> UnsealedDeadLetter:
    opened = [Opened(at=NOW, by="ops-1")]
    return UnsealedDeadLetter(parked=a_row(**changes), key=b"k", value=value, headers=list(headers), opened=opened)


PLACE = Place("routing", 17)


def test_a_list_has_a_line_for_each_and_says_what_to_do_next() -> None:
    lines = listed([(PLACE, a_row()), (Place("intake", 3), a_row(case_id=None, behind=0))], NOW).splitlines()
    assert lines[0].split("  ") == [
        "routing/17",
        "unsupported_version",
        "routing.cases",
        "intake.cases.v1/2@131",
        f"case {CASE}",
        "3 h 12 min",
        "2 behind it",
    ]
    assert "no case" in lines[1]
    assert lines[2] == "2 shown; next: yimen parked show|replay|drop ID"


def test_what_was_settled_says_how() -> None:
    assert "dropped: unsupported_version" in listed([(PLACE, a_row(state="dropped"))], NOW)
    told = shown(PLACE, a_record(state="dropped", settled_at=NOW, settled_by="ops-1", settled_because="a test"))
    assert "2026-03-02 09:00:00Z dropped by ops-1: a test" in told


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=26), "1 d 2 h"),
    ],
)
def test_an_age_is_told_in_its_two_largest_units(span: timedelta, words: str) -> None:
    assert age(span) == words


def test_nothing_that_a_partner_wrote_reaches_the_terminal_as_a_command() -> None:
    record = a_record(b"a\x1b[2Jb\nc", [("x\x07\nstate", b"\x9b1m"), ("gone", None)], event_id="\x1b]0;")
    told = shown(PLACE, record)
    assert not {"\x1b", "\x07", "\x9b"} & set(told)
    assert told.endswith("value, 8 bytes\na\\x1b[2Jb\nc")
    assert "  header   x\\x07\\nstate: base64 mzFt" in told.splitlines()
    assert "  header   gone: null" in told.splitlines()


def test_bytes_are_text_where_they_are_text() -> None:
    assert readable("补助".encode()) == {"text": "补助"}
    assert readable(b"\xff") == {"base64": "/w=="}
    assert readable(None) is None
    told = whole(PLACE, a_record(None, [("ce_id", b"1")]))
    assert (told["id"], told["service"], told["value"]) == ("routing/17", "routing", None)
    assert told["headers"] == [{"name": "ce_id", "value": {"text": "1"}}]


def test_what_still_waits_is_named_with_its_reason() -> None:
    outcomes = [Outcome(id="routing/17", handled=1, left=2, code="sequence_gap"), Outcome(id="intake/3", handled=4)]
    assert finished(outcomes).splitlines() == [
        "routing/17: 1 handled, 2 still wait: sequence_gap; yimen parked show routing/17",
        "5 records handled, 2 still wait",
    ]
    assert finished([]) == "nothing is parked that fits"
