"""Ten million open clocks: how fast they are added, ended and said, and what a look at them costs."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.codes import ClockKind
from libraries.runtime.database.engine import transaction
from services.notify.domain.timers import Timer, cancelled
from services.notify.watching import store
from services.notify.watching.scheduler import AlertScheduler
from tests.benchmarks.clocks import Clocks, batches, clocks_in, connect, fire_in_processes, shared, timer
from tests.benchmarks.ground import NOW, Ground, spent

HOUR = timedelta(hours=1)
START = NOW + timedelta(days=2)
"""The hour of the seven million begins here, so that the real time stays undisturbed."""
A_SECOND = 2000
BATCH = 2000
CHUNKS = 20
PINNED = range(5, 15)


async def measure(ground: Ground) -> dict[str, Any]:
    number = 1_000_000 if ground.quick else 10_000_000
    batch_size = 60_000 if ground.quick else 200_000
    async with ground.schema("notify") as engine, clocks_in(engine) as clocks:
        await clocks.has_read_everything()
        hour = number * 7 // 10
        loading = await spent(_load(clocks, number, hour, batch_size))
        found: dict[str, Any] = {"open_clocks": number, "seconds_to_load": round(loading)}
        found |= {"idle_poll": await _idle(clocks.alert_scheduler(START - 4 * HOUR))}
        found |= await _firing(clocks, batch_size)
        found |= await _adding_and_cancelling(clocks, batch_size // 2)
        found |= {"due_evenly": await _lateness(clocks, 5 if ground.quick else 20)}
        found |= {"after_changes": await _changes(clocks, hour)}
    return found


async def _load(clocks: Clocks, number: int, hour: int, batch_size: int) -> None:
    """Seven of ten are due within an hour from `START`, the rest later; three batches were due before it."""
    async with clocks.without_indexes():
        for day, kind in enumerate((ClockKind.SIGNING, ClockKind.HANDLING, ClockKind.SIGNING), start=1):
            await clocks.fill(batch_size, kind=kind, after=START - day * HOUR, step=HOUR / 2 / batch_size)
        await clocks.fill(hour, kind=ClockKind.HANDLING, after=START, step=HOUR / hour)
        step = timedelta(days=90) / number
        await clocks.fill(number - hour - 3 * batch_size, kind=ClockKind.HANDLING, after=START + 2 * HOUR, step=step)
    await clocks.settle()


async def _idle(alert_scheduler: AlertScheduler, times: int = 100) -> dict[str, float]:
    await alert_scheduler.fire()
    looks = sorted([await spent(alert_scheduler.fire()) * 1000 for _ in range(times)])
    return {"median_ms": round(statistics.median(looks), 2), "p99_ms": round(looks[-times // 100 - 1], 2)}


async def _firing(clocks: Clocks, number: int) -> dict[str, Any]:
    """Batches that lie an hour apart: the yardstick first, then without and with a level of escalation."""
    bare = number / await spent(clocks.fire_bare(START - 3 * HOUR, START - 2 * HOUR))
    await clocks.settle()
    with_rung = number / await spent(clocks.alert_scheduler(START - 1.5 * HOUR).fire())
    await clocks.settle()
    plain = number / await spent(clocks.alert_scheduler(START - HOUR / 2).fire())
    await clocks.fill(number, kind=ClockKind.SIGNING, after=START - HOUR / 2, step=HOUR / 3 / number)
    await clocks.settle()
    together = number / await fire_in_processes(clocks, START, 2)
    return {
        "bare_update_and_journal_per_second": round(bare),
        "breaches_per_second": round(plain),
        "breaches_ratio_to_bare": round(plain / bare, 2),
        "breaches_with_supervision_per_second": round(with_rung),
        "breaches_per_second_two_processes": round(together),
    }


async def _adding_and_cancelling(clocks: Clocks, number: int) -> dict[str, Any]:
    async def add(batch: list[Timer]) -> None:
        async with transaction(clocks.engine) as conn:
            await store.save_timers(conn, batch, [])

    async def cancel(batch: list[Timer]) -> None:
        async with transaction(clocks.engine) as conn:
            before = await store.lock_timers(conn, [one.clock_id for one in batch])
            await store.save_alerted(conn, [cancelled(one, START) for one in before.values()])

    found: dict[str, Any] = {}
    step = timedelta(days=30) / number
    began = time.perf_counter()
    for _ in range(number // BATCH):
        await clocks.fill(BATCH, kind=ClockKind.HANDLING, after=START + 2 * HOUR, step=timedelta(days=30) / BATCH)
    found["bare_insert_per_second"] = round(number / (time.perf_counter() - began))
    for workers in (1, 2):
        new = batches([timer(START + 2 * HOUR + i * step, i) for i in range(number)], BATCH)
        found[f"added_per_second_{workers}_at_a_time"] = round(number / await shared(new, add, workers))
        found[f"cancelled_per_second_{workers}_at_a_time"] = round(number / await shared(new, cancel, workers))
    return found


async def _lateness(clocks: Clocks, seconds: int) -> dict[str, Any]:
    """So many due in every second; late is what was committed after its moment."""
    await clocks.conn.execute("TRUNCATE alerts")
    start = datetime.now(UTC) + timedelta(seconds=2)
    number = seconds * A_SECOND
    await clocks.fill(number, kind=ClockKind.SIGNING, after=start, step=timedelta(seconds=1) / A_SECOND)
    alert_scheduler, ends = clocks.running_alert_scheduler(datetime.now(UTC)), {}
    while datetime.now(UTC) < start + timedelta(seconds=seconds + 1):
        await alert_scheduler.fire()
        ended = datetime.now(UTC)
        for at in await clocks.conn.fetch("SELECT DISTINCT fired_at FROM alerts WHERE fired_at >= $1", ended - HOUR):
            ends.setdefault(at["fired_at"], ended)
        await asyncio.sleep(0.25)
    rows = await clocks.conn.fetch("SELECT fired_at, due_at FROM alerts WHERE due_at > $1", start)
    late = sorted((ends[row["fired_at"]] - row["due_at"]).total_seconds() for row in rows)
    return {
        "due_per_second": A_SECOND,
        "fired": f"{len(late)} of {number}",
        "late_median_seconds": round(statistics.median(late), 3),
        "late_p99_seconds": round(late[len(late) * 99 // 100], 3),
        "within_a_second": f"{sum(one <= 1 for one in late) / len(late):.2%}",
    }


async def _changes(clocks: Clocks, hour: int) -> dict[str, Any]:
    """An hour in which everything due in it changed, with a snapshot held open for half of it."""
    pin = await connect(clocks.engine)
    alert_scheduler = clocks.alert_scheduler(START)
    await alert_scheduler.fire()
    medians, began = [], time.perf_counter()
    sweep = beginning = 0.0
    for chunk in range(CHUNKS):
        if chunk == PINNED.start:
            await pin.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await pin.execute("SELECT count(*) FROM consumer_progress")
        since, until = (START + HOUR * at / CHUNKS for at in (chunk, chunk + 1))
        await clocks.conn.execute(_END, since, until, timeout=600)
        # Still ten seconds away from what is due next, so a look finds nothing but what lies behind it.
        alert_scheduler = clocks.running_alert_scheduler(until - timedelta(seconds=10), alert_scheduler.low_watermark)
        medians.append((await _idle(alert_scheduler, 20))["median_ms"])
        if chunk + 1 == PINNED.stop:
            sweep = await spent(alert_scheduler.sweep())
            beginning = await spent(clocks.alert_scheduler(until).fire())
            await pin.execute("COMMIT")
    await pin.close()
    return {
        "changes": hour,
        "seconds_for_the_changes": round(time.perf_counter() - began),
        "idle_poll_median_ms": medians[-1],
        "idle_poll_worst_median_ms": max(medians),
        "while_a_snapshot_is_held": {
            "idle_poll_median_ms": max(medians[at] for at in PINNED),
            "sweep_seconds": round(sweep, 2),
            "poll_from_the_beginning_ms": round(beginning * 1000),
        },
    }


_END = """
    UPDATE timers SET status = 'met', ended_at = next_fire_at, next_alert = NULL, next_fire_at = NULL
    WHERE next_fire_at > $1 AND next_fire_at <= $2
"""
