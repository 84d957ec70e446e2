"""SQL of administration: accounts and sessions of an area, posts that begin and end, and the record of all of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.ids import new_id
from libraries.runtime.audit.writing import note_change
from libraries.runtime.database.bulk import among
from libraries.runtime.database.ranges import Ranges, inside
from services.portal.domain.accounts import Account, Post
from services.portal.domain.administration import Act, Leave
from services.portal.domain.sessions import Session
from services.portal.store import SESSIONS, account_of, posts_of, session_of
from services.portal.tables import account_acts, accounts, posts, sessions

MOST: Final = 200
_doers = accounts.alias("doers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One line of the record of an account."""

    at: datetime
    act: str
    by: str
    """The name of an account; empty for the command line."""
    about: Mapping[str, Any]


async def list_accounts(conn: AsyncConnection, ranges: Ranges | None, words: str) -> list[Account]:
    """Accounts with a post in the area, by name; those that begin with the words, and one more than can be shown."""
    wanted = select(accounts).where(accounts.c.account_id.in_(_of_area(ranges)))
    if words:
        wanted = wanted.where(accounts.c.login.startswith(words, autoescape=True))
    rows = (await conn.execute(wanted.order_by(accounts.c.login).limit(MOST + 1))).all()
    held = await posts_of(conn, [row.account_id for row in rows])
    return [account_of(row, held) for row in rows]


async def list_sessions(conn: AsyncConnection, ranges: Ranges | None, at: datetime) -> list[Session]:
    """Those that have not ended of people with a post in the area, the latest first."""
    wanted = SESSIONS.where(sessions.c.ends_at > at, accounts.c.account_id.in_(_of_area(ranges)))
    rows = (await conn.execute(wanted.order_by(sessions.c.seen_at.desc()).limit(MOST))).all()
    held = await posts_of(conn, [row.account_id for row in rows])
    return [session_of(row, held) for row in rows]


async def find_names(conn: AsyncConnection, ids: Collection[UUID]) -> dict[str, str]:
    """By the id as it stands in the records of the services, the name of the account."""
    rows = await conn.execute(
        select(accounts.c.account_id, accounts.c.login).where(among(accounts.c.account_id, list(ids)))
    )
    return {str(row.account_id): row.login for row in rows}


def _of_area(ranges: Ranges | None) -> Any:
    return select(posts.c.account_id).where(_inside(ranges))


def _inside(ranges: Ranges | None) -> ColumnElement[bool]:
    return inside(posts.c.area, ranges)


async def end_post(conn: AsyncConnection, post_id: UUID, at: datetime) -> None:
    """Who acts as it at this moment is out."""
    ends = or_(posts.c.ends_at.is_(None), posts.c.ends_at > at)
    # A deputy who never began was never one.
    deputy = case((posts.c.begins_at < at, posts.c.deputy_for), else_=None)
    await conn.execute(update(posts).where(posts.c.post_id == post_id, ends).values(ends_at=at, deputy_for=deputy))
    await conn.execute(delete(sessions).where(sessions.c.post_id == post_id))


async def add_deputy(conn: AsyncConnection, account_id: UUID, of: Post, colleague: UUID, leave: Leave) -> None:
    """A post like the colleague's, for a time."""
    await conn.execute(
        insert(posts).values(
            post_id=new_id(),
            account_id=account_id,
            role=of.role.value,
            office=of.office or "",
            area=of.area,
            code=of.code,
            begins_at=leave.begins_at,
            ends_at=leave.ends_at,
            deputy_for=colleague,
        )
    )


async def find_session(conn: AsyncConnection, session_id: UUID) -> Session | None:
    row = (await conn.execute(SESSIONS.where(sessions.c.session_id == session_id))).one_or_none()
    return session_of(row, await posts_of(conn, [row.account_id])) if row is not None else None


async def note(
    conn: AsyncConnection, account_id: UUID, act: Act, *, by: UUID | None, at: datetime, **about: str
) -> None:
    await note_change(conn, f"account.{act.value}", about=account_id)
    values = {"account_id": account_id, "act": act.value, "by": by, "at": at, "about": about}
    await conn.execute(insert(account_acts).values(**values))


async def list_done(conn: AsyncConnection, account_id: UUID) -> Sequence[Done]:
    """The latest first."""
    wanted = (
        select(account_acts, _doers.c.login)
        .outerjoin(_doers, _doers.c.account_id == account_acts.c.by)
        .where(account_acts.c.account_id == account_id)
        .order_by(account_acts.c.act_id.desc())
        .limit(MOST)
    )
    rows = await conn.execute(wanted)
    return [Done(at=row.at, act=row.act, by=row.login or "", about=row.about) for row in rows]
