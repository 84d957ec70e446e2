"""SQL of the answers that are kept for requests which come again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import BigInteger, Integer, Interval, LargeBinary, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.database.engine import transaction

BATCH_SIZE: Final = 1000
"""Forgotten in one transaction."""

_KEPT: Final = bindparam("kept", type_=Interval)
_IDENTITIES: Final = bindparam("identities", type_=ARRAY(LargeBinary))
_LOCK: Final = text(
    """
    SELECT identity FROM unnest(:identities, :numbers) AS k (identity, number) WHERE pg_try_advisory_xact_lock(number)
    """
).bindparams(_IDENTITIES, bindparam("numbers", type_=ARRAY(BigInteger)))
_FIND: Final = text(
    """
    SELECT identity, fingerprint, wrapped_key, content FROM answers
    WHERE identity = ANY(:identities) AND part = :part AND at > now() - :kept
    """
).bindparams(_KEPT, _IDENTITIES)
# One that is too old to count may still stand there.
_SAVE: Final = text(
    """
    INSERT INTO answers (identity, part, fingerprint, wrapped_key, content)
    SELECT k.identity, :part, k.fingerprint, k.wrapped_key, k.content
    FROM unnest(:identities, :fingerprints, :wrapped_keys, :contents)
         AS k (identity, fingerprint, wrapped_key, content)
    ORDER BY k.identity
    ON CONFLICT (identity, part) DO UPDATE
    SET fingerprint = excluded.fingerprint, wrapped_key = excluded.wrapped_key, content = excluded.content, at = now()
    """
).bindparams(
    _IDENTITIES,
    bindparam("part", type_=Integer),
    *(bindparam(name, type_=ARRAY(LargeBinary)) for name in ("fingerprints", "wrapped_keys", "contents")),
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


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    """An answer as it stands in the database."""

    fingerprint: bytes
    wrapped_key: bytes
    content: bytes


async def wait_for(conn: AsyncConnection, identity: bytes) -> None:
    """Until nobody else has it; then nobody else has it until the end of the transaction."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _number(identity)})


async def lock(conn: AsyncConnection, identities: Sequence[bytes]) -> set[bytes]:
    """Those that could be had at once. Until the end of the transaction nobody else has them."""
    wanted = sorted(set(identities))
    numbers = [_number(identity) for identity in wanted]
    found = await conn.execute(_LOCK, {"identities": wanted, "numbers": numbers})
    return {bytes(row.identity) for row in found}


async def find(
    conn: AsyncConnection, identities: Sequence[bytes], part: int, kept: timedelta
) -> dict[bytes, SealedAnswer]:
    found = await conn.execute(_FIND, {"identities": identities, "part": part, "kept": kept})
    return {bytes(row.identity): SealedAnswer(row.fingerprint, row.wrapped_key, row.content) for row in found}


async def save(conn: AsyncConnection, part: int, given: Sequence[tuple[bytes, SealedAnswer]]) -> None:
    """By the identity of each request."""
    values = {
        "identities": [identity for identity, _ in given],
        "fingerprints": [stored.fingerprint for _, stored in given],
        "wrapped_keys": [stored.wrapped_key for _, stored in given],
        "contents": [stored.content for _, stored in given],
    }
    await conn.execute(_SAVE, values | {"part": part})


async def forget(engine: AsyncEngine, kept: timedelta) -> int:
    """Those that are older, in batches. Returns how many."""
    forgotten, batch = 0, BATCH_SIZE
    while batch == BATCH_SIZE:
        async with transaction(engine) as conn:
            batch = (await conn.execute(_FORGET, {"kept": kept, "batch_size": BATCH_SIZE})).rowcount
        forgotten += batch
    return forgotten


def _number(identity: bytes) -> int:
    return int.from_bytes(identity[:8], "big", signed=True)
