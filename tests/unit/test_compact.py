"""How events and documents are stored."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.compact import AS_IT_IS, NotCompact, compact, whole

EXAMPLES = sorted(Path("contracts/examples").glob("*.json"))
STORED = (
    b'{"case_id":"019cab00-0000-7000-8000-0000000000aa","by":{"door":"http","role":"officer",'
    b'"office":"education-130722000000"},"state":"closed"}'
)
STORED_WITH_1 = bytes.fromhex(
    "0128b52ffd208b1d0100487d636c6f736564227d0700cdc4261130d790be46f02d3c80857301b2cb70f0ad0c81"
)
"""Written when the dictionary was new."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_whatever_is_said_comes_back_as_it_was(example: Path) -> None:
    said = msgspec.json.encode(json.loads(example.read_text("utf-8"))["value"])
    assert whole(compact(said)) == said
    assert len(compact(said)) < len(said)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_so_does_what_nobody_has_said_yet(said: dict[str, object]) -> None:
    encoded = msgspec.json.encode(said)
    assert whole(compact(encoded)) == encoded


def test_what_was_stored_before_is_read_as_it_is() -> None:
    assert whole(b'{"a":1}') == b'{"a":1}'
    assert whole(b"[1]") == b"[1]"
    assert compact(b"{}")[:1] not in AS_IT_IS


def test_the_dictionary_reads_what_it_wrote_when_it_was_new() -> None:
    assert whole(STORED_WITH_1) == STORED


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01abc", b"\xf0\x28\xb5\x2f\xfd", b"null"])
def test_anything_else_is_refused(stored: bytes) -> None:
    with pytest.raises(NotCompact):
        whole(stored)


def test_an_event_takes_a_third_at_most() -> None:
    said = [msgspec.json.encode(json.loads(path.read_text("utf-8"))["value"]) for path in EXAMPLES]
    assert 3 * sum(len(compact(one)) for one in said) < sum(len(one) for one in said)
