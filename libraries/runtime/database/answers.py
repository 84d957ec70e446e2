"""SQL of the answers that are kept for requests which come again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Interval, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.database.engine import transaction

BATCH_SIZE: Final = 1000
"""Forgotten in one transaction."""

_KEPT: Final = bindparam("kept", type_=Interval)
_FIND: Final = text(
    """
    SELECT fingerprint, wrapped_key, content FROM answers
    WHERE identity = :identity AND part = :part AND at > now() - :kept
    """
).bindparams(_KEPT)
# One that is too old to count may still stand there.
_SAVE: Final = text(
    """
    INSERT INTO answers (identity, part, fingerprint, wrapped_key, content)
    VALUES (:identity, :part, :fingerprint, :wrapped_key, :content)
    ON CONFLICT (identity, part) DO UPDATE
    SET fingerprint = excluded.fingerprint, wrapped_key = excluded.wrapped_key, content = excluded.content, at = now()
    """
)
_FORGET: Final = text(
    """
    WITH old AS MATERIALIZED (
        SELECT identity, part FROM answers WHERE at <= now() - :kept
        ORDER BY at LIMIT :batch_size FOR UPDATE SKIP LOCKED
    )
    DELETE FROM answers AS a USING old WHERE a.identity = old.identity AND a.part = old.part
    """
).bindparams(_KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAnswer:
    """An answer as it stands in the database."""

    fingerprint: bytes
    wrapped_key: bytes
    content: bytes


async def lock(conn: AsyncConnection, identity: bytes, *, wait: bool) -> bool:
    """Until the end of the transaction nobody else has it. Without waiting, whether it could be had."""
    number = int.from_bytes(identity[:8], "big", signed=True)
    if wait:
        await conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
        return True
    return bool(await conn.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": number}))


async def find(conn: AsyncConnection, identity: bytes, part: int, kept: timedelta) -> SealedAnswer | None:
    found = await conn.execute(_FIND, {"identity": identity, "part": part, "kept": kept})
    row = found.one_or_none()
    return SealedAnswer(fingerprint=row.fingerprint, wrapped_key=row.wrapped_key, content=row.content) if row else None


async def save(conn: AsyncConnection, identity: bytes, part: int, stored: SealedAnswer) -> None:
    values = {"fingerprint": stored.fingerprint, "wrapped_key": stored.wrapped_key, "content": stored.content}
    await conn.execute(_SAVE, values | {"identity": identity, "part": part})


async def forget(engine: AsyncEngine, kept: timedelta) -> int:
    """Those that are older, in batches. Returns how many."""
    forgotten, batch = 0, BATCH_SIZE
    while batch == BATCH_SIZE:
        async with transaction(engine) as conn:
            batch = (await conn.execute(_FORGET, {"kept": kept, "batch_size": BATCH_SIZE})).rowcount
        forgotten += batch
    return forgotten
