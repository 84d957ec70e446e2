"""Puts on record what somebody read or changed, in the transaction that does it."""

from typing import Final, Literal
from uuid import UUID

from sqlalchemy import String, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.runtime.audit.doers import Doer, doer

_NOTE: Final = text(
    """
    INSERT INTO audit_entries (kind, what, subject, role, office, case_id, about, purpose)
    VALUES (:kind, :what, :subject, :role, :office, :case_id, :about, :purpose)
    """
).bindparams(bindparam("office", type_=String), bindparam("case_id", type_=Uuid))


async def note_read(
    conn: AsyncConnection, what: str, *, case_id: UUID | None = None, about: object = "", purpose: str = ""
) -> None:
    """Somebody sees what is personal. `about` is an id or a code, never a word of a person."""
    await _note(conn, "read", what, doer(), case_id=case_id, about=str(about), purpose=purpose)


async def note_change(
    conn: AsyncConnection,
    what: str,
    *,
    case_id: UUID | None = None,
    about: object = "",
    purpose: str = "",
    who: Doer | None = None,
) -> None:
    """Something changed of which no event is said; what is said is put on record by the journal."""
    await _note(conn, "change", what, who or doer(), case_id=case_id, about=str(about), purpose=purpose)


async def _note(
    conn: AsyncConnection,
    kind: Literal["change", "read"],
    what: str,
    who: Doer,
    *,
    case_id: UUID | None,
    about: str,
    purpose: str,
) -> None:
    row = {"subject": who.subject, "role": who.role, "office": who.office}
    await conn.execute(
        _NOTE, {"kind": kind, "what": what, "case_id": case_id, "about": about, "purpose": purpose, **row}
    )
