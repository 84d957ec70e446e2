"""SQL of accounts, sessions and tries to sign in. Times are the machine's own: a session does not run faster."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Role
from libraries.ids import new_id
from libraries.runtime.audit.writing import note_change
from services.portal.domain.accounts import LOCKED_FOR, Account, Login, Post, Tries
from services.portal.domain.sessions import Session
from services.portal.tables import accounts, logins, posts, sessions, spent_sign_ins

FAILED = (Login.TRIED.value, Login.WRONG.value, Login.DISABLED.value)


async def now(conn: AsyncConnection) -> datetime:
    """The database's clock."""
    found: datetime = (await conn.execute(select(func.now()))).scalar_one()
    return found


async def find_account(conn: AsyncConnection, login: str) -> Account | None:
    row = (await conn.execute(select(accounts).where(accounts.c.login == login))).one_or_none()
    return account_of(row, await posts_of(conn, [row.account_id])) if row is not None else None


async def list_accounts(conn: AsyncConnection) -> list[Account]:
    """By their names."""
    rows = (await conn.execute(select(accounts).order_by(accounts.c.login))).all()
    held = await posts_of(conn, [row.account_id for row in rows])
    return [account_of(row, held) for row in rows]


async def add_account(
    conn: AsyncConnection, login: str, password_hash: str | None, *, must_change: bool, at: datetime
) -> UUID:
    """Raises an integrity error where the name is taken; without a password it is an identity provider's."""
    account_id = new_id()
    await note_change(conn, "account.row_added", about=account_id)
    await conn.execute(
        insert(accounts).values(
            account_id=account_id,
            login=login,
            password_hash=password_hash,
            must_change=must_change,
            made_at=at,
            password_at=at,
        )
    )
    return account_id


async def add_post(
    conn: AsyncConnection, account_id: UUID, *, role: Role, office: str | None, area: str, code: str, by_group: str = ""
) -> None:
    """The same again changes nothing."""
    await note_change(conn, "account.post_given", about=account_id)
    values = {
        "account_id": account_id,
        "role": role.value,
        "office": office or "",
        "area": area,
        "code": code,
        "by_group": by_group,
    }
    await conn.execute(upsert(posts).values(post_id=new_id(), **values).on_conflict_do_nothing())


async def save_password(
    conn: AsyncConnection, account_id: UUID, password_hash: str, *, must_change: bool, at: datetime
) -> None:
    """Ends every session of the account: whoever knew the old one is out."""
    await note_change(conn, "account.password_saved", about=account_id)
    await conn.execute(
        update(accounts)
        .where(accounts.c.account_id == account_id)
        .values(password_hash=password_hash, must_change=must_change, password_at=at)
    )
    await end_sessions(conn, account_id)


async def disable(conn: AsyncConnection, account_id: UUID, at: datetime | None) -> None:
    """`None` lets it in again."""
    await note_change(conn, "account.let_in" if at is None else "account.shut_out", about=account_id)
    await conn.execute(update(accounts).where(accounts.c.account_id == account_id).values(disabled_at=at))
    await end_sessions(conn, account_id)


async def begin_try(conn: AsyncConnection, name_hash: bytes, address: str, at: datetime) -> tuple[int, Tries]:
    """Its row, and how many failed before it. Of one name one after the other: no hundred guesses at once."""
    await conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('login'), hashtext(:name))"), {"name": name_hash.hex()}
    )
    since = at - LOCKED_FOR
    good = select(func.max(logins.c.at)).where(logins.c.name_hash == name_hash, logins.c.outcome == Login.OK.value)
    last_good = await conn.scalar(good) or since
    failed = logins.c.outcome.in_(FAILED)
    of_name = select(func.count()).where(logins.c.name_hash == name_hash, logins.c.at > max(since, last_good), failed)
    of_address = select(func.count()).where(logins.c.address == address, logins.c.at > since, failed)
    tries = Tries(of_name=await conn.scalar(of_name) or 0, of_address=await conn.scalar(of_address) or 0)
    row = {"at": at, "name_hash": name_hash, "address": address, "outcome": Login.TRIED.value}
    return await conn.scalar(insert(logins).values(**row).returning(logins.c.login_id)) or 0, tries


async def drop_try(conn: AsyncConnection, login_id: int) -> None:
    """A try that nobody looked at does not make the lock longer."""
    await conn.execute(delete(logins).where(logins.c.login_id == login_id))


async def end_try(conn: AsyncConnection, login_id: int, outcome: Login, account_id: UUID | None) -> None:
    await note_change(conn, f"sign_in.{outcome.value}", about=account_id or "")
    await conn.execute(
        update(logins).where(logins.c.login_id == login_id).values(outcome=outcome.value, account_id=account_id)
    )


async def forget_tries(conn: AsyncConnection, name_hash: bytes) -> None:
    """Unlocks the name; who reset its password has seen the person."""
    await conn.execute(delete(logins).where(logins.c.name_hash == name_hash, logins.c.outcome.in_(FAILED)))


async def add_session(conn: AsyncConnection, session: Session, secret_hash: bytes) -> None:
    await note_change(conn, "session.begun", about=session.account.id)
    await conn.execute(
        insert(sessions).values(
            session_id=session.id,
            secret_hash=secret_hash,
            account_id=session.account.id,
            post_id=session.post.id,
            begun_at=session.begun_at,
            seen_at=session.seen_at,
            ends_at=session.ends_at,
            address=session.address,
            agent=session.agent,
        )
    )


async def find_session(conn: AsyncConnection, secret_hash: bytes) -> Session | None:
    """Whoever it is for, however old; whether it still counts is a rule."""
    row = (await conn.execute(SESSIONS.where(sessions.c.secret_hash == secret_hash))).one_or_none()
    return session_of(row, await posts_of(conn, [row.account_id])) if row is not None else None


async def list_sessions(conn: AsyncConnection, account_id: UUID, at: datetime) -> list[Session]:
    """Those that have not ended, the latest first."""
    wanted = SESSIONS.where(sessions.c.account_id == account_id, sessions.c.ends_at > at)
    rows = (await conn.execute(wanted.order_by(sessions.c.seen_at.desc()))).all()
    held = await posts_of(conn, [account_id])
    return [session_of(row, held) for row in rows]


async def touch_session(conn: AsyncConnection, session_id: UUID, *, seen_at: datetime, ends_at: datetime) -> None:
    await conn.execute(
        update(sessions).where(sessions.c.session_id == session_id).values(seen_at=seen_at, ends_at=ends_at)
    )


async def switch_post(conn: AsyncConnection, session_id: UUID, post_id: UUID) -> None:
    await note_change(conn, "session.post_switched", about=post_id)
    await conn.execute(update(sessions).where(sessions.c.session_id == session_id).values(post_id=post_id))


async def end_session(conn: AsyncConnection, account_id: UUID, session_id: UUID) -> None:
    await note_change(conn, "session.ended", about=account_id)
    await conn.execute(delete(sessions).where(sessions.c.session_id == session_id, sessions.c.account_id == account_id))


async def end_sessions(conn: AsyncConnection, account_id: UUID) -> None:
    await conn.execute(delete(sessions).where(sessions.c.account_id == account_id))


async def forget(conn: AsyncConnection, at: datetime, *, tries_kept: timedelta) -> None:
    """Sessions that ended, and tries that nobody asks about any more."""
    await conn.execute(delete(sessions).where(sessions.c.ends_at < at))
    await conn.execute(delete(logins).where(logins.c.at < at - tries_kept))
    await conn.execute(delete(spent_sign_ins).where(spent_sign_ins.c.ends_at < at))


SESSIONS = select(sessions, accounts).join(accounts, accounts.c.account_id == sessions.c.account_id)


async def posts_of(conn: AsyncConnection, account_ids: Sequence[UUID]) -> dict[UUID, tuple[Post, ...]]:
    wanted = select(posts).where(posts.c.account_id.in_(account_ids)).order_by(posts.c.post_id)
    held: dict[UUID, tuple[Post, ...]] = dict.fromkeys(account_ids, ())
    for row in await conn.execute(wanted):
        post = Post(
            id=row.post_id,
            role=Role(row.role),
            office=row.office or None,
            area=row.area,
            code=row.code,
            begins_at=row.begins_at,
            ends_at=row.ends_at,
            deputy_for=row.deputy_for,
            by_group=row.by_group,
        )
        held[row.account_id] = (*held[row.account_id], post)
    return held


def account_of(row: Any, held: dict[UUID, tuple[Post, ...]]) -> Account:
    return Account(
        id=row.account_id,
        login=row.login,
        password_hash=row.password_hash,
        must_change=row.must_change,
        disabled_at=row.disabled_at,
        posts=held[row.account_id],
    )


def session_of(row: Any, held: dict[UUID, tuple[Post, ...]]) -> Session:
    account = account_of(row, held)
    return Session(
        id=row.session_id,
        account=account,
        post=next(post for post in account.posts if post.id == row.post_id),
        begun_at=row.begun_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        address=row.address,
        agent=row.agent,
    )
