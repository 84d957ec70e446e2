"""Waits for quiet, looks once, and lets every check see every case."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from console.target import Target

# Importing the modules registers their checks.
from console.verify import acts, cases, clocks, journals, ladder, legs, places, reading, receiving, waits  # noqa: F401
from console.verify.registry import Result, fresh_results, run
from console.verify.snapshot import Facts, Fault, Heard
from console.verify.topic_reader import listen
from console.verify.waiting import Barrier
from libraries.deadlines.limits import civil_day
from libraries.policies import load_policy
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
        await barrier.raise_(conn, kafka)
        await barrier.wait(conn, kafka, settle_seconds)
        clock = Clock.of(target.settings)
        now, tolerance = clock.now(), timedelta(seconds=ALERT_SECONDS) * clock.speed
        policy = load_policy(target.policy, date.fromordinal(civil_day(now)))
        shortly = policy.on(date.fromordinal(civil_day(now - tolerance)))
        common = Facts(
            patience=timedelta(seconds=WRITER_SECONDS + ALERT_SECONDS) * clock.speed,
            now=now,
            tolerance=tolerance,
            offices={*policy.offices, *shortly.offices},
            trees=(policy.tree, shortly.tree),
            unsent=barrier.unsent,
            behind=barrier.behind,
            kafka_offices={office.code for office in policy.offices.values() if "kafka" in office.channels},
        )
        async with reading.one_look(looking):
            # What the look sees has to be on the topics before these are read.
            sent = Barrier()
            await sent.raise_for_relays(conn)
            await sent.wait(conn, kafka, settle_seconds if with_kafka else 0)
            heard, whole = await listen(target.kafka) if with_kafka else ([], frozenset())
            looked = await _look(looking, conn, replace(common, whole=whole), heard, results)
    checks = list(results.values())
    return Report(
        checked=sum(result.checked for result in checks),
        cases=looked.cases,
        settled=looked.settled,
        seconds=round(time.monotonic() - began, 3),
        checks=checks,
        faults=[fault for result in checks for fault in result.faults],
    )


class Looked(NamedTuple):
    cases: int
    settled: int


async def _look(
    conn: asyncpg.Connection,
    later: asyncpg.Connection,
    common: Facts,
    heard: Sequence[Heard],
    results: dict[str, Result],
) -> Looked:
    """Portion by portion; what belongs to no case is seen with the first. `later` sees what was said since."""
    common, moving = await reading.read_common(conn, common)
    portions = await reading.count_portions(conn)
    records: dict[int, list[Heard]] = defaultdict(list)
    for record in heard:
        records[reading.portion_of(record.case_id, portions)].append(record)
    seen = settled = 0
    for portion in range(portions):
        facts = await reading.read_portion(conn, common, moving, portion=portion, portions=portions)
        facts = replace(facts, heard=records[portion])
        facts = replace(facts, said_since=await reading.said_since(later, facts.unsaid()))
        run(facts, results)
        seen, settled = seen + len(facts.cases), settled + len(facts.settled)
        common = replace(common, parked=(), unsent={}, behind=())
    return Looked(seen, settled)


@asynccontextmanager
async def _connected(target: Target) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(reading.database_address(target.database_url), timeout=10)
    try:
        yield conn
    finally:
        await conn.close()
