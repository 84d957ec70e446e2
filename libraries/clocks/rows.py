"""A clock as a row of the table that intake and routing have each for theirs; `packing` is its last column but one."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from libraries.clocks.clock import LegalClock
from libraries.clocks.packing import PackedClock, pack, unpack
from libraries.clocks.recounting import Recounted, version_of, written
from libraries.policies.model import Policy

CLOCK_COLUMNS: Final = (
    "clock_id",
    "case_id",
    "referral_id",
    "kind",
    "version",
    "status",
    "due_at",
    "stopped_at",
    "clock",
    "calendar_version",
)
_encode = msgspec.json.Encoder().encode
_decode: Final[Callable[[str], PackedClock]] = msgspec.json.Decoder(PackedClock).decode


def clock_row(clock: LegalClock, case_id: UUID, policy: Policy) -> list[Any]:
    clock = written(clock, policy)
    return [
        clock.id,
        case_id,
        clock.referral_id,
        clock.kind.value,
        clock.version,
        clock.status.value,
        clock.announced_dates.due_at if clock.announced_dates is not None else None,
        clock.stopped_at,
        encoded(clock),
        version_of(clock, policy),
    ]


def clock_of(column: object) -> LegalClock:
    """Of the JSON of its row."""
    return unpack(msgspec.convert(column, PackedClock))


def encoded(clock: LegalClock) -> str:
    return _encode(pack(clock)).decode()


def decoded(clock: str) -> LegalClock:
    return unpack(_decode(clock))


def in_order(clocks: Iterable[LegalClock]) -> tuple[LegalClock, ...]:
    """As they started; of one moment always in the same order."""
    return tuple(sorted(clocks, key=lambda clock: (clock.started_at, clock.kind.value)))


def counted_row(counted: Recounted) -> tuple[UUID, int, int, datetime | None, str]:
    """Id, the version before, the version after, its end, and the clock."""
    now = counted.after
    due_at = now.announced_dates.due_at if now.announced_dates is not None else None
    return now.id, counted.before.version, now.version, due_at, encoded(now)
