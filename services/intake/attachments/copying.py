"""Copies files of one case into another: opened with the key of the one, sealed anew with the key of the other.

So neither depends on the other: erasing one case leaves the other what it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.refusals import Fault, Refused
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal
from services.intake.attachments import rows
from services.intake.attachments.keeping import AttachmentKeeper
from services.intake.attachments.rows import Attachment


@dataclass(frozen=True, slots=True)
class Copied:
    """A file of another case, and its copy."""

    source: Attachment
    copy: Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Copier:
    keeper: AttachmentKeeper
    engine: AsyncEngine
    keys: Mapping[UUID, bytes]
    """Of the cases, wrapped."""
    into: UUID

    async def begin(
        self, conn: AsyncConnection, source: Attachment, take_over: UUID, user: Principal, at: datetime
    ) -> Copied:
        """A row first, so that what a crash leaves in the store is found and taken away."""
        bare = replace(
            source,
            id=new_id(),
            case_id=self.into,
            state="coming",
            arrived=0,
            parts=(),
            begun_at=at,
            subject=user.subject,
            role=user.role.value,
            office=user.office,
            sha256=b"",
            thumbnail=None,
            added_at=None,
            clean_at=None,
            handed_in_at=source.handed_in_at or source.added_at,
            taken_from=source.id,
            take_over=take_over,
        )
        name = self.keeper.name_of(self.keys[source.case_id], source)
        copy = replace(bare, sealed_name=self.keeper.sealed_name(self.keys[self.into], bare, name))
        await rows.save_begun(conn, copy)
        return Copied(source, copy)

    async def copied(self, begun: Sequence[Copied]) -> list[Copied]:
        """Examined as if they had just come: a virus scanner knows more than it did then. Raises `Rejected`."""
        found = [await self._copied(one) for one in begun]
        faults = [
            Fault(f"attachments[{place}]", "file_infected" if one.code == "attachment_virus" else one.code, one.facts)
            for place, one in enumerate(found)
            if isinstance(one, Refused)
        ]
        if faults:
            refused = Refused.of(*faults)
            raise Rejected(refused.code, *refused.faults, **refused.facts)
        return [one for one in found if isinstance(one, Copied)]

    async def _copied(self, begun: Copied) -> Copied | Refused:
        key, copy, held = self.keys[self.into], begun.copy, b""
        async for part in self.keeper.content(self.keys[begun.source.case_id], begun.source):
            if held:
                copy = await self.keeper.put_part(key, copy, held, last=False)
            held = part
        found = await self.keeper.examined(key, copy, held)
        if isinstance(found, Refused):
            return found
        return Copied(begun.source, await self.keeper.put_part(key, found, held, last=True))

    async def drop(self, begun: Sequence[Copied]) -> None:
        """Nothing of it is wanted any more."""
        async with transaction(self.engine) as conn:
            for one in begun:
                await rows.drop(conn, one.copy.id)


async def save_copy(conn: AsyncConnection, one: Copied, at: datetime) -> Attachment:
    """The copy is the case's own from here on. Raises `Rejected` where it has run out meanwhile."""
    kept = replace(one.copy, state="kept", added_at=at)
    if not await rows.save_kept(conn, replace(one.copy, parts=()), kept):
        raise Rejected("not_on_file")
    return kept
