"""SQL of attachments and of uploads on their way. An upload goes on only from where its row says that it is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.attachments import AttachmentKind
from libraries.runtime.database.bulk import among, insert_rows
from libraries.runtime.web.auth import Principal
from services.intake.tables import attachments as a

LASTS: Final = timedelta(hours=24)
"""So long after its last part an upload can be gone on with."""
REST: Final = timedelta(hours=1)
"""Longer than any request lasts that could still write to the store."""
State = Literal["coming", "kept", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    id: UUID
    case_id: UUID
    state: State
    kind: AttachmentKind
    size: int
    arrived: int
    parts: tuple[str, ...]
    """Their names in the store, in order."""
    sealed_name: bytes
    begun_at: datetime
    subject: str
    role: str
    office: str | None
    sha256: bytes = b""
    thumbnail: str | None = None
    added_at: datetime | None = None
    clean_at: datetime | None = None
    material: str = ""
    """What of the matter's list it is."""
    handed_in_at: datetime | None = None
    """Of one that was taken over: when the applicant brought it first."""
    taken_from: UUID | None = None
    """The attachment of another case that it is a copy of."""
    take_over: UUID | None = None
    """The consent under which it was taken over."""


def _after(span: timedelta) -> ColumnElement[datetime]:
    """By the database's clock: business time may run faster than a store is written."""
    return func.now() + literal(span, Interval)


async def save_begun(conn: AsyncConnection, new: Attachment) -> None:
    columns = ("attachment_id", "case_id", "state", "kind", "size", "arrived", "parts", "sealed_name", "begun_at")
    by = ("subject", "role", "office")
    origin = ("material", "handed_in_at", "taken_from", "take_over")
    row = [new.id, new.case_id, "coming", new.kind.value, new.size, 0, "[]", new.sealed_name, new.begun_at]
    more = [getattr(new, name) for name in (*by, *origin)]
    await insert_rows(conn, a, (*columns, *by, *origin), [[*row, *more]])
    await conn.execute(update(a).where(a.c.attachment_id == new.id).values(clean_at=_after(LASTS)))


async def find_one(conn: AsyncConnection, case_id: UUID, attachment_id: UUID, *states: State) -> Attachment | None:
    wanted = select(a).where(a.c.case_id == case_id, a.c.attachment_id == attachment_id, a.c.state.in_(states))
    row = (await conn.execute(wanted)).one_or_none()
    return _of(row) if row is not None else None


async def list_kept(conn: AsyncConnection, case_id: UUID) -> list[Attachment]:
    wanted = select(a).where(a.c.case_id == case_id, a.c.state == "kept").order_by(a.c.attachment_id)
    return [_of(row) for row in await conn.execute(wanted)]


async def list_materials(conn: AsyncConnection, case_ids: Collection[UUID]) -> list[Attachment]:
    """Those of several cases that are a material of a list."""
    wanted = select(a).where(among(a.c.case_id, sorted(case_ids)), a.c.state == "kept", a.c.material != "")
    return [_of(row) for row in await conn.execute(wanted.order_by(a.c.attachment_id))]


async def drop_taken_over(conn: AsyncConnection, take_over_id: UUID) -> None:
    """The applicant took the consent back."""
    await _drop(conn, a.c.take_over == take_over_id)


async def count(conn: AsyncConnection, case_id: UUID) -> int:
    wanted = select(func.count()).where(a.c.case_id == case_id, a.c.state != "dropped")
    return int(await conn.scalar(wanted) or 0)


async def save_part(conn: AsyncConnection, before: Attachment, after: Attachment) -> bool:
    """Whether the part is the next one still: else another request was faster."""
    values = {"arrived": after.arrived, "parts": list(after.parts), "clean_at": _after(LASTS)}
    done = await conn.execute(update(a).where(*_unchanged(before)).values(**values))
    return done.rowcount == 1


async def save_kept(conn: AsyncConnection, before: Attachment, after: Attachment) -> bool:
    """The last part, with everything that is known only now. What was written beside is looked for later."""
    values = {
        "state": "kept",
        "arrived": after.arrived,
        "parts": list(after.parts),
        "sha256": after.sha256,
        "thumbnail": after.thumbnail,
        "added_at": after.added_at,
        "clean_at": _after(REST),
    }
    done = await conn.execute(update(a).where(*_unchanged(before)).values(**values))
    return done.rowcount == 1


async def drop(conn: AsyncConnection, attachment_id: UUID) -> None:
    """An upload that is not wanted any more."""
    await _drop(conn, a.c.attachment_id == attachment_id, a.c.state == "coming")


async def drop_all(conn: AsyncConnection, case_id: UUID) -> None:
    """Of a case that is erased: names at once, and what lies in the store opens for nobody already."""
    await _drop(conn, a.c.case_id == case_id)


async def _drop(conn: AsyncConnection, *which: ColumnElement[bool]) -> None:
    values = {"state": "dropped", "sealed_name": b"", "thumbnail": None, "clean_at": _after(REST)}
    await conn.execute(update(a).where(*which, a.c.state != "dropped").values(**values))


async def claim_to_clean(conn: AsyncConnection, most: int) -> list[Attachment]:
    """Rows whose place in the store is to be looked through; nobody else does it for some time.

    An upload that has run out is dropped, and its place waits once more: a request may just be writing there.
    """
    due = select(a.c.attachment_id).where(a.c.clean_at < func.now()).order_by(a.c.clean_at).limit(most)
    ids = list(await conn.scalars(due.with_for_update(skip_locked=True)))
    if not ids:
        return []
    await _drop(conn, among(a.c.attachment_id, ids), a.c.state == "coming")
    rows = await conn.execute(
        select(a).where(among(a.c.attachment_id, ids), (a.c.clean_at < func.now())).order_by(a.c.attachment_id)
    )
    found = [_of(row) for row in rows]
    leased = update(a).where(among(a.c.attachment_id, [one.id for one in found])).values(clean_at=_after(REST))
    await conn.execute(leased)
    return found


async def save_clean(conn: AsyncConnection, cleaned: list[Attachment]) -> None:
    """What was dropped is gone; what is kept has nothing beside it any more."""
    ids = [one.id for one in cleaned]
    await conn.execute(delete(a).where(among(a.c.attachment_id, ids), a.c.state == "dropped"))
    await conn.execute(update(a).where(among(a.c.attachment_id, ids), a.c.state == "kept").values(clean_at=None))


def added_by(user: Principal) -> dict[str, str | None]:
    return {"subject": user.subject, "role": user.role.value, "office": user.office}


def _unchanged(before: Attachment) -> tuple[ColumnElement[bool], ...]:
    return a.c.attachment_id == before.id, a.c.state == "coming", a.c.parts == list(before.parts)


def _of(row: Any) -> Attachment:
    return Attachment(
        id=row.attachment_id,
        case_id=row.case_id,
        state=row.state,
        kind=AttachmentKind(row.kind),
        size=row.size,
        arrived=row.arrived,
        parts=tuple(row.parts),
        sealed_name=row.sealed_name,
        begun_at=row.begun_at,
        subject=row.subject,
        role=row.role,
        office=row.office,
        sha256=row.sha256 or b"",
        thumbnail=row.thumbnail,
        added_at=row.added_at,
        clean_at=row.clean_at,
        material=row.material,
        handed_in_at=row.handed_in_at,
        taken_from=row.taken_from,
        take_over=row.take_over,
    )
