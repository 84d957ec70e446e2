"""Partners cannot be trusted to number their messages: what they call them is remembered for some days."""

from collections.abc import Sequence

from sqlalchemy import String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

# The unique index stops two transactions of one day; it cannot span days, so older days are looked at. Sorted, or two
# batches with the same keys could wait for each other.
_FRESH = text(
    """
    INSERT INTO inbox (key)
    SELECT k.key
    FROM (SELECT DISTINCT key FROM unnest(:keys) AS k (key)) AS k
    WHERE NOT EXISTS (SELECT FROM inbox AS i WHERE i.key = k.key)
    ORDER BY k.key
    ON CONFLICT DO NOTHING
    RETURNING key
    """
).bindparams(bindparam("keys", type_=ARRAY(String)))


async def fresh(conn: AsyncConnection, keys: Sequence[str]) -> set[str]:
    """The keys that were not seen before. They count as seen once the transaction commits."""
    if not keys:
        return set()
    return set(await conn.scalars(_FRESH, {"keys": list(keys)}))
