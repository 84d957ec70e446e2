"""How long it takes until all open clocks are counted by a new calendar, when it touches each of them, and when none.

Rows are loaded by SQL, as many as the city would have open in years; every one is told of its new date.
"""

import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import ClockKind
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.packing import pack
from libraries.clocks.recounting import calendar_version, written
from libraries.deadlines import Override
from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.settings import RuntimeSettings
from services.routing.handlers import Router
from services.routing.recounting import recount
from tests.benchmarks.ground import PACK, Ground

OFFICE = "education-130722000000"
AREA = "130722100000"
START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
DAYS = 10
"""Clocks begin on so many days, one after the other."""
INSIDE, OUTSIDE = date(2026, 3, 7), date(2026, 1, 10)
"""The first lies within every clock."""
BATCH_SIZE = 20_000
MANY = 1_000_000
"""Unless CLOCKS says another number."""

_LOAD = text(
    """
    WITH new AS MATERIALIZED (
        SELECT gen_random_uuid() AS case_id, gen_random_uuid() AS referral_id, gen_random_uuid() AS clock_id
        FROM generate_series(1, :number)
    ), cases AS (
        INSERT INTO routed_cases (case_id, number, category, field, area, attributes, first_contact_office, accepted_at)
        SELECT case_id, 'benchmark', 'education.student_aid', 'education', :area, '{}', 'township-130722100000', :start
        FROM new
    )
    INSERT INTO clocks (clock_id, case_id, referral_id, kind, version, status, due_at, clock, calendar_version)
    SELECT clock_id, case_id, referral_id, 'handling', 1, 'running', :due,
           CAST(:clock AS jsonb) || jsonb_build_object('id', clock_id, 'referral_id', referral_id), :version
    FROM new
    """
)

_SAID = """
    SELECT count(*) FROM journal WHERE type = 'yimen.clock.recalculated.v1' AND topic = 'routing.referrals.v1'
"""


@dataclass(slots=True)
class Figures:
    seconds: float
    clocks: int

    def as_told(self) -> dict[str, float]:
        return {"seconds": round(self.seconds, 1), "clocks_per_second": round(self.clocks / self.seconds)}


async def measure(ground: Ground) -> dict[str, Any]:
    number = 20_000 if ground.quick else int(os.environ.get("CLOCKS", MANY))
    watch = PolicyWatch(PACK)
    async with ground.schema("routing") as engine:
        await _load(engine, watch.policy, number)
        router = Router(policy=watch, sealer=Sealer("a" * 43 + "="), clock=Clock())
        idle = await _timed(engine, router, number)
        watch.have(_with(watch.policy, OUTSIDE))
        untouched = await _timed(engine, router, number)
        watch.have(_with(watch.policy, INSIDE))
        touched = await _timed(engine, router, number)
        async with engine.connect() as conn:
            said = await conn.scalar(text(_SAID))
    return {
        "open_clocks": number,
        "nothing_new_ms": round(idle.seconds * 1000, 1),
        "none_touched": untouched.as_told(),
        "all_touched": touched.as_told(),
        "announced": said,
        "pause_between_portions_seconds": _pause(),
    }


async def _timed(engine: AsyncEngine, router: Router, number: int) -> Figures:
    job = recount(engine, router, pause_seconds=_pause())
    began = time.perf_counter()
    await job.recount()
    return Figures(time.perf_counter() - began, number)


def _pause() -> float:
    return float(RuntimeSettings.model_fields["recount_pause_seconds"].default)


def _with(policy: Policy, day: date) -> Policy:
    works = Override(works=True, zh="调休上班", en="make-up working day")
    return replace(policy, calendar=policy.calendar.with_overrides({day: works}))


async def _load(engine: AsyncEngine, policy: Policy, number: int) -> None:
    for begin in range(0, number, BATCH_SIZE):
        start = START - timedelta(days=begin // BATCH_SIZE % DAYS)
        clock = written(
            LegalClock(
                id=UUID(int=0),
                kind=ClockKind.HANDLING,
                office=OFFICE,
                area=AREA,
                terms=terms_of(policy.limit(ClockKind.HANDLING, "education.student_aid"), policy, OFFICE),
                started_at=start,
            ),
            policy,
        )
        async with engine.begin() as conn:
            await conn.execute(
                _LOAD,
                {
                    "number": min(BATCH_SIZE, number - begin),
                    "area": AREA,
                    "start": start,
                    "due": clock.announced_dates.due_at if clock.announced_dates is not None else None,
                    "clock": msgspec.json.encode(pack(clock)).decode(),
                    "version": calendar_version(policy),
                },
            )
    async with engine.connect() as conn:
        await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
