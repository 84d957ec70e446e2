"""Clocks that were late before the ladder had a rung for them are found, and climb as if it had always been there."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from contracts.clocks import ClockFacts, ClockStop
from contracts.codes import SupervisionLevel
from libraries.ids import new_id
from libraries.policies import Policy, PolicyWatch
from services.notify.escalation import backfill
from services.notify.escalation.backfill import Latecomers
from services.notify.watching.rate_limits import Pace
from tests.integration.notify.test_supervision import BREACH, DAY, LATER, LISTED, SUPERVISED, URGED, climbs, rungs
from tests.integration.notify.watching import HOUR, PACK, Notify, clock_met, facts, started

L = SupervisionLevel
SHIPPED = PolicyWatch(PACK).policy
SUPERVISIONS = "SELECT count(*), count(next_at) FROM supervisions"


def with_rungs(*levels: SupervisionLevel) -> Policy:
    kept = tuple(rung for rung in SHIPPED.ladder if rung.level in levels)
    return replace(SHIPPED, version=f"only {levels}", ladder=kept)


def running(policy: Policy) -> PolicyWatch:
    found = PolicyWatch(PACK)
    found.policy = policy
    return found


def who_looks(notify: Notify, *, policy: Policy = SHIPPED, at: datetime = LATER, **more: Any) -> Latecomers:
    supervisor = notify.supervisor(at=at)
    return Latecomers(engine=notify.engine, clock=supervisor.clock, policy=running(policy), pace=Pace(1e9), **more)


async def late_without_a_ladder(notify: Notify, *clocks: ClockFacts) -> None:
    await notify.hears(*(started(clock) for clock in clocks))
    await notify.has_read(LATER)
    watchman = notify.watchman(at=BREACH + timedelta(minutes=1))
    await replace(watchman, policy=running(with_rungs())).fire()
    assert await notify.rows(SUPERVISIONS) == [(0, 0)]


async def climb_by(notify: Notify, policy: Policy, *moments: datetime) -> None:
    for at in moments:
        await replace(notify.supervisor(at=at), policy=running(policy)).climb()


async def test_an_installation_from_before_the_ladder_climbs_it(notify: Notify) -> None:
    clock = facts(new_id())
    await late_without_a_ladder(notify, clock)
    look = who_looks(notify)
    for _ in range(2):
        await look.look()
        await who_looks(notify).look()
    await climbs(notify, URGED, SUPERVISED, LISTED, LATER)
    assert [(one["level"], one["version"], one.get("late_seconds", 0)) for one in await rungs(notify)] == [
        ("urged", 1, 0),
        ("supervised", 1, 0),
        ("listed", 1, 0),
    ]


async def test_whoever_has_missed_rungs_climbs_them_late_and_in_order(notify: Notify) -> None:
    await late_without_a_ladder(notify, facts(new_id()))
    await who_looks(notify).look()
    await climbs(notify, LISTED + HOUR)
    said = await rungs(notify)
    assert [(one["level"], one["late_seconds"]) for one in said] == [
        ("urged", int((LISTED - URGED + HOUR).total_seconds())),
        ("supervised", int((LISTED - SUPERVISED + HOUR).total_seconds())),
        ("listed", 3600),
    ]


async def test_a_new_rung_above_is_climbed_and_none_below_it_again(notify: Notify) -> None:
    lower = with_rungs(L.URGED, L.SUPERVISED)
    await notify.hears(started(facts(new_id())))
    await notify.has_read(LATER)
    await notify.watchman(at=BREACH + timedelta(minutes=1)).fire()
    await climb_by(notify, lower, URGED, SUPERVISED, LISTED)
    assert await notify.rows(SUPERVISIONS) == [(1, 0)]
    look = who_looks(notify, policy=lower, settled_seconds=0.0)
    await look.look()
    assert await notify.rows(SUPERVISIONS) == [(1, 0)], "nothing stands above"
    look.policy.policy = SHIPPED
    await look.look()
    await climbs(notify, LISTED + DAY, LATER)
    assert [one["level"] for one in await rungs(notify)] == ["urged", "supervised", "listed"]


async def test_a_new_policy_is_looked_for_when_nothing_goes_by_the_old_one_any_more(notify: Notify) -> None:
    await late_without_a_ladder(notify, facts(new_id()))
    look = who_looks(notify, policy=with_rungs(), settled_seconds=0.2)
    await look.look()
    look.policy.policy = SHIPPED
    await look.look()
    assert await notify.rows(SUPERVISIONS) == [(0, 0)]
    await asyncio.sleep(0.3)
    await look.look()
    assert await notify.rows(SUPERVISIONS) == [(1, 1)]


async def test_a_look_that_dies_in_the_middle_leaves_the_rest_to_the_next(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "PORTION", 3)
    await late_without_a_ladder(notify, *(facts(new_id(), due_in=HOUR - n * timedelta(seconds=1)) for n in range(10)))
    change, portions = backfill.change_supervisions, iter(range(9))

    async def dies(*given: Any) -> None:
        await change(*given)
        if next(portions) == 2:
            raise RuntimeError("killed here")

    look = who_looks(notify)
    with monkeypatch.context() as killed:
        killed.setattr(backfill, "change_supervisions", dies)
        with pytest.raises(RuntimeError):
            await look.look()
    assert await notify.rows(SUPERVISIONS) == [(6, 6)]
    await asyncio.gather(look.look(), *(who_looks(notify).look() for _ in range(3)))
    assert await notify.rows(SUPERVISIONS) == [(10, 10)]
    await climbs(notify, URGED, URGED)
    said = await rungs(notify)
    assert len({one["clock_id"] for one in said}) == len(said) == 10


async def test_whoever_has_answered_or_waits_for_a_rung_is_left_alone(notify: Notify) -> None:
    answered, silent = facts(new_id()), facts(new_id())
    start = started(answered, silent)
    await notify.hears(start)
    await notify.has_read(LATER)
    await notify.watchman(at=BREACH + timedelta(minutes=1)).fire()
    stop = ClockStop(clock_id=answered.clock_id, kind=answered.kind, version=2, at=BREACH + HOUR)
    await notify.hears(clock_met(case_id=start.case_id, clocks=(stop,)))
    before = await notify.rows("SELECT * FROM supervisions ORDER BY clock_id")
    await who_looks(notify, at=LISTED).look()
    assert await notify.rows("SELECT * FROM supervisions ORDER BY clock_id") == before


async def test_a_rung_belongs_to_the_version_whose_breach_was_said(notify: Notify) -> None:
    clock = facts(new_id())
    await late_without_a_ladder(notify, clock)
    await notify.hears(started(msgspec.structs.replace(clock, version=3, provisional=True)))
    await who_looks(notify).look()
    await climbs(notify, URGED)
    assert [one["version"] for one in await rungs(notify)] == [1]
