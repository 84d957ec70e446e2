"""When a record reached the broker, whatever its sender wrote on it.

Where the broker stamps what it appends, its stamp says so. Elsewhere the stamp is the sender's word, and counts as far
as it can be true: not before the reader had read the partition to its end, and not after the reader's clock.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from aiokafka import TopicPartition

OLDEST: Final = timedelta(days=60)
"""No topic of ours keeps anything for so long: an older stamp says nothing at all."""
LARGEST_MS: Final = 4_102_444_800_000


def moment_of_receipt(stamp_ms: int, now: datetime, earliest: datetime | None) -> datetime:
    """Total, for whatever number stands there. `earliest` is before when it cannot have come, as far as is known."""
    low, high = (int(moment.timestamp() * 1000) for moment in (now - OLDEST, now))
    if not low <= stamp_ms:
        return min(earliest or now, now)
    stamped = datetime.fromtimestamp(stamp_ms / 1000, UTC) if stamp_ms < high else now
    return min(now, max(stamped, earliest or stamped))


def as_written(stamp_ms: int) -> datetime:
    """What stands on the record, as far as a date can hold it: the same each time that it is read."""
    return datetime.fromtimestamp(min(max(stamp_ms, 0), LARGEST_MS) / 1000, UTC)


class ReadEnds:
    """Up to where each partition was read to its end, and when: whatever lies behind that came later."""

    def __init__(self) -> None:
        self.known: datetime | None = None
        """When all partitions of the reader had been read to their ends, by whatever process."""
        self._ends: dict[TopicPartition, tuple[int, datetime]] = {}
        self._left: dict[TopicPartition, datetime | None] = {}
        self._last: dict[TopicPartition, tuple[int, datetime]] = {}

    def read_to(self, part: TopicPartition, end: int, at: datetime) -> None:
        """Everything below `end` was read, and `at` that moment nothing lay behind it."""
        self._ends[part] = end, at
        self._left.pop(part, None)

    def leave(self, parts: Iterable[TopicPartition]) -> None:
        """These are read later: until they are read to their ends, what is known of all says nothing of them."""
        for part in parts:
            self._left.setdefault(part, self.known)

    def judge(self, part: TopicPartition, offset: int, stamp_ms: int, now: datetime) -> datetime:
        """Within a partition no record came before the one in front of it."""
        moment = moment_of_receipt(stamp_ms, now, self._earliest(part, offset))
        self._last[part] = offset, moment
        return moment

    def _earliest(self, part: TopicPartition, offset: int) -> datetime | None:
        everywhere = self._left.get(part, self.known)
        known = [everywhere] if everywhere is not None else []
        for there, moment in (self._ends.get(part, (offset + 1, None)), self._last.get(part, (offset + 1, None))):
            if moment is not None and there <= offset:
                known.append(moment)
        return max(known, default=None)
