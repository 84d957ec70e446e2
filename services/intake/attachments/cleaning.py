"""A job: takes away from the store what no row names, after uploads that were left, refused, or cut off by a crash."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.database.engine import transaction
from libraries.runtime.objects import ObjectStore
from services.intake.attachments import rows
from services.intake.attachments.rows import Attachment

MOST: Final = 20
SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaner:
    engine: AsyncEngine
    objects: ObjectStore

    async def clean(self) -> None:
        """Some that are due. The store is asked outside of transactions; who dies in between leaves it to the next."""
        async with transaction(self.engine) as conn:
            found = await rows.claim_to_clean(conn, MOST)
        for one in found:
            known = await self.objects.names(str(one.id))
            await self.objects.remove([name for name in known if name not in _named(one)])
        if found:
            async with transaction(self.engine) as conn:
                await rows.save_clean(conn, found)


def _named(one: Attachment) -> frozenset[str]:
    if one.state != "kept":
        return frozenset()
    return frozenset(f"{one.id}/{name}" for name in (*one.parts, one.thumbnail))
