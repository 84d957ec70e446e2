"""Where files lie that are too large for a table: written whole or not at all, under names that are used once."""

from collections.abc import Sequence
from typing import Protocol

from libraries.runtime.failures import Rejected

AWAY = "storage_away"


class ObjectStore(Protocol):
    """A name is `<group>/<rest>`; each raises `Rejected("storage_away")` where the store does not do it."""

    async def put(self, name: str, content: bytes) -> None:
        """When it returns, the content survives the end of the machine's power."""

    async def get(self, name: str) -> bytes: ...

    async def names(self, group: str) -> Sequence[str]:
        """Of everything that lies there, also of what a crash left half-written."""

    async def remove(self, names: Sequence[str]) -> None:
        """What is not there counts as removed."""


def away() -> Rejected:
    return Rejected(AWAY)
