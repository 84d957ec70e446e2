"""The job that chains what transactions have put on record, and signs how far it has come.

Writers never wait for it. It takes rows below the oldest running transaction, so that none can appear before them
later, and only one process of a service is at it at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import BigInteger, LargeBinary, Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.topics import AUDIT_HEADS
from libraries.runtime import metrics
from libraries.runtime.audit.chain import COLUMNS, beginning, entry_of, linked
from libraries.runtime.audit.heads import Signer, append
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import explain
from libraries.runtime.jobs.job import Job
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.settings import ProcessSettings

BATCH: Final = 1000
CHAINING_SECONDS: Final = 2.0
MEASURING_SECONDS: Final = 10.0
SIGNING_SECONDS: Final = 10.0
SIGNED_EVERY: Final = timedelta(hours=1)
COUNTED: Final = 10_000

log = structlog.get_logger()

_STATE: Final = text("SELECT * FROM audit_chain")
_HELD: Final = text("SELECT position FROM audit_chain WHERE position = :position FOR UPDATE SKIP LOCKED")
_WAITING: Final = "(e.xid, e.id) > (c.xid, c.entry_id) AND e.id > c.floor_id"
_NEXT: Final = text(
    f"""
    SELECT {COLUMNS} FROM audit_chain AS c JOIN audit_entries AS e ON {_WAITING}
    WHERE e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY e.xid, e.id LIMIT :batch
    """
)
_LINK: Final = text(
    """
    INSERT INTO audit_links (position, entry_id, hash)
    SELECT * FROM unnest(:positions, :entries, :hashes)
    """
).bindparams(
    bindparam("positions", type_=ARRAY(BigInteger)),
    bindparam("entries", type_=ARRAY(BigInteger)),
    bindparam("hashes", type_=ARRAY(LargeBinary)),
)
_MOVE: Final = text("UPDATE audit_chain SET xid = :xid, entry_id = :entry_id, position = :position, hash = :hash")
_BEHIND: Final = text(
    f"""
    SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(at)), 0) AS seconds FROM (
        SELECT e.at FROM audit_chain AS c JOIN audit_entries AS e ON {_WAITING}
        ORDER BY e.xid, e.id LIMIT :most
    ) AS waiting
    """
)
_DUE: Final = text(
    """
    SELECT *, clock_timestamp() AS now FROM audit_chain
    WHERE position > 0 AND (signed_at IS NULL OR signed_at <= clock_timestamp() - make_interval(secs => :every))
    FOR UPDATE SKIP LOCKED
    """
)
_SIGNED: Final = text("UPDATE audit_chain SET signed_at = :at")
_AHEAD: Final = text(
    """
    SELECT greatest(c.xid, (SELECT max(e.xid) FROM audit_entries AS e WHERE e.id > c.floor_id))
           >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    FROM audit_chain AS c
    """
)
_LEFT: Final = text(
    f"""
    SELECT {COLUMNS} FROM audit_entries AS e
    WHERE NOT EXISTS (SELECT FROM audit_links AS l WHERE l.entry_id = e.id) ORDER BY e.xid, e.id
    """
)
_ADOPTED: Final = text(
    "UPDATE audit_chain SET xid = 0, entry_id = 0, floor_id = coalesce((SELECT max(id) FROM audit_entries), 0)"
)


@dataclass(slots=True, kw_only=True)
class AuditChain:
    """Of one service. Without a signer it is chained and not signed; without Kafka heads go to the file alone."""

    engine: AsyncEngine
    service: str
    signer: Signer | None = None
    heads_file: Path | None = None
    on_kafka: bool = True
    _adopted: bool = field(default=False, init=False)

    @classmethod
    def of(cls, settings: ProcessSettings, engine: AsyncEngine, service: str, *, on_kafka: bool = True) -> "AuditChain":
        seed = settings.audit_key.get_secret_value()
        return cls(
            engine=engine,
            service=service,
            signer=Signer(seed) if seed else None,
            heads_file=settings.audit_heads_file,
            on_kafka=on_kafka,
        )

    def jobs(self) -> tuple[Job, ...]:
        return (
            Job(run=self.extend, seconds=CHAINING_SECONDS),
            Job(run=self.sign_if_due, seconds=SIGNING_SECONDS),
            Job(run=self.measure, seconds=MEASURING_SECONDS),
        )

    async def extend(self) -> None:
        """Until nothing is left that may be chained."""
        if not self._adopted:
            async with transaction(self.engine) as conn:
                if await adopt_restored(conn, self.service):
                    log.warning("audit of another cluster adopted", service=self.service)
            self._adopted = True
        while await self.turn() == BATCH:
            pass

    async def turn(self) -> int:
        """One batch. Whoever comes while another is at it, or after it, does nothing.

        Rows are read and hashed before the transaction that writes: as long as that one runs, no relay sends what is
        younger. What was read below the horizon stays as it is, and the position tells whether it is still next.
        """
        async with transaction(self.engine) as conn:
            state = (await conn.execute(_STATE)).one()
            rows = (await conn.execute(_NEXT, {"batch": BATCH})).all()
        if not rows:
            return 0
        links = _links(self.service, state, rows)
        async with transaction(self.engine) as conn:
            if await conn.scalar(_HELD, {"position": state.position}) is None:
                return 0
            await _save(conn, links)
        return len(rows)

    async def sign_if_due(self) -> None:
        """Every hour."""
        await self.sign(SIGNED_EVERY)

    async def sign(self, every: timedelta) -> None:
        """Sign how far the chain has come, if the last head is old. The file is written first: it is true anyway."""
        if self.signer is None:
            return
        async with transaction(self.engine) as conn:
            state = (await conn.execute(_DUE, {"every": every.total_seconds()})).one_or_none()
            if state is not None:
                await publish(conn, self, state)

    async def sign_now(self) -> None:
        """Whatever was signed before."""
        await self.sign(timedelta())

    async def measure(self) -> None:
        async with transaction(self.engine) as conn:
            found = (await conn.execute(_BEHIND, {"most": COUNTED})).one()
        metrics.AUDIT_UNCHAINED.labels(self.service).set(found.number)
        metrics.AUDIT_UNCHAINED_SECONDS.labels(self.service).set(float(found.seconds))


async def publish(conn: AsyncConnection, chain: AuditChain, state: Row[Any], *, restored: bool = False) -> None:
    """A head of what the state says, to all places that there are."""
    if chain.signer is None:
        return
    head = chain.signer.head(chain.service, state.position, state.hash, state.now, restored=restored)
    log.info("audit head", service=chain.service, position=head.position, hash=head.hash, signature=head.signature)
    if chain.heads_file is not None:
        try:
            append(chain.heads_file, head)
        except OSError as error:
            metrics.AUDIT_HEADS_LOST.labels(chain.service).inc()
            log.error("audit head not written to the file", service=chain.service, error=explain(error))  # noqa: TRY400 -- a trace could hold more than is meant for a log
    if chain.on_kafka:
        said = Outgoing(event=head, at=head.signed_at, key=chain.service, topic=AUDIT_HEADS.name)
        await journal.add(conn, chain.service, [said])
    await conn.execute(_SIGNED, {"at": state.now})


async def publish_restored(conn: AsyncConnection, chain: AuditChain) -> None:
    """Say where the chain of a backup ends, before anything is added to it: later heads speak of what is no more."""
    state = (await conn.execute(text("SELECT *, clock_timestamp() AS now FROM audit_chain FOR UPDATE"))).one()
    await publish(conn, chain, state, restored=True)


async def adopt_restored(conn: AsyncConnection, service: str) -> bool:
    """After a restore into another cluster, whose transactions have smaller ids than those in the rows.

    Everything that is there is chained at once, and what comes begins anew with the ids of this cluster. Returns
    whether there was anything to do.
    """
    if not await conn.scalar(_AHEAD):
        return False
    await conn.execute(text("SET LOCAL statement_timeout = 0"))
    await conn.execute(text("LOCK TABLE audit_entries IN EXCLUSIVE MODE"))
    state = (await conn.execute(text("SELECT * FROM audit_chain FOR UPDATE"))).one()
    if left := (await conn.execute(_LEFT)).all():
        await _save(conn, _links(service, state, left))
    await conn.execute(_ADOPTED)
    return True


class _Links(NamedTuple):
    """What is appended to the chain, and where it ends then."""

    first: int
    entries: list[int]
    hashes: list[bytes]
    xid: int
    """Of the last row."""


def _links(service: str, state: Row[Any], rows: Sequence[Row[Any]]) -> _Links:
    chained = bytes(state.hash) or beginning(service)
    hashes = []
    for row in rows:
        chained = linked(chained, entry_of(row))
        hashes.append(chained)
    return _Links(state.position + 1, [row.id for row in rows], hashes, rows[-1].xid)


async def _save(conn: AsyncConnection, links: _Links) -> None:
    end = links.first + len(links.entries)
    positions = list(range(links.first, end))
    await conn.execute(_LINK, {"positions": positions, "entries": links.entries, "hashes": links.hashes})
    last = {"xid": links.xid, "entry_id": links.entries[-1], "position": end - 1, "hash": links.hashes[-1]}
    await conn.execute(_MOVE, last)
