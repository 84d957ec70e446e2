"""A consumer whose fetch survives records that the client library cannot read.

`getmany` of aiokafka 0.14 raises for a header name that is not UTF-8 and for a compression that it cannot undo. By then
it has moved past the records that it had already taken from this and from other partitions, so they are lost, and it
raises again at each call, so nothing behind is read. Any partner can write such a record. This module can go when
aiokafka (https://github.com/aio-libs/aiokafka) hands out what it has read and lets its caller pass over the rest.
"""

import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import aiokafka.consumer.consumer as aiokafka_consumer
import aiokafka.consumer.fetcher as aiokafka_fetcher
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

from libraries.runtime.kafka import bounds

LENGTH_AT: Final = 8
OVERHEAD: Final = 12
SHORT_FETCH_MS: Final = 50
"""Of a fetch that leaves out what was fetched and not yet taken: until it ends that partition is not asked for."""
WAIT_MS: Final = 250
"""Between two looks of a reader that has nothing to read; what is fetched meanwhile is handed out at once."""


MAGIC_AT: Final = 16
COUNT_AT: Final = 57


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Takes the place of a batch that cannot be read, at its last offset, so that the next fetch goes on behind it.

    Or of one record that is larger than anything that anybody means.
    """

    offset: int
    timestamp: int
    value: bytes | None
    timestamp_type: int = 0
    key: bytes | None = None
    checksum: None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


class LenientBytes(bytearray):
    """Decodes what is not UTF-8 as escapes instead of raising."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return LenientBytes(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:  # noqa: ARG002 -- as the base has it
        return bytes(self).decode(encoding, "backslashreplace")


class TolerantBatch:
    """A batch of the library that never raises."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw
        self._records: Iterator[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def validate_crc(self) -> bool:
        """Left to the iteration, which keeps what is broken."""
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(self._read())

    def __next__(self) -> Any:
        if self._records is None:
            self._records = iter(self._read())
        return next(self._records)

    def _read(self) -> list[Any]:
        # Read to the end before the first one is handed out: half a batch and an error cannot be told apart later.
        if not self._batch.validate_crc():
            return [self._placeholder("wrong checksum")]
        if self._count() > bounds.MOST_RECORDS:
            return [self._placeholder(f"{bounds.MOST_RECORDS} records a batch", code="too_large")]
        try:
            try:
                return [_bounded(record) for record in self._batch]
            except (UnicodeDecodeError, CorruptRecordException):
                return [_bounded(record) for record in self._read_leniently()]
        except bounds.TooMuch as error:
            return [self._placeholder(str(error), code="too_large")]
        except Exception as error:  # noqa: BLE001 -- whatever it is, the batch is passed over
            return [self._placeholder(type(error).__name__)]

    def _count(self) -> int:
        """As it says itself; what says less than it holds is corrupt to the library."""
        if self._raw[MAGIC_AT] < 2:
            return 0
        (count,) = struct.unpack_from(">i", self._raw, COUNT_AT)
        return int(count)

    def _read_leniently(self) -> list[Any]:
        batch = _DefaultRecordBatchPy(self._raw)
        batch._maybe_uncompress()  # noqa: SLF001 -- the library offers no other way to its buffer
        batch._buffer = LenientBytes(batch._buffer)  # noqa: SLF001 -- as above
        return list(batch)

    def _placeholder(self, reason: str, *, code: str = "unreadable_batch") -> Placeholder:
        value = bounds.Excerpt.of(self._raw, code=code, reason=reason)
        return Placeholder(offset=self._batch.next_offset - 1, timestamp=-1, value=value)


def _bounded(record: Any) -> Any:
    rest = len(record.key or b"") + sum(len(name) + len(value or b"") for name, value in record.headers)
    if len(record.value or b"") <= bounds.LARGEST_VALUE and rest <= bounds.LARGEST_REST:
        return record
    if rest > bounds.LARGEST_REST:
        reason = f"{bounds.LARGEST_REST // 1024} KiB of key and headers"
        value = bounds.Excerpt.of(record.value or b"", code="too_large", reason=reason)
        return Placeholder(offset=record.offset, timestamp=record.timestamp, value=value)
    left = bounds.cut(record.value, largest=bounds.LARGEST_VALUE)
    return Placeholder(
        offset=record.offset, timestamp=record.timestamp, value=left, key=record.key, headers=tuple(record.headers)
    )


class TolerantRecords:
    """What a fetch brought for one partition, batch by batch."""

    def __init__(self, raw: bytes) -> None:
        self._raw = memoryview(raw)
        self._at = 0
        self._records = MemoryRecords(raw)

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> TolerantBatch:
        (length,) = struct.unpack_from(">i", self._raw, self._at + LENGTH_AT)
        begin, self._at = self._at, self._at + OVERHEAD + length
        return TolerantBatch(self._records.next_batch(), self._raw[begin : self._at])


class PatientFetcher(aiokafka_fetcher.Fetcher):  # type: ignore[misc]  # the library has no types
    """Lets the broker hold an idle fetch for long, and one that leaves out a partition only shortly.

    The library asks a broker for one fetch at a time. One that waits for partitions without news must not keep the one
    that has just brought some from being asked for.
    """

    _fetch_max_wait_ms: int

    def _get_actions_per_node(self, assignment: Any) -> Any:
        longest = self._fetch_max_wait_ms
        if any(part in self._records for part in assignment.tps):
            self._fetch_max_wait_ms = min(longest, SHORT_FETCH_MS)
        try:
            return super()._get_actions_per_node(assignment)
        finally:
            self._fetch_max_wait_ms = longest


class RobustConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # the library has no types
    """Knows when it was last asked for records, and gives every partition its share of them.

    `largest` says for each group how large a value may be.
    """

    def __init__(self, *args: Any, largest: Mapping[str, int], **kwargs: Any) -> None:
        # The library offers no seam here; other consumers of the process lose nothing by it.
        aiokafka_fetcher.MemoryRecords = TolerantRecords
        aiokafka_consumer.Fetcher = PatientFetcher
        bounds.install()
        kwargs["value_deserializer"] = partial(
            bounds.cut, largest=largest.get(kwargs["group_id"], bounds.LARGEST_VALUE)
        )
        super().__init__(*args, **kwargs)
        self.polled_at = time.monotonic()
        self._served: dict[Any, float] = {}
        self._resting: dict[Any, float] = {}

    async def getmany(self, *partitions: Any, timeout_ms: int = 0, max_records: int) -> Any:
        """Of each partition that has something the same number, so that nobody's flood is read before the others.

        Waits until there is something, or the client is closed: FastStream sleeps for `timeout_ms` after each look that
        brought nothing, and what comes meanwhile would wait for it.
        """
        while True:
            self.polled_at = time.monotonic()
            self._wake()
            found = await self._shares(max_records)
            if not found:
                found = await super().getmany(*partitions, timeout_ms=max(timeout_ms, WAIT_MS), max_records=1)
                if found:
                    for part, more in (await self._shares(max_records - 1)).items():
                        found.setdefault(part, []).extend(more)
            if found or self._closed:
                return found

    async def _shares(self, most: int) -> dict[Any, list[Any]]:
        """What was fetched already. Whoever was served longest ago comes first."""
        fetched = self._fetcher._records  # noqa: SLF001 -- the library hands out the first partition to its end
        waiting = [part for part, result in fetched.items() if type(result) is aiokafka_fetcher.FetchResult]
        found: dict[Any, list[Any]] = {}
        for place, part in enumerate(sorted(waiting, key=lambda part: self._served.get(part, 0.0))):
            share = -(-most // (len(waiting) - place))
            if type(fetched.get(part)) is not aiokafka_fetcher.FetchResult or not share:
                continue
            got = await self._fetcher.fetched_records([part], timeout=0, max_records=share)
            for served, records in got.items():
                found[served] = records
                most -= len(records)
                self._served[served] = self.polled_at
        return found

    def rest(self, part: Any, seconds: float) -> None:
        """Read nothing of this partition for so long; what lies there stays there."""
        if part in self.assignment():
            self.pause(part)
            self._resting[part] = time.monotonic() + seconds

    def resting(self) -> frozenset[str]:
        """The topics of which nothing is read at this moment."""
        return frozenset(part.topic for part in self._resting)

    def resting_parts(self) -> frozenset[Any]:
        return frozenset(self._resting)

    def _wake(self) -> None:
        now, assigned = time.monotonic(), self.assignment()
        for part, until in list(self._resting.items()):
            if part not in assigned or now >= until:
                del self._resting[part]
                if part in assigned:
                    self.resume(part)

    def ended(self) -> str | None:
        """The background task of the client that has ended: without it no record comes any more, and no error."""
        if self._closed:
            return None
        if self._fetcher is None or self._coordinator is None:
            return "never began"
        tasks = {
            "fetching": self._fetcher._fetch_task,  # noqa: SLF001 -- the library tells nobody
            "membership": self._coordinator._coordination_task,  # noqa: SLF001 -- as above
            "metadata": self._client._sync_task,  # noqa: SLF001 -- as above
        }
        return next((name for name, task in tasks.items() if task is None or task.done()), None)

    def is_being_reassigned(self) -> bool:
        """Whether the group is just dealing out its partitions anew: what is still held here may be another's."""
        return bool(self._subscription.reassignment_in_progress)

    def is_member(self) -> bool:
        """Whether the group has taken this consumer in, whatever part it then gave it."""
        generation: int = getattr(self._coordinator, "generation", -1)
        return generation > 0
