"""From a batch of records to one committed transaction; if it fails, the record to blame becomes a dead letter.

Kafka has no delayed redelivery, a nack seeks back at once and spins: waiting and trying again happen here.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.cloudevents import Unknown
from libraries.runtime import metrics
from libraries.runtime.audit.doers import Doer, acting
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import FailureClass, InfrastructureDown, Rejected, classify, code_of, explain
from libraries.runtime.kafka import dead_letters, deduplication
from libraries.runtime.kafka.records import Arrival, Ignored, Incoming, Reader, step_of
from libraries.runtime.kafka.unknown import count_unknown
from libraries.runtime.tracing import within

TRIES: Final = 3
FIRST_WAIT_SECONDS: Final = 0.05

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerContext:
    """What a reader needs to handle its records."""

    service: str
    reader: Reader
    engine: AsyncEngine
    sealer: Sealer
    """Of the dead letters."""


async def settle(context: ConsumerContext, arrivals: Sequence[Arrival]) -> int:
    """Returns when every record is handled, skipped or parked, and how many were parked.

    Raises `InfrastructureDown` and nothing else.
    """
    with acting(Doer(subject=f"reader:{context.reader.name}")):
        return await _settle(context, arrivals)


async def _settle(context: ConsumerContext, arrivals: Sequence[Arrival]) -> int:
    try:
        return await _attempt(context, arrivals)
    except InfrastructureDown:
        raise
    except Exception as error:  # noqa: BLE001 -- the one place where every failure has its answer
        if len(arrivals) == 1:
            await _give_up(context, arrivals[0], error)
            return 1
        middle = len(arrivals) // 2
        return await _settle(context, arrivals[:middle]) + await _settle(context, arrivals[middle:])


async def _attempt(context: ConsumerContext, arrivals: Sequence[Arrival]) -> int:
    """One transaction for all, again after what only needs another try."""
    attempt = 0
    while True:
        attempt += 1
        try:
            async with asyncio.timeout(context.reader.time_limit), transaction(context.engine) as conn:
                triage = await apply(context, arrivals, conn)
        except Exception as error:
            failure = classify(error)
            metrics.FAILURES.labels(context.service, context.reader.name, failure).inc()
            if failure is FailureClass.INFRASTRUCTURE:
                raise InfrastructureDown(explain(error)) from error
            if failure is not FailureClass.TRANSIENT or attempt == TRIES:
                raise
            await asyncio.sleep(FIRST_WAIT_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter
        else:
            _count(context, triage)
            return len(triage.dead_letters)


async def apply(context: ConsumerContext, arrivals: Sequence[Arrival], conn: AsyncConnection) -> deduplication.Triage:
    """Deduplication, handler, dead letters and outgoing events inside the caller's transaction."""
    reader = context.reader
    before, triage = await _triage(reader, arrivals, conn)
    await deduplication.claim(conn, reader.name, before=before, after=triage.applied)
    wanted = [item for item in triage.fresh if wants(reader, item)]
    if wanted:
        await reader.handle(wanted, conn)
    await dead_letters.add(conn, reader, triage.dead_letters, context.sealer)
    return triage


async def _triage(
    reader: Reader, arrivals: Sequence[Arrival], conn: AsyncConnection
) -> tuple[dict[deduplication.Stream, int], deduplication.Triage]:
    """Looks twice if something has to wait: nobody may settle dead letters between look and write."""
    streams = (
        {stream for arrival in arrivals if (stream := deduplication.stream_of(arrival))}
        if reader.deduplicated
        else set()
    )
    locked: set[str] = set()
    while True:
        applied = await deduplication.load_applied(conn, reader.name, streams)
        blocked = await dead_letters.blocked_keys(conn, reader.name, arrivals)
        triage = deduplication.triage(arrivals, deduplicated=reader.deduplicated, applied=applied, blocked=blocked)
        needed = {item.arrival.ordering_key for item in triage.dead_letters} - {None} - locked
        if not needed:
            return applied, triage
        fresh_locks = {key for key in needed if key is not None}
        await dead_letters.lock_keys(conn, reader.name, fresh_locks)
        locked |= fresh_locks


def wants(reader: Reader, item: Incoming[object]) -> bool:
    if isinstance(item.data, Ignored | Unknown):
        return False
    return reader.only is None or type(item.data) in reader.only


async def _give_up(context: ConsumerContext, arrival: Arrival, error: Exception) -> None:
    """The record is to blame: it becomes a dead letter, and its ordering key waits behind it."""
    code, reader = code_of(error), context.reader.name
    facts = error.facts if isinstance(error, Rejected) else {}
    with within(arrival.trace if isinstance(arrival, Incoming) else step_of(arrival.record)):
        log.warning(
            "record parked",
            service=context.service,
            handler=reader,
            code=code,
            event_id=dead_letters.impersonal(arrival.event_id) if arrival.event_id is not None else None,
            case_id=str(arrival.case_id) if arrival.case_id else None,
            topic=arrival.record.topic,
            offset=arrival.record.offset,
            error=explain(error),
        )
    try:
        async with transaction(context.engine) as conn:
            if arrival.ordering_key is not None:
                await dead_letters.lock_keys(conn, reader, [arrival.ordering_key])
            found = [deduplication.NewDeadLetter(arrival, code, explain(error))]
            await dead_letters.add(conn, context.reader, found, context.sealer, **facts)
    except Exception as second:
        # If not even this works, the record stays where it is: on the topic, in front of us.
        raise InfrastructureDown(explain(second)) from second
    metrics.RECORDS.labels(context.service, reader, "parked").inc()


def _count(context: ConsumerContext, triage: deduplication.Triage) -> None:
    handled = sum(wants(context.reader, item) for item in triage.fresh)
    outcomes = {
        "handled": handled,
        "skipped": len(triage.fresh) - handled,
        "repeated": triage.repeats,
        "parked": len(triage.dead_letters),
    }
    for outcome, number in outcomes.items():
        if number:
            metrics.RECORDS.labels(context.service, context.reader.name, outcome).inc(number)
    count_unknown(context.service, context.reader.name, (item.data for item in triage.fresh))
