"""Nothing from a topic is unpacked or kept beyond its bound, and what stands in its place says what it was."""

import gzip
import hashlib
import tracemalloc
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from libraries.runtime.kafka import bounds
from libraries.runtime.kafka.bounds import Excerpt, TooMuch, cut, unpack
from libraries.runtime.kafka.budgets import Budgets
from libraries.runtime.kafka.fetching import TolerantRecords

GZIP, NONE = 1, 0


def packed(*values: bytes, codec: int = GZIP, **more: Any) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2, codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=1 << 30
    )
    for number, value in enumerate(values):
        said: dict[str, Any] = {"key": b"k", "headers": []} | more
        builder.append(number, timestamp=1000, value=value, **said)
    return bytes(builder.build())


def records(fetched: bytes) -> list[Any]:
    found, batches = [], TolerantRecords(fetched)
    while batches.has_next():
        found.extend(batches.next_batch())
    return found


@pytest.fixture(autouse=True)
def _installed() -> None:
    bounds.install()


def test_a_bomb_is_passed_over_without_being_unpacked() -> None:
    bomb = packed(b" " * 60_000_000)
    whole = packed(b"before") + bomb + packed(b"after")
    tracemalloc.start()
    before, placeholder, after = records(whole)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (before.value, after.value) == (b"before", b"after")
    assert placeholder.value.code == "too_large"
    assert (placeholder.value.size, placeholder.value.digest) == (len(bomb), hashlib.sha256(bomb).hexdigest())
    assert len(placeholder.value) == bounds.KEPT
    assert peak < 3 * bounds.LARGEST_BATCH


def test_a_gzip_of_many_members_counts_as_one() -> None:
    assert unpack(gzip.compress(b"a") + gzip.compress(b"b") + b"\x00\x00") == b"ab"
    half = gzip.compress(b" " * (bounds.LARGEST_BATCH // 2 + 1))
    with pytest.raises(TooMuch):
        unpack(half + half)
    with pytest.raises(EOFError):
        unpack(half[:-9])


def test_at_the_bound_it_is_unpacked() -> None:
    assert len(unpack(gzip.compress(b" " * bounds.LARGEST_BATCH))) == bounds.LARGEST_BATCH


@pytest.mark.parametrize(
    ("value", "more", "key"),
    [
        (b" " * (bounds.LARGEST_VALUE + 1), {}, b"k"),
        (b"{}", {"key": b"k" * (bounds.LARGEST_REST + 1)}, None),
        (b"{}", {"headers": [("h", b"v" * bounds.LARGEST_REST)]}, None),
        (b"{}", {"headers": [("h", None)] * bounds.LARGEST_REST}, None),
    ],
)
@pytest.mark.parametrize("codec", [NONE, GZIP])
def test_one_record_too_large_costs_only_itself(
    value: bytes, more: dict[str, Any], key: bytes | None, codec: int
) -> None:
    too_large, fine = records(packed(value, codec=codec, **more) + packed(b"fine"))
    assert isinstance(too_large.value, Excerpt)
    assert (too_large.value.code, too_large.value.size) == ("too_large", len(value))
    assert (too_large.key, too_large.headers, too_large.offset) == (key, (), 0)
    assert fine.value == b"fine"


def test_a_batch_of_more_records_than_anybody_sends_is_passed_over() -> None:
    (placeholder,) = records(packed(*[b""] * (bounds.MOST_RECORDS + 1)))
    assert (placeholder.value.code, placeholder.offset) == ("too_large", bounds.MOST_RECORDS)


def test_what_is_small_enough_is_as_it_came() -> None:
    assert cut(b"abc", largest=3) == b"abc"
    assert cut(None, largest=3) is None
    left = cut(b"abcd", largest=3)
    assert isinstance(left, Excerpt)
    assert cut(left, largest=1) is left


def test_a_budget_fills_again_by_the_second() -> None:
    budgets = Budgets(per_second=10, burst=100)
    assert budgets.spend("t", 100, 0.0) == 0
    assert budgets.spend("t", 50, 0.0) == 5
    assert budgets.spend("other", 100, 0.0) == 0
    assert budgets.spend("t", 0, 5.0) == 0
    assert budgets.spend("t", 100, 1000.0) == 0
