"""Ids: time-ordered where they are new, the same each time where they are derived."""

from uuid import UUID

import msgspec
import uuid_utils

NAMESPACE = UUID("6f0f35f4-2f1c-5d0b-9c6e-0f6a0a1f9d3e")
_NAMESPACE = uuid_utils.UUID(NAMESPACE.hex)


def new_id() -> UUID:
    """A UUIDv7: later ids sort after earlier ones, which keeps indexes warm."""
    return msgspec.convert(str(uuid_utils.uuid7()), UUID)


def derived_id(*parts: str) -> UUID:
    """The same parts give the same id, on every machine and on every try."""
    # The separator cannot stand in the parts of ids, so ("a", "bc") and ("ab", "c") differ.
    return msgspec.convert(str(uuid_utils.uuid5(_NAMESPACE, "\x1f".join(parts))), UUID)
