"""A consumer whose fetch survives records that the client library cannot read.

`getmany` of aiokafka 0.14 raises for a header name that is not UTF-8 and for a compression that it cannot undo. By then
it has moved past the records that it had already taken from this and from other partitions, so they are lost, and it
raises again at each call, so nothing behind is read. Any partner can write such a record. This module can go when
aiokafka (https://github.com/aio-libs/aiokafka) hands out what it has read and lets its caller pass over the rest.
"""

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import aiokafka.consumer.fetcher as aiokafka_fetcher
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH_AT: Final = 8
OVERHEAD: Final = 12


class UnreadBatch(bytes):
    """Value of a stand-in: a whole batch, as it lies on the topic, and could not be read."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Takes the place of a batch that cannot be read, at its last offset, so that the next fetch goes on behind it."""

    offset: int
    timestamp: int
    value: UnreadBatch
    timestamp_type: int = 0
    key: None = None
    checksum: None = None
    headers: tuple[()] = field(default=())


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
            return [self._stand_in("wrong checksum")]
        try:
            try:
                return list(self._batch)
            except (UnicodeDecodeError, CorruptRecordException):
                return self._read_leniently()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the batch is kept whole
            return [self._stand_in(type(error).__name__)]

    def _read_leniently(self) -> list[Any]:
        batch = _DefaultRecordBatchPy(self._raw)
        batch._maybe_uncompress()  # noqa: SLF001 -- the library offers no other way to its buffer
        batch._buffer = LenientBytes(batch._buffer)  # noqa: SLF001
        return list(batch)

    def _stand_in(self, reason: str) -> StandIn:
        value = UnreadBatch(self._raw)
        value.reason = reason
        return StandIn(offset=self._batch.next_offset - 1, timestamp=-1, value=value)


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


class SteadyConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Knows when it was last asked for records."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The library offers no seam here; other consumers of the process lose nothing by it.
        aiokafka_fetcher.MemoryRecords = TolerantRecords
        super().__init__(*args, **kwargs)
        self.polled_at = time.monotonic()

    async def getmany(self, *partitions: Any, **options: Any) -> Any:
        self.polled_at = time.monotonic()
        return await super().getmany(*partitions, **options)

    def ended(self) -> str | None:
        """The background task of the client that has ended: without it no record comes any more, and no error."""
        if self._closed:
            return None
        if self._fetcher is None or self._coordinator is None:
            return "never began"
        tasks = {
            "fetching": self._fetcher._fetch_task,  # noqa: SLF001 -- the library tells nobody
            "membership": self._coordinator._coordination_task,  # noqa: SLF001
            "metadata": self._client._sync_task,  # noqa: SLF001
        }
        return next((name for name, task in tasks.items() if task is None or task.done()), None)

    def is_member(self) -> bool:
        """Whether the group has taken this consumer in, whatever part it then gave it."""
        generation: int = getattr(self._coordinator, "generation", -1)
        return generation > 0
