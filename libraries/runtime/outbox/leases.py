"""Who sends which shard of the journal: a lease on the database's clock, whose epoch fences the previous holder."""

from typing import Final

import structlog
from sqlalchemy import Float, SmallInteger, String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime import metrics
from libraries.runtime.database.engine import transaction
from libraries.runtime.database.tables import SHARDS

LEASE_SECONDS: Final = 10.0

log = structlog.get_logger()

_SEEN = text(
    """
    INSERT INTO relay_owners (owner, seen_until) VALUES (:owner, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (owner) DO UPDATE SET seen_until = excluded.seen_until
    """
).bindparams(bindparam("seconds", type_=Float))

_FORGET = text("DELETE FROM relay_owners WHERE seen_until < clock_timestamp() - interval '5 minutes'")

_ALIVE = text("SELECT count(*) FROM relay_owners WHERE seen_until > clock_timestamp()")

_RENEW = text(
    """
    UPDATE relay_shards SET leased_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE owner = :owner AND leased_until > clock_timestamp()
    RETURNING shard, epoch
    """
).bindparams(bindparam("seconds", type_=Float))

# LIMIT in the sub-select of an UPDATE may take more rows than asked for; a materialised CTE does not.
_TAKE = text(
    """
    WITH free AS MATERIALIZED (
        SELECT shard FROM relay_shards
        WHERE leased_until <= clock_timestamp()
        ORDER BY shard LIMIT :wanted
        FOR UPDATE SKIP LOCKED
    )
    UPDATE relay_shards AS s
    SET owner = :owner, epoch = s.epoch + 1, leased_until = clock_timestamp() + make_interval(secs => :seconds)
    FROM free WHERE s.shard = free.shard
    RETURNING s.shard, s.epoch
    """
).bindparams(bindparam("seconds", type_=Float))

_RELEASE = text(
    """
    UPDATE relay_shards SET owner = NULL, leased_until = '-infinity'
    WHERE owner = :owner AND shard = ANY(:shards)
    """
).bindparams(bindparam("shards", type_=ARRAY(SmallInteger)), bindparam("owner", type_=String))


class Leases:
    """This process's share of the shards. `held` is a view; what counts is the row, asked at each read and mark."""

    def __init__(self, engine: AsyncEngine, service: str, owner: str, seconds: float = LEASE_SECONDS) -> None:
        self._engine = engine
        self._service = service
        self._owner = owner
        self._seconds = seconds
        self.held: dict[int, int] = {}

    async def tick(self) -> None:
        """Say that we live, keep what is ours, give up what is too much, take what is free. Every third of a lease."""
        async with transaction(self._engine) as conn:
            names = {"owner": self._owner, "seconds": self._seconds}
            await conn.execute(_SEEN, names)
            await conn.execute(_FORGET)
            alive = int(await conn.scalar(_ALIVE) or 1)
            held = {row.shard: row.epoch for row in await conn.execute(_RENEW, names)}
            share = -(-SHARDS // alive)
            if len(held) > share:
                held = await self._release(conn, held, keep=share)
            elif len(held) < share:
                taken = await conn.execute(_TAKE, {**names, "wanted": share - len(held)})
                held.update({row.shard: row.epoch for row in taken})
        if held != self.held:
            log.info("relay leases", service=self._service, owner=self._owner, shards=sorted(held), relays=alive)
        self.held = held
        metrics.RELAY_SHARDS.labels(self._service).set(len(held))

    async def release(self) -> None:
        """At a stop: the others need not wait until the leases run out."""
        async with transaction(self._engine) as conn:
            await self._release(conn, self.held, keep=0)
            await conn.execute(text("DELETE FROM relay_owners WHERE owner = :owner"), {"owner": self._owner})
        self.held = {}
        metrics.RELAY_SHARDS.labels(self._service).set(0)

    async def _release(self, conn: AsyncConnection, held: dict[int, int], *, keep: int) -> dict[int, int]:
        shards = sorted(held)
        await conn.execute(_RELEASE, {"owner": self._owner, "shards": shards[keep:]})
        return {shard: held[shard] for shard in shards[:keep]}
