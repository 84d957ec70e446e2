"""The erasure list: which cases were erased, in a file that outlives the database and every backup of it."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

OWNER_ONLY: Final = 0o600


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """A case by its id alone, and the reason of the policy."""

    case_id: UUID
    reason: str
    erased_at: datetime


class BadList(ValueError):
    """A line that is no erasure: nothing may be let in before somebody has looked at it."""


def append(path: Path, erasure: Erasure) -> None:
    """On the disk before the case is erased: one too many is erased again, one too few would come back. `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
    try:
        os.write(descriptor, msgspec.json.encode(erasure) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> Iterator[Erasure]:
    """Raises `BadList`, or `OSError`."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield msgspec.json.decode(line, type=Erasure)
            except msgspec.DecodeError:
                raise BadList(f"{path}, line {number} is no erasure") from None
