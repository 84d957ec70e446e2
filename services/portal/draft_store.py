"""SQL of drafts. What was typed is sealed with a key of its own, bound to the draft and its account."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.runtime.audit.writing import note_change
from libraries.runtime.encryption import CannotOpen, Sealer
from services.portal.domain.drafts import LASTS, MOST, Draft, Pairs
from services.portal.tables import drafts


def _context(account_id: UUID, draft_id: UUID) -> str:
    return f"{account_id}/draft/{draft_id}"


async def save(
    conn: AsyncConnection, sealer: Sealer, account_id: UUID, draft_id: UUID, category: str, pairs: Pairs, at: datetime
) -> None:
    """Another account's draft of the same id stays what it is."""
    wrapped = sealer.new_data_key()
    said = {
        "category": category,
        "wrapped": wrapped,
        "sealed": sealer.seal(wrapped, msgspec.json.encode(pairs), _context(account_id, draft_id)),
        "saved_at": at,
        "ends_at": at + LASTS,
    }
    row = upsert(drafts).values(draft_id=draft_id, account_id=account_id, **said)
    own = row.on_conflict_do_update(index_elements=["draft_id"], set_=said, where=drafts.c.account_id == account_id)
    if await conn.scalar(own.returning(drafts.c.draft_id)) is None:
        return
    await note_change(conn, "draft.saved", about=draft_id)
    newest = select(drafts.c.draft_id).where(drafts.c.account_id == account_id)
    kept = newest.order_by(drafts.c.saved_at.desc()).limit(MOST)
    await conn.execute(delete(drafts).where(drafts.c.account_id == account_id, drafts.c.draft_id.not_in(kept)))


async def list_own(conn: AsyncConnection, account_id: UUID, at: datetime) -> Sequence[Draft]:
    """The latest first."""
    columns = (drafts.c.draft_id, drafts.c.category, drafts.c.saved_at, drafts.c.ends_at)
    wanted = select(*columns).where(drafts.c.account_id == account_id, drafts.c.ends_at > at)
    rows = await conn.execute(wanted.order_by(drafts.c.saved_at.desc()))
    return [Draft(id=row.draft_id, category=row.category, saved_at=row.saved_at, ends_at=row.ends_at) for row in rows]


async def open_own(
    conn: AsyncConnection, sealer: Sealer, account_id: UUID, draft_id: UUID, at: datetime
) -> tuple[str, Pairs] | None:
    """Its matter and what was typed; `None` for what is not there, over, of another, or under a key that is gone."""
    wanted = drafts.c.draft_id == draft_id, drafts.c.account_id == account_id, drafts.c.ends_at > at
    row = (await conn.execute(select(drafts).where(*wanted))).one_or_none()
    if row is None:
        return None
    try:
        plain = sealer.open(row.wrapped, row.sealed, _context(account_id, draft_id))
    except CannotOpen:
        return None
    return row.category, msgspec.json.decode(plain, type=list[tuple[str, str]])


async def drop(conn: AsyncConnection, account_id: UUID, draft_id: UUID) -> None:
    """With its key, so that nothing of it opens again."""
    own = delete(drafts).where(drafts.c.draft_id == draft_id, drafts.c.account_id == account_id)
    if await conn.scalar(own.returning(drafts.c.draft_id)) is not None:
        await note_change(conn, "draft.dropped", about=draft_id)


async def forget(conn: AsyncConnection, at: datetime) -> None:
    await conn.execute(delete(drafts).where(drafts.c.ends_at <= at))
