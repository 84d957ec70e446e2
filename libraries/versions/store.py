"""SQL of policy versions and of their activations, in the schema of the service that asks."""

from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import Date, DateTime, LargeBinary, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_MOMENT: Final = DateTime(timezone=True)
_ACTIVATIONS: Final = text("SELECT number, version, starts_at, activated_at FROM policy_activations ORDER BY number")
_CONTENT: Final = text("SELECT content FROM policy_versions WHERE version = :version")
_SAVE_VERSION: Final = text(
    """
    INSERT INTO policy_versions (version, pack, effective_from, content, stored_at)
    VALUES (:version, :pack, :effective_from, :content, :stored_at)
    ON CONFLICT DO NOTHING
    """
).bindparams(
    bindparam("effective_from", type_=Date),
    bindparam("content", type_=LargeBinary),
    bindparam("stored_at", type_=_MOMENT),
)
# What an installation before this one has left on the topic gives way.
_HEAR: Final = text(
    """
    INSERT INTO policy_activations AS a (number, version, starts_at, activated_at)
    VALUES (:number, :version, :starts_at, :activated_at)
    ON CONFLICT (number) DO UPDATE
    SET version = excluded.version, starts_at = excluded.starts_at, activated_at = excluded.activated_at
    WHERE a.activated_at < excluded.activated_at
    """
).bindparams(bindparam("starts_at", type_=_MOMENT), bindparam("activated_at", type_=_MOMENT))


class Activation(NamedTuple):
    """From when a version is in force. Of those that have started the one with the greatest number counts."""

    number: int
    version: str
    starts_at: datetime
    activated_at: datetime


class Version(NamedTuple):
    version: str
    pack: str
    effective_from: date
    content: bytes


async def list_activations(conn: AsyncConnection) -> list[Activation]:
    """In the order in which they were made."""
    return [Activation(*row) for row in await conn.execute(_ACTIVATIONS)]


async def get_content(conn: AsyncConnection, version: str) -> bytes:
    return bytes((await conn.execute(_CONTENT, {"version": version})).scalar_one())


async def find_content(conn: AsyncConnection, version: str) -> bytes | None:
    found = (await conn.execute(_CONTENT, {"version": version})).scalar_one_or_none()
    return bytes(found) if found is not None else None


async def save_version(conn: AsyncConnection, version: Version, at: datetime) -> None:
    """Nothing changes if it is there."""
    await conn.execute(_SAVE_VERSION, version._asdict() | {"stored_at": at})


async def save_heard(conn: AsyncConnection, activation: Activation) -> None:
    """As routing has said it; nothing changes if it was heard before."""
    await conn.execute(_HEAR, activation._asdict())
