"""The hash that holds a row of the audit and all rows before it. Pure, so that anybody can count it again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

FIRST: Final = b"yimen/audit/1/"


class Entry(NamedTuple):
    """A row of the audit, in the order in which its fields are hashed."""

    id: int
    xid: int
    at: datetime
    kind: str
    what: str
    subject: str
    role: str
    office: str | None
    case_id: UUID | None
    about: str
    purpose: str
    event_id: UUID | None
    digest: bytes | None


COLUMNS: Final = ", ".join(f"e.{name}" for name in Entry._fields)


def entry_of(row: Iterable[Any]) -> Entry:
    """As the driver gives its columns."""
    entry = Entry(*row)
    return entry._replace(digest=bytes(entry.digest)) if entry.digest is not None else entry


def canonical(entry: Entry) -> bytes:
    """A JSON array without blanks: the moment in UTC with microseconds, ids as text, the digest in hexadecimal."""
    told: list[Any] = list(entry)
    told[2] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    told[-1] = entry.digest.hex() if entry.digest is not None else None
    return msgspec.json.encode(told)


def beginning(service: str) -> bytes:
    """What stands before the first row."""
    return sha256(FIRST + service.encode()).digest()


def linked(before: bytes, entry: Entry) -> bytes:
    """The hash of the row, which holds the one of the row before it."""
    return sha256(before + canonical(entry)).digest()
