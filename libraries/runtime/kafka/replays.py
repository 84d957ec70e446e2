"""Dead letters handled again: in order, through the same handler, or dropped for a reason; always by somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.audit.writing import note_change
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import FailureClass, InfrastructureDown, Rejected, classify, code_of, explain
from libraries.runtime.kafka import dead_letters, deduplication
from libraries.runtime.kafka.dead_letters import DeadLetterFilters, NoSuchDeadLetter
from libraries.runtime.kafka.records import Incoming, Unreadable, read_record
from libraries.runtime.kafka.settling import ConsumerContext, wants

RUNTIME: Final = "runtime"
BATCH_SIZE: Final = 1000
"""Given up in one transaction."""
RESUMES_BY_ITSELF: Final = ("sequence_gap", "behind")

Contexts = Mapping[str, ConsumerContext]
"""By reader."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many were handled, how many still wait, and why the first of those does."""

    handled: int
    left: int
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """How many were given up, and what became of those that had waited behind them."""

    dropped: int = 0
    handled: int = 0
    left: int = 0

    def and_dropped(self, more: int) -> "Dropped":
        return replace(self, dropped=self.dropped + more)

    def and_replayed(self, behind: Replayed) -> "Dropped":
        return replace(self, handled=self.handled + behind.handled, left=self.left + behind.left)


class NotFirst(ValueError):
    """Others with its ordering key wait before it; order counts."""

    def __init__(self, head: int) -> None:
        super().__init__(head)
        self.head = head


class _StillFails(Exception):
    """The first record of its ordering key does not go through; carries what to write beside it."""

    def __init__(self, dead_letter_id: int, code: str, detail: str) -> None:
        super().__init__(code)
        self.dead_letter_id = dead_letter_id
        self.code = code
        self.detail = detail


async def replay(
    contexts: Contexts, engine: AsyncEngine, *, dead_letter_id: int, by: str, because: str, accept_gap: bool = False
) -> Replayed:
    """Handle all with the ordering key of this record from the head, each in a transaction, until one fails again.

    `accept_gap` takes the loss of what is missing before the head as given.
    """
    context, row = await _find(contexts, engine, dead_letter_id)
    handled, skip_gap = 0, accept_gap
    while True:
        try:
            async with transaction(engine) as conn:
                more = await _replay_head(context, conn, row, by, because, skip_gap=skip_gap)
        except _StillFails as failure:
            await _note(engine, failure, by)
            return Replayed(handled=handled, left=await _left(engine, row), code=failure.code)
        except Exception as error:
            if classify(error) is FailureClass.INFRASTRUCTURE:
                raise InfrastructureDown(explain(error)) from error
            raise
        if not more:
            return Replayed(handled=handled, left=0)
        handled, skip_gap = handled + 1, False


async def replay_case(
    contexts: Contexts, engine: AsyncEngine, *, case_id: UUID, by: str, because: str
) -> dict[str, Replayed]:
    """All ordering keys of a case, one for each reader."""
    async with transaction(engine) as conn:
        heads = await conn.execute(
            text(
                "SELECT reader, min(id) AS id FROM parked_records"
                " WHERE state = 'parked' AND lane = :lane GROUP BY reader ORDER BY reader"
            ),
            {"lane": str(case_id)},
        )
        found = {row.reader: row.id for row in heads}
    return {
        reader: await replay(contexts, engine, dead_letter_id=head, by=by, because=because)
        for reader, head in found.items()
    }


async def drop(contexts: Contexts, engine: AsyncEngine, *, dead_letter_id: int, by: str, because: str) -> Replayed:
    """Give this record up for good; what waited behind it is replayed."""
    context, row = await _find(contexts, engine, dead_letter_id)
    async with transaction(engine) as conn:
        head = await _head(conn, row)
        if head is None:
            raise NoSuchDeadLetter(dead_letter_id)
        if head.id != dead_letter_id:
            raise NotFirst(head.id)
        await _drop_head(context, conn, head, by, because)
    log.info("parked record dropped", dead_letter_id=dead_letter_id, by=by, because=because)
    if row.ordering_key is None or not (behind := await _first_of(engine, row)):
        return Replayed(handled=0, left=0)
    return await replay(contexts, engine, dead_letter_id=behind, by=by, because=because)


async def drop_selected(
    contexts: Contexts, engine: AsyncEngine, filters: DeadLetterFilters, *, by: str, because: str
) -> Dropped:
    """Give up all that are like this, key by key from its head; what waited behind them is replayed.

    What others without the mark wait before stays: order counts. A batch is a transaction, so that it may be stopped.
    """
    done = Dropped(dropped=await _drop_lone(engine, filters, by, because))
    for dead_letter_id in await dead_letters.list_heads(engine, filters):
        try:
            context, row = await _find(contexts, engine, dead_letter_id)
        except NoSuchDeadLetter:
            continue  # settled since
        async with transaction(engine) as conn:
            dropped = await _drop_heads(context, conn, row, filters, by, because)
        done = done.and_dropped(dropped)
        if dropped and (behind := await _first_of(engine, row)):
            done = done.and_replayed(await replay(contexts, engine, dead_letter_id=behind, by=by, because=because))
    log.info("parked records dropped", dropped=done.dropped, by=by, because=because)
    return done


async def _drop_lone(engine: AsyncEngine, filters: DeadLetterFilters, by: str, because: str) -> int:
    """Those without an ordering key: nothing waits for them, and no number of a case is passed over with them."""
    statement = text(
        f"""
        UPDATE parked_records SET state = 'dropped', settled_at = now(), settled_by = :by, settled_because = :because
        WHERE id IN (
            SELECT p.id FROM parked_records AS p
            WHERE p.state = 'parked' AND p.lane IS NULL{filters.condition}
            ORDER BY p.id LIMIT :size FOR UPDATE SKIP LOCKED
        )
        """
    )
    dropped, batch = 0, BATCH_SIZE
    while batch == BATCH_SIZE:
        async with transaction(engine) as conn:
            done = await conn.execute(statement, filters.values | {"by": by, "because": because, "size": BATCH_SIZE})
            batch = done.rowcount
            if batch:
                await note_change(conn, "parked.dropped", about=f"{batch} without an ordering key")
        dropped += batch
    return dropped


async def _drop_heads(
    context: ConsumerContext, conn: AsyncConnection, row: Row[Any], filters: DeadLetterFilters, by: str, because: str
) -> int:
    """From the head of this ordering key on, as long as they are meant."""
    if row.ordering_key is None:
        return 0
    await dead_letters.lock_keys(conn, row.reader, [row.ordering_key])
    meant = set(
        await conn.scalars(
            text(
                "SELECT p.id FROM parked_records AS p"
                f" WHERE p.state = 'parked' AND p.reader = :of AND p.lane = :lane{filters.condition}"
            ),
            filters.values | {"of": row.reader, "lane": row.ordering_key},
        )
    )
    dropped = 0
    while (head := await _head(conn, row)) is not None and head.id in meant:
        await _drop_head(context, conn, head, by, because)
        dropped += 1
    return dropped


async def _drop_head(context: ConsumerContext, conn: AsyncConnection, head: Row[Any], by: str, because: str) -> None:
    """Its number counts as applied: what follows in its case may go on."""
    stream = _stream(head)
    if context.reader.deduplicated and stream is not None:
        applied = await deduplication.load_applied(conn, context.reader.name, {stream})
        if head.sequence > applied.get(stream, 0):
            await deduplication.claim(conn, context.reader.name, before=applied, after={stream: head.sequence})
    await _settle(conn, head.id, dead_letters.DROPPED, by, because)
    if dead_letters.is_whole(head):
        await dead_letters.notify_reader(
            conn,
            context.reader,
            [read_record(context.reader, dead_letters.record_of(head, context.sealer))],
            dead_letters.DROPPED,
        )


async def resume(context: ConsumerContext) -> int:
    """Replay the ordering keys whose missing event has come: nobody has to decide anything there."""
    resumed = 0
    async with transaction(context.engine) as conn:
        heads = list(await conn.scalars(_RESUMABLE, {"reader": context.reader.name, "codes": list(RESUMES_BY_ITSELF)}))
    for head in heads:
        result = await replay(
            {context.reader.name: context},
            context.engine,
            dead_letter_id=head,
            by=RUNTIME,
            because="the missing event has come",
        )
        resumed += result.handled
    return resumed


# Another writer's events may wait with the key too: they go on with it, not before it.
_RESUMABLE = text(
    """
    WITH waiting AS (
        SELECT p.id, p.lane, p.code, p.writer,
               p.sequence <= coalesce(a.sequence, 0) + 1 AS is_next,
               first_value(p.writer) OVER (PARTITION BY p.lane ORDER BY p.id) AS first_writer
        FROM parked_records AS p
        LEFT JOIN applied_sequences AS a ON a.case_id = p.case_id AND a.reader = p.reader AND a.writer = p.writer
        WHERE p.reader = :reader AND p.state = 'parked' AND p.lane IS NOT NULL
    )
    SELECT min(id) FROM waiting
    GROUP BY lane
    HAVING bool_and(code = ANY(:codes)) AND bool_or(is_next AND writer = first_writer)
    ORDER BY min(id)
    LIMIT 1000
    """
).bindparams(bindparam("codes", type_=ARRAY(String)))


async def _find(contexts: Contexts, engine: AsyncEngine, dead_letter_id: int) -> tuple[ConsumerContext, Row[Any]]:
    async with transaction(engine) as conn:
        row = (
            await conn.execute(
                text("SELECT id, reader, lane AS ordering_key FROM parked_records WHERE id = :id AND state = 'parked'"),
                {"id": dead_letter_id},
            )
        ).one_or_none()
    if row is None or row.reader not in contexts:
        raise NoSuchDeadLetter(dead_letter_id)
    return contexts[row.reader], row


async def _head(conn: AsyncConnection, row: Row[Any]) -> Row[Any] | None:
    """The record that is next with this ordering key, with the key locked against its consumer.

    In order of arrival, but what its writer's numbers allow first: a missing event arrives after those it precedes.
    """
    if row.ordering_key is None:
        return (
            await conn.execute(
                text("SELECT * FROM parked_records WHERE id = :id AND state = 'parked' FOR UPDATE"), {"id": row.id}
            )
        ).one_or_none()
    await dead_letters.lock_keys(conn, row.reader, [row.ordering_key])
    return (
        await conn.execute(
            text(
                """
                SELECT p.*
                FROM parked_records AS p
                LEFT JOIN applied_sequences AS a
                  ON a.case_id = p.case_id AND a.reader = p.reader AND a.writer = p.writer
                WHERE p.reader = :reader AND p.lane = :lane AND p.state = 'parked'
                ORDER BY (p.sequence IS NOT NULL AND p.sequence > coalesce(a.sequence, 0) + 1), p.id
                LIMIT 1
                """
            ),
            {"reader": row.reader, "lane": row.ordering_key},
        )
    ).one_or_none()


async def _replay_head(
    context: ConsumerContext, conn: AsyncConnection, row: Row[Any], by: str, because: str, *, skip_gap: bool
) -> bool:
    """One record. Returns whether there was one; raises `_StillFails` with everything undone."""
    head = await _head(conn, row)
    if head is None:
        return False
    if not dead_letters.is_whole(head):
        raise _StillFails(head.id, head.code, "not all of it was kept")
    arrival = read_record(context.reader, dead_letters.record_of(head, context.sealer))
    if isinstance(arrival, Unreadable):
        raise _StillFails(head.id, arrival.code, arrival.detail)
    try:
        await _handle(context, conn, arrival, skip_gap=skip_gap)
    except Exception as error:
        if classify(error) in (FailureClass.POISON, FailureClass.REJECTED):
            raise _StillFails(head.id, code_of(error), explain(error)) from error
        raise
    await _settle(conn, head.id, "replayed", by, because)
    return row.ordering_key is not None


async def _handle(context: ConsumerContext, conn: AsyncConnection, arrival: Incoming[Any], *, skip_gap: bool) -> None:
    reader = context.reader
    stream = deduplication.stream_of(arrival) if reader.deduplicated else None
    if stream is not None and arrival.sequence is not None:
        applied = await deduplication.load_applied(conn, reader.name, {stream})
        last = applied.get(stream, 0)
        if arrival.sequence <= last:
            return
        if arrival.sequence != last + 1 and not skip_gap:
            raise Rejected("sequence_gap", expected=last + 1, sequence=arrival.sequence)
        await deduplication.claim(conn, reader.name, before=applied, after={stream: arrival.sequence})
    if wants(reader, arrival):
        await reader.handle([arrival], conn)


async def _settle(conn: AsyncConnection, dead_letter_id: int, state: str, by: str, because: str) -> None:
    await note_change(conn, f"parked.{state}", about=dead_letter_id)
    await conn.execute(
        text(
            "UPDATE parked_records SET state = :state, settled_at = now(), settled_by = :by, settled_because = :because"
            " WHERE id = :id"
        ),
        {"id": dead_letter_id, "state": state, "by": by, "because": because},
    )


async def _note(engine: AsyncEngine, failure: _StillFails, by: str) -> None:
    """Why it fails now may differ from why it was parked; who tried last, and the first reason, stay known."""
    async with transaction(engine) as conn:
        await conn.execute(
            text(
                """
                UPDATE parked_records
                SET code = :code, detail = :detail,
                    facts = jsonb_build_object('parked_as', code)
                        || facts
                        || jsonb_build_object('tried_by', CAST(:by AS text), 'tried_at', now())
                WHERE id = :id AND state = 'parked'
                """
            ),
            {
                "id": failure.dead_letter_id,
                "code": failure.code,
                "detail": failure.detail[: dead_letters.TEXT_LENGTH],
                "by": by,
            },
        )


async def _left(engine: AsyncEngine, row: Row[Any]) -> int:
    if row.ordering_key is None:
        return 1
    async with transaction(engine) as conn:
        return int(
            await conn.scalar(
                text(
                    "SELECT count(*) FROM parked_records WHERE reader = :reader AND lane = :lane AND state = 'parked'"
                ),
                {"reader": row.reader, "lane": row.ordering_key},
            )
            or 0
        )


async def _first_of(engine: AsyncEngine, row: Row[Any]) -> int | None:
    async with transaction(engine) as conn:
        found: int | None = await conn.scalar(
            text("SELECT min(id) FROM parked_records WHERE reader = :reader AND lane = :lane AND state = 'parked'"),
            {"reader": row.reader, "lane": row.ordering_key},
        )
        return found


def _stream(row: Row[Any]) -> deduplication.Stream | None:
    if row.case_id is None or row.writer is None or row.sequence is None:
        return None
    return deduplication.Stream(row.case_id, row.writer)
