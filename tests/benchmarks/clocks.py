"""Millions of open clocks in notify's tables, and the watchmen that look at them."""

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import ClockKind, ClockStatus
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.kafka.progress import note_progress
from libraries.runtime.kafka.watermarks import note_marks
from libraries.runtime.lifecycle import tune_garbage_collector
from services.notify.domain.timers import AlertKind, Timer
from services.notify.domain.writers import BY_ALL
from services.notify.watching import store
from services.notify.watching.handlers import READERS
from services.notify.watching.rate_limits import LowWatermark, RateLimit
from services.notify.watching.scheduler import AlertScheduler
from tests.benchmarks.ground import PACK, spent

COUNTIES = (130702, 130703, 130705, 130706, 130708, 130709, 130722, 130723, 130724, 130725, 130726, 130727)
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
_FILL = """
    INSERT INTO timers (
        clock_id, case_id, referral_id, kind, office, area, version, started_at, due_at, provisional,
        status, next_alert, next_fire_at
    )
    SELECT uuidv7(), uuidv7(), uuidv7(), $1, 'education-' || county || '000000',
           county || '100000', 1, $2::timestamptz - interval '5 days', due.at,
           false, 'running', 'breached', due.at
    FROM (
        SELECT $2::timestamptz + i * $3::interval AS at, ($5::int[])[1 + i % 12] AS county
        FROM generate_series(1, $4) AS i
    ) AS due
"""
_BARE = """
    WITH due AS MATERIALIZED (
        SELECT clock_id FROM timers WHERE next_fire_at >= $1 AND next_fire_at <= $2
        ORDER BY next_fire_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), fired AS (
        UPDATE timers AS w SET status = 'breached', breached_at = $2, next_alert = NULL, next_fire_at = NULL
        FROM due WHERE w.clock_id = due.clock_id
        RETURNING w.clock_id, w.case_id
    )
    INSERT INTO journal (shard, topic, case_id, event_id, type, sequence, at, value)
    SELECT 0, 'bench', case_id, clock_id, 'bench', 1, $2, $3 FROM fired
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The tables with the superuser's hands beside the product's."""

    engine: AsyncEngine
    conn: asyncpg.Connection
    policy: PolicyWatch = field(default_factory=lambda: PolicyWatch(PACK))

    def alert_scheduler(self, at: datetime) -> AlertScheduler:
        """Where time stands still."""
        return alert_scheduler_of(self.engine, self.policy, Clock(speed=1e-9, origin=at, anchor=datetime.now(UTC)))

    def running_alert_scheduler(self, since: datetime, low_watermark: LowWatermark | None = None) -> AlertScheduler:
        """For whom it is that time now, and runs on."""
        clock = Clock(origin=since, anchor=datetime.now(UTC))
        return replace(
            alert_scheduler_of(self.engine, self.policy, clock), low_watermark=low_watermark or LowWatermark()
        )

    async def fill(self, number: int, *, kind: ClockKind, after: datetime, step: timedelta) -> None:
        """Open clocks of this kind, each due one step after the one before it."""
        await self.conn.execute(_FILL, kind.value, after, step, number, COUNTIES, timeout=1800)

    async def settle(self) -> None:
        """As autovacuum and a checkpoint leave it."""
        for statement in ("VACUUM (ANALYZE) timers", "CHECKPOINT"):
            await self.conn.execute(statement, timeout=1800)

    async def fire_bare(self, since: datetime, until: datetime) -> None:
        """The yardstick: the same rows change and as many rows go to the journal, and nothing is decided."""
        while await self.conn.execute(_BARE, since, until, b"x" * 400) != "INSERT 0 0":
            pass

    async def has_read_everything(self) -> None:
        """Nothing is deferred, as if every answer had been read and every service had come so far."""
        async with transaction(self.engine) as conn:
            for reader in READERS:
                await store.save_progress(conn, reader, "bench", until=NEVER, seen=NEVER)
                await note_progress(conn, reader, "bench", until=NEVER, seen=datetime.now(UTC))
            await note_marks(conn, dict.fromkeys(BY_ALL, NEVER))

    @asynccontextmanager
    async def without_indexes(self) -> AsyncIterator[None]:
        """Built once at the end, as a restore does it."""
        found = await self.conn.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'timers' AND indexname NOT LIKE '%_pkey'"
        )
        for row in found:
            await self.conn.execute(f"DROP INDEX {row['indexname']}")
        yield
        await self.conn.execute("SET maintenance_work_mem = '512MB'")
        for row in found:
            await self.conn.execute(row["indexdef"], timeout=1800)


def alert_scheduler_of(engine: AsyncEngine, policy: PolicyWatch, clock: Clock) -> AlertScheduler:
    """As fast as it can."""
    return AlertScheduler(engine=engine, clock=clock, policy=policy, loops=[], rate_limit=RateLimit(1e9))


@asynccontextmanager
async def clocks_in(engine: AsyncEngine) -> AsyncIterator[Clocks]:
    conn = await connect(engine)
    yield Clocks(engine=engine, conn=conn)
    await conn.close()


async def connect(engine: AsyncEngine) -> asyncpg.Connection:
    """Without the time-outs of a service."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(url, server_settings={"search_path": "notify", "jit": "off"})


def timer(due_at: datetime, number: int) -> Timer:
    """The timer of a clock that just began."""
    county = COUNTIES[number % len(COUNTIES)]
    return Timer(
        clock_id=new_id(),
        case_id=new_id(),
        referral_id=new_id(),
        kind=ClockKind.HANDLING,
        office=f"education-{county}000000",
        area=f"{county}100000",
        version=1,
        started_at=due_at - timedelta(days=5),
        due_soon_at=None,
        due_at=due_at,
        status=ClockStatus.RUNNING,
        next_alert=AlertKind.BREACHED,
        next_fire_at=due_at,
    )


async def shared(batches: Iterable[list[Timer]], work: Callable[[list[Timer]], Awaitable[None]], workers: int) -> float:
    """Seconds until all batches are done by so many at a time."""
    waiting = iter(batches)

    async def hand() -> None:
        for batch in waiting:
            await work(batch)

    began = time.perf_counter()
    await asyncio.gather(*(hand() for _ in range(workers)))
    return time.perf_counter() - began


def batches(timers: list[Timer], size: int) -> list[list[Timer]]:
    found = iter(timers)
    return list(iter(lambda: list(itertools.islice(found, size)), []))


async def process_that_fires(clocks: Clocks, at: datetime) -> asyncio.subprocess.Process:
    """Ready to fire everything as soon as it is told a line."""
    url = clocks.engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.clocks", url, at.isoformat()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdout is not None:
        await process.stdout.readline()
    return process


async def fire_in_processes(clocks: Clocks, at: datetime, number: int) -> float:
    """Seconds in which so many processes fire everything together."""
    ready = [await process_that_fires(clocks, at) for _ in range(number)]
    return await spent(asyncio.gather(*(process.communicate(b"go\n") for process in ready)))


async def _fire_once(url: str, at: datetime) -> None:
    engine = open_engine(SimpleNamespace(database_url=url), "notify")
    alert_scheduler = alert_scheduler_of(
        engine, PolicyWatch(PACK), Clock(speed=1e-9, origin=at, anchor=datetime.now(UTC))
    )
    await alert_scheduler.forget()  # the first connection is made before the start
    tune_garbage_collector()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await alert_scheduler.fire()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_fire_once(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
