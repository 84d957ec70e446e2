"""Waits for quiet, takes one snapshot, and lets every check see every case."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from console.in_force import policy_in_force
from console.target import Target

# Importing the modules registers their checks.
from console.verify import (  # noqa: F401 -- for the checks alone
    actors,
    cases,
    clocks,
    consents,
    escalations,
    extensions,
    feedback,
    journals,
    places,
    reading,
    referrals,
    reviews,
    waiting_clocks,
)
from console.verify.registry import Result, fresh_results, run
from console.verify.snapshot import Fault, Snapshot, TopicRecord
from console.verify.topic_reader import read_topics
from console.verify.waiting import Barrier
from libraries.runtime.clock import Clock
from services.notify.watching.scheduler import WRITER_SECONDS

ALERT_SECONDS: Final = 10.0
"""Real time within which what is due has to be said."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`checked` counts what was looked at, over all checks."""

    checked: int
    cases: int
    settled: int
    """Cases of which nothing was on its way; only these are compared between services."""
    seconds: float
    checks: list[Result]
    faults: list[Fault]


async def verify(target: Target, *, settle_seconds: float, with_kafka: bool = True) -> Report:
    """Everything that can be wrong with what the installation has promised."""
    began = time.monotonic()
    results = fresh_results(with_kafka=with_kafka)
    kafka = target.kafka if with_kafka else None
    async with _connected(target) as conn, _connected(target) as looking:
        barrier = Barrier()
        await barrier.capture(conn, kafka)
        await barrier.wait(conn, kafka, settle_seconds)
        clock = Clock.of(target.settings)
        now, tolerance = clock.now(), timedelta(seconds=ALERT_SECONDS) * clock.speed
        policy = await policy_in_force(target.settings, now)
        shortly = policy.on(policy.calendar.date_of(now - tolerance))
        common = Snapshot(
            breach_tolerance=timedelta(seconds=WRITER_SECONDS + ALERT_SECONDS) * clock.speed,
            now=now,
            tolerance=tolerance,
            offices={*policy.offices, *shortly.offices},
            trees=(policy.tree, shortly.tree),
            unsent=barrier.unsent,
            behind=barrier.behind,
            kafka_offices={office.code for office in policy.offices.values() if "kafka" in office.channels},
        )
        async with reading.snapshot_transaction(looking):
            # What the look sees has to be on the topics before these are read.
            sent = Barrier()
            await sent.capture_relays(conn)
            await sent.wait(conn, kafka, settle_seconds if with_kafka else 0)
            records, whole = await read_topics(target.kafka) if with_kafka else ([], frozenset())
            counts = await _look(looking, conn, replace(common, whole=whole), records, results)
    checks = list(results.values())
    return Report(
        checked=sum(result.checked for result in checks),
        cases=counts.cases,
        settled=counts.settled,
        seconds=round(time.monotonic() - began, 3),
        checks=checks,
        faults=[fault for result in checks for fault in result.faults],
    )


class Counts(NamedTuple):
    cases: int
    settled: int


async def _look(
    conn: asyncpg.Connection,
    later: asyncpg.Connection,
    common: Snapshot,
    records: Sequence[TopicRecord],
    results: dict[str, Result],
) -> Counts:
    """Batch by batch; what belongs to no case is seen with the first. `later` sees what was said since."""
    common, moving = await reading.read_common(conn, common)
    batches = await reading.count_batches(conn)
    of_batch: dict[int, list[TopicRecord]] = defaultdict(list)
    for record in records:
        of_batch[reading.batch_of(record.case_id, batches)].append(record)
    seen = settled = 0
    for batch in range(batches):
        snapshot = await reading.read_batch(conn, common, moving, batch=batch, batches=batches)
        snapshot = replace(snapshot, records=of_batch[batch])
        snapshot = replace(snapshot, journaled_since=await reading.journaled_since(later, snapshot.unjournaled()))
        run(snapshot, results)
        seen, settled = seen + len(snapshot.cases), settled + len(snapshot.settled)
        common = replace(common, parked=(), unsent={}, behind=())
    return Counts(seen, settled)


@asynccontextmanager
async def _connected(target: Target) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(reading.database_address(target.database_url), timeout=10)
    try:
        yield conn
    finally:
        await conn.close()
