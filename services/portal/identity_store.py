"""SQL of people whom an identity provider signs in: who they are here, which posts their groups give, what is spent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.portal import admin_store, store
from services.portal.domain.accounts import Account
from services.portal.domain.administration import Act
from services.portal.domain.provided import GivenPost, Identity, names_for, to_begin, to_end
from services.portal.tables import accounts, identities, spent_sign_ins


async def spend(conn: AsyncConnection, secret_hash: bytes, ends_at: datetime) -> bool:
    """Whether nobody used it before."""
    row = upsert(spent_sign_ins).values(secret_hash=secret_hash, ends_at=ends_at).on_conflict_do_nothing()
    return (await conn.execute(row)).rowcount == 1


async def hold(conn: AsyncConnection, identity: Identity) -> None:
    """Of one person one after the other: two browsers at once make one account."""
    lock = text("SELECT pg_advisory_xact_lock(hashtext('identity'), hashtext(:who))")
    await conn.execute(lock, {"who": identity.hashed.hex()})


async def find(conn: AsyncConnection, identity: Identity) -> Account | None:
    wanted = (
        select(accounts)
        .join(identities, identities.c.account_id == accounts.c.account_id)
        .where(identities.c.identity_hash == identity.hashed)
    )
    row = (await conn.execute(wanted)).one_or_none()
    return store.account_of(row, await store.posts_of(conn, [row.account_id])) if row is not None else None


async def add(conn: AsyncConnection, identity: Identity, at: datetime) -> UUID:
    """An account without a password, under the wanted name or, where that is somebody's, under another."""
    wanted, otherwise = names_for(identity)
    name = otherwise if await store.find_account(conn, wanted) is not None else wanted
    made = await store.add_account(conn, name, None, must_change=False, at=at)
    values = {"identity_hash": identity.hashed, "issuer": identity.issuer, "account_id": made, "made_at": at}
    await conn.execute(insert(identities).values(**values))
    await admin_store.note(conn, made, Act.ADDED, by=None, at=at)
    return made


async def set_posts(
    conn: AsyncConnection, account_id: UUID, account: Account | None, given: Sequence[GivenPost], at: datetime
) -> None:
    """What groups give now begins, what they gave before ends, each on record."""
    held = account.held(at) if account is not None else ()
    for post in to_end(held, given):
        await admin_store.end_post(conn, post.id, at)
        await _note(conn, account_id, Act.POST_REMOVED, post.role.value, post.office, post.area, post.code, at)
    for one in to_begin(held, given):
        await store.add_post(
            conn, account_id, role=one.role, office=one.office, area=one.area, code=one.code, by_group=one.group
        )
        await _note(conn, account_id, Act.POST_ADDED, one.role.value, one.office, one.area, one.code, at)


async def _note(
    conn: AsyncConnection, account_id: UUID, act: Act, role: str, office: str | None, area: str, code: str, at: datetime
) -> None:
    about = {"role": role, "office": office or "", "area": area, "code": code}
    await admin_store.note(conn, account_id, act, by=None, at=at, **about)
