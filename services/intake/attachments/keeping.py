"""What an attachment holds: sealed part by part with the case's key, first in the store and then named by a row."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.events.cases import CaseAttachmentAdded
from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.objects import ObjectStore
from libraries.runtime.web.auth import Initiator
from services.intake import store
from services.intake.attachments import rows
from services.intake.attachments.rows import Attachment
from services.intake.attachments.scanning import Scanner
from services.intake.attachments.thumbnails import thumbnail_of
from services.intake.domain.attachments import MOST_PARTS, PICTURES, refused_content
from services.intake.domain.states import OVER
from services.intake.publishing import CaseLog

PART: Final = 512 * 1024
"""Of one object in the store, before it is sealed."""
AT_ONCE: Final = 2
"""Uploads that are looked through at the same time: each lies in memory as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentKeeper:
    """What it takes to keep and to open them."""

    objects: ObjectStore
    sealer: Sealer
    scanner: Scanner | None = None
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def name_of(self, wrapped: bytes, one: Attachment) -> str:
        return self.sealer.open(wrapped, one.sealed_name, f"{_place(one)}/name").decode()

    def sealed_name(self, wrapped: bytes, one: Attachment, name: str) -> bytes:
        return self.sealer.seal(wrapped, name.encode(), f"{_place(one)}/name")

    async def content(self, wrapped: bytes, one: Attachment) -> AsyncIterator[bytes]:
        """Part by part. Each is sealed with its place, and the last with the mark of the end: none can be missing."""
        for index, part in enumerate(one.parts):
            last = one.state == "kept" and index == len(one.parts) - 1
            sealed = await self.objects.get(f"{one.id}/{part}")
            yield self.sealer.open(wrapped, sealed, _context(one, index, last=last))

    async def thumbnail(self, wrapped: bytes, one: Attachment) -> bytes:
        sealed = await self.objects.get(f"{one.id}/{one.thumbnail}")
        return self.sealer.open(wrapped, sealed, f"{_place(one)}/thumbnail")

    async def put_part(self, wrapped: bytes, one: Attachment, content: bytes, *, last: bool) -> Attachment:
        """Under a name of its own, so that of two who send the same part neither writes over the other's."""
        index = len(one.parts)
        name = f"{index:04d}-{secrets.token_hex(4)}"
        sealed = self.sealer.seal(wrapped, content, _context(one, index, last=last))
        await self.objects.put(f"{one.id}/{name}", sealed)
        return replace(one, arrived=one.arrived + len(content), parts=(*one.parts, name))

    async def examined(self, wrapped: bytes, one: Attachment, last: bytes) -> Attachment | Refused:
        """All of it, as it lies in the store: is it what its name says, clean, and how does it look."""
        async with self.turn:
            content = b"".join([part async for part in self.content(wrapped, one)]) + last
            if refused := await asyncio.to_thread(refused_content, one.kind, content):
                return refused
            if self.scanner is not None and not await self.scanner.is_clean(content):
                return Refused(code="attachment_virus")
            thumbnail = await thumbnail_of(content) if one.kind in PICTURES else b""
            if isinstance(thumbnail, Refused):
                return thumbnail
            name = await self._put_thumbnail(wrapped, one, thumbnail) if thumbnail else None
        return replace(one, sha256=hashlib.sha256(content).digest(), thumbnail=name)

    async def _put_thumbnail(self, wrapped: bytes, one: Attachment, thumbnail: bytes) -> str:
        name = f"thumbnail-{secrets.token_hex(4)}"
        await self.objects.put(f"{one.id}/{name}", self.sealer.seal(wrapped, thumbnail, f"{_place(one)}/thumbnail"))
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One upload as it comes in, and what it takes to go on with it."""

    keeper: AttachmentKeeper
    engine: AsyncEngine
    clock: Clock
    policy: Policy
    initiator: Initiator
    wrapped: bytes

    async def add(self, one: Attachment, content: bytes) -> Attachment:
        """The next part; with the last one it is examined, kept and said. Raises `Rejected`."""
        last = one.arrived + len(content) == one.size
        if not last and len(one.parts) >= MOST_PARTS - 1:
            raise Rejected("upload_parts", most=MOST_PARTS)
        if last:
            found = await self.keeper.examined(self.wrapped, one, content)
            if isinstance(found, Refused):
                async with transaction(self.engine) as conn:
                    await rows.drop(conn, one.id)
                raise Rejected(found.code, **found.facts)
            after = await self.keeper.put_part(self.wrapped, found, content, last=True)
            saved = await self._keep(one, replace(after, state="kept"))
        else:
            after = await self.keeper.put_part(self.wrapped, one, content, last=False)
            async with transaction(self.engine) as conn:
                saved = after if await rows.save_part(conn, one, after) else None
        if saved is None:
            await self.keeper.objects.remove([f"{one.id}/{after.parts[-1]}"])
            raise await self._overtaken(one)
        return saved

    async def _keep(self, before: Attachment, after: Attachment) -> Attachment | None:
        """Row, timeline and event together; `None` where another request was faster."""
        at = self.clock.now()
        async with transaction(self.engine) as conn:
            locked = await store.lock_cases(conn, [before.case_id])
            case = locked[before.case_id]
            if case.state in OVER:
                raise Rejected("attachment_too_late", state=case.state)
            kept = replace(after, added_at=at)
            if not await rows.save_kept(conn, before, kept):
                return None
            event = CaseAttachmentAdded(
                case_id=case.id,
                state=case.state,
                attachment_id=kept.id,
                kind=kept.kind,
                size=kept.size,
                sha256=kept.sha256.hex(),
                added_at=at,
                material=kept.material,
                by=self.initiator.actor,
            )
            log = CaseLog(before=locked)
            log.emit(event, at, self.initiator.subject)
            await log.write(conn, self.policy)
        return kept

    async def _overtaken(self, one: Attachment) -> Rejected:
        async with transaction(self.engine) as conn:
            now = await rows.find_one(conn, one.case_id, one.id, "coming", "kept")
        return Rejected("upload_offset", offset=now.arrived) if now is not None else Rejected("not_found")


def _place(one: Attachment) -> str:
    return f"{one.case_id}/attachment-{one.id}"


def _context(one: Attachment, index: int, *, last: bool) -> str:
    return f"{_place(one)}/{index}{'/end' if last else ''}"
