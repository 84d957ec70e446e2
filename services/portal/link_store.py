"""SQL of links: who made one for which referral, until when, when it was used and when it was revoked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Role
from libraries.runtime.audit.doers import Doer
from libraries.runtime.audit.writing import note_change
from services.portal.domain.links import Link
from services.portal.tables import accounts, link_uses, links

_makers, _revokers = accounts.alias("makers"), accounts.alias("revokers")


async def add_link(conn: AsyncConnection, link: Link, secret_hash: bytes) -> None:
    await note_change(conn, "link.made", about=link.referral_id)
    await conn.execute(
        insert(links).values(
            link_id=link.id,
            secret_hash=secret_hash,
            referral_id=link.referral_id,
            number=link.number,
            office=link.office,
            made_by=link.made_by,
            made_at=link.made_at,
            ends_at=link.ends_at,
        )
    )


async def find_link(conn: AsyncConnection, secret_hash: bytes) -> Link | None:
    """Whether it still counts is a rule."""
    row = (await conn.execute(_links().where(links.c.secret_hash == secret_hash))).one_or_none()
    return _link(row) if row is not None else None


async def list_links(conn: AsyncConnection, referral_id: UUID) -> list[Link]:
    """The latest first."""
    wanted = _links().where(links.c.referral_id == referral_id).order_by(links.c.made_at.desc())
    return [_link(row) for row in await conn.execute(wanted)]


async def revoke(conn: AsyncConnection, link_id: UUID, referral_id: UUID, *, by: UUID, at: datetime) -> None:
    """Once: whoever was first stands there."""
    await note_change(conn, "link.revoked", about=referral_id)
    await conn.execute(
        update(links)
        .where(links.c.link_id == link_id, links.c.referral_id == referral_id, links.c.revoked_at.is_(None))
        .values(revoked_at=at, revoked_by=by)
    )


async def note_use(conn: AsyncConnection, link_id: UUID, *, act: str, address: str, at: datetime) -> None:
    await note_change(conn, f"link.{act}", about=link_id, who=Doer(subject=f"link:{link_id}", role=Role.LINK.value))
    await conn.execute(insert(link_uses).values(link_id=link_id, used_at=at, act=act, address=address))


def _links() -> Select[Any]:
    used = link_uses.c.link_id == links.c.link_id
    return (
        select(
            links,
            _makers.c.login.label("maker"),
            _revokers.c.login.label("revoker"),
            select(func.max(link_uses.c.used_at)).where(used).scalar_subquery().label("used_at"),
            select(func.count()).select_from(link_uses).where(used).scalar_subquery().label("uses"),
        )
        .join(_makers, _makers.c.account_id == links.c.made_by)
        .outerjoin(_revokers, _revokers.c.account_id == links.c.revoked_by)
    )


def _link(row: Any) -> Link:
    return Link(
        id=row.link_id,
        referral_id=row.referral_id,
        number=row.number,
        office=row.office,
        made_by=row.made_by,
        maker=row.maker,
        made_at=row.made_at,
        ends_at=row.ends_at,
        revoked_at=row.revoked_at,
        revoker=row.revoker or "",
        used_at=row.used_at,
        uses=row.uses,
    )
