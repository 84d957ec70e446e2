"""A consumer whose fetch survives records that the client library cannot read.

`getmany` of aiokafka 0.14 raises for such a record (a header name that is not UTF-8, a broken compression) after it has
moved past what it had already taken from this and other partitions, so those records would be lost, and raises again at
the next call, so that nothing behind it is read. See https://github.com/aio-libs/aiokafka/issues; can go when a fetch
hands out what it has read before it raises.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException, KafkaError, UnsupportedCodecError

Drained = dict[TopicPartition, list[ConsumerRecord[Any, Any]]]

REFETCH_MS: Final = 2000
RECORD_ERRORS: Final = (CorruptRecordException, UnsupportedCodecError)


@dataclass(frozen=True, slots=True)
class Unfetchable:
    """Stands in for a record that is on the topic and cannot be read; only its place is known."""

    topic: str
    partition: int
    offset: int
    reason: str


class SteadyConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Remembers what it has handed out, and steps around what it cannot read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next: dict[TopicPartition, int] = {}
        self.polled_at = time.monotonic()

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Drained:
        self.polled_at = time.monotonic()
        try:
            drained: Drained = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        except ConsumerStoppedError:
            raise
        except Exception as error:
            await self._step_back()
            if isinstance(error, KafkaError) and not isinstance(error, RECORD_ERRORS):
                raise
            drained = await self._one_by_one(max_records)
        self._remember(drained)
        return drained

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._next[partition] = offset
        super().seek(partition, offset)

    def _remember(self, drained: Drained) -> None:
        for partition, records in drained.items():
            if records:
                self._next[partition] = records[-1].offset + 1

    async def _step_back(self) -> None:
        """To what was handed out. Further back than needed is harmless: repeats are known as such."""
        for partition in self.assignment():
            offset = self._next.get(partition)
            if offset is None:
                offset = await self.committed(partition)
            if offset is not None:
                super().seek(partition, offset)
            else:
                await self.seek_to_beginning(partition)

    async def _one_by_one(self, max_records: int | None) -> Drained:
        """Each partition by itself, so that one that cannot be read costs the others nothing."""
        drained: Drained = {}
        for partition in sorted(self.assignment()):
            highwater = self.highwater(partition)
            start = await self.position(partition)
            if highwater is not None and start >= highwater:
                continue
            try:
                taken = await super().getmany(partition, timeout_ms=REFETCH_MS, max_records=max_records)
            except ConsumerStoppedError:
                raise
            except Exception:  # noqa: BLE001 -- whatever it is, it belongs to a record of this partition
                super().seek(partition, start)
                taken = await self._around(partition, max_records)
            drained.update(taken)
        return drained

    async def _around(self, partition: TopicPartition, max_records: int | None) -> Drained:
        """What stands before the unreadable record, and a stand-in for it."""
        records: list[Any] = []
        while max_records is None or len(records) < max_records:
            try:
                taken = await super().getmany(partition, timeout_ms=REFETCH_MS, max_records=1)
            except ConsumerStoppedError:
                raise
            except Exception as error:  # noqa: BLE001 -- as above
                offset = await self.position(partition)
                records.append(Unfetchable(partition.topic, partition.partition, offset, type(error).__name__))
                super().seek(partition, offset + 1)
                break
            if not taken:
                break
            records.extend(taken[partition])
        return {partition: records} if records else {}
