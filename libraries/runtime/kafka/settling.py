"""From a batch of records to one committed transaction; if it fails, the record to blame is found and set aside.

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
class Desk:
    """Where a reader's records are handled."""

    service: str
    reader: Reader
    engine: AsyncEngine
    sealer: Sealer
    """Of what is parked."""


async def settle(desk: Desk, arrivals: Sequence[Arrival]) -> int:
    """Returns when every record is handled, skipped or parked, and how many were parked.

    Raises `InfrastructureDown` and nothing else.
    """
    try:
        return await _attempt(desk, arrivals)
    except InfrastructureDown:
        raise
    except Exception as error:  # noqa: BLE001 -- the one place where every failure has its answer
        if len(arrivals) == 1:
            await _give_up(desk, arrivals[0], error)
            return 1
        middle = len(arrivals) // 2
        return await settle(desk, arrivals[:middle]) + await settle(desk, arrivals[middle:])


async def _attempt(desk: Desk, arrivals: Sequence[Arrival]) -> int:
    """One transaction for all, again after what only needs another try."""
    attempt = 0
    while True:
        attempt += 1
        try:
            async with asyncio.timeout(desk.reader.time_limit), transaction(desk.engine) as conn:
                plan = await apply(desk, arrivals, conn)
        except Exception as error:
            failure = classify(error)
            metrics.FAILURES.labels(desk.service, desk.reader.name, failure).inc()
            if failure is FailureClass.INFRASTRUCTURE:
                raise InfrastructureDown(explain(error)) from error
            if failure is not FailureClass.TRANSIENT or attempt == TRIES:
                raise
            await asyncio.sleep(FIRST_WAIT_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter
        else:
            _count(desk, plan)
            return len(plan.aside)


async def apply(desk: Desk, arrivals: Sequence[Arrival], conn: AsyncConnection) -> deduplication.Sorted:
    """Guard, handler, parking and outgoing events inside the caller's transaction."""
    reader = desk.reader
    before, plan = await _sort_out(reader, arrivals, conn)
    await deduplication.claim(conn, reader.name, before=before, after=plan.applied)
    wanted = [item for item in plan.fresh if wants(reader, item)]
    if wanted:
        await reader.handle(wanted, conn)
    await dead_letters.park(conn, reader, plan.aside, desk.sealer)
    return plan


async def _sort_out(
    reader: Reader, arrivals: Sequence[Arrival], conn: AsyncConnection
) -> tuple[dict[deduplication.Stream, int], deduplication.Sorted]:
    """Looks twice if something has to wait: whoever empties the parking must not do so between look and write."""
    streams = (
        {stream for arrival in arrivals if (stream := deduplication.stream_of(arrival))} if reader.guarded else set()
    )
    locked: set[str] = set()
    while True:
        applied = await deduplication.load_applied(conn, reader.name, streams)
        waiting = await dead_letters.waiting_lanes(conn, reader.name, arrivals)
        plan = deduplication.sort_out(arrivals, guarded=reader.guarded, applied=applied, waiting=waiting)
        needed = {item.arrival.lane for item in plan.aside} - {None} - locked
        if not needed:
            return applied, plan
        fresh_locks = {lane for lane in needed if lane is not None}
        await dead_letters.lock_lanes(conn, reader.name, fresh_locks)
        locked |= fresh_locks


def wants(reader: Reader, item: Incoming[object]) -> bool:
    if isinstance(item.data, Ignored | Unknown):
        return False
    return reader.only is None or type(item.data) in reader.only


async def _give_up(desk: Desk, arrival: Arrival, error: Exception) -> None:
    """The record is to blame: it goes to the parking, and its lane waits behind it."""
    code, reader = code_of(error), desk.reader.name
    facts = error.facts if isinstance(error, Rejected) else {}
    with within(arrival.trace if isinstance(arrival, Incoming) else step_of(arrival.record)):
        log.warning(
            "record parked",
            service=desk.service,
            handler=reader,
            code=code,
            event_id=dead_letters.impersonal(arrival.event_id) if arrival.event_id is not None else None,
            case_id=str(arrival.case_id) if arrival.case_id else None,
            topic=arrival.record.topic,
            offset=arrival.record.offset,
            error=explain(error),
        )
    try:
        async with transaction(desk.engine) as conn:
            if arrival.lane is not None:
                await dead_letters.lock_lanes(conn, reader, [arrival.lane])
            aside = [deduplication.SetAside(arrival, code, explain(error))]
            await dead_letters.park(conn, desk.reader, aside, desk.sealer, **facts)
    except Exception as second:
        # If not even this works, the record stays where it is: on the topic, in front of us.
        raise InfrastructureDown(explain(second)) from second
    metrics.RECORDS.labels(desk.service, reader, "parked").inc()


def _count(desk: Desk, plan: deduplication.Sorted) -> None:
    handled = sum(wants(desk.reader, item) for item in plan.fresh)
    outcomes = {
        "handled": handled,
        "skipped": len(plan.fresh) - handled,
        "repeated": plan.repeats,
        "parked": len(plan.aside),
    }
    for outcome, number in outcomes.items():
        if number:
            metrics.RECORDS.labels(desk.service, desk.reader.name, outcome).inc(number)
    count_unknown(desk.service, desk.reader.name, (item.data for item in plan.fresh))
