"""Clocks that were late before the policy had a level for them are found, and escalate as if it always had."""

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
from services.notify.escalation.backfill import EscalationBackfill
from services.notify.watching.rate_limits import RateLimit
from tests.integration.notify.harness import HOUR, PACK, Notify, clock_met, facts, started
from tests.integration.notify.test_escalation import BREACH, DAY, LATER, LISTED, SUPERVISED, URGED, escalates, rules

L = SupervisionLevel
SHIPPED = PolicyWatch(PACK).policy
COUNTS = "SELECT count(*), count(next_at) FROM escalations"


def with_levels(*levels: SupervisionLevel) -> Policy:
    kept = tuple(rule for rule in SHIPPED.escalation_rules if rule.level in levels)
    return replace(SHIPPED, version=f"only {levels}", escalation_rules=kept)


def running(policy: Policy) -> PolicyWatch:
    found = PolicyWatch(PACK)
    found.have(policy)
    return found


def a_backfill(notify: Notify, *, policy: Policy = SHIPPED, at: datetime = LATER, **more: Any) -> EscalationBackfill:
    escalation_scheduler = notify.escalation_scheduler(at=at)
    return EscalationBackfill(
        engine=notify.engine,
        clock=escalation_scheduler.clock,
        policy=running(policy),
        rate_limit=RateLimit(1e9),
        **more,
    )


async def late_without_a_policy(notify: Notify, *clocks: ClockFacts) -> None:
    await notify.consumes(*(started(clock) for clock in clocks))
    await notify.caught_up_to(LATER)
    alert_scheduler = notify.alert_scheduler(at=BREACH + timedelta(minutes=1))
    await replace(alert_scheduler, policy=running(with_levels())).fire()
    assert await notify.rows(COUNTS) == [(0, 0)]


async def escalate_by(notify: Notify, policy: Policy, *moments: datetime) -> None:
    for at in moments:
        await replace(notify.escalation_scheduler(at=at), policy=running(policy)).escalate()


async def test_an_installation_from_before_the_policy_escalates(notify: Notify) -> None:
    clock = facts(new_id())
    await late_without_a_policy(notify, clock)
    look = a_backfill(notify)
    for _ in range(2):
        await look.run()
        await a_backfill(notify).run()
    await escalates(notify, URGED, SUPERVISED, LISTED, LATER)
    assert [(one["level"], one["version"], one.get("late_seconds", 0)) for one in await rules(notify)] == [
        ("urged", 1, 0),
        ("supervised", 1, 0),
        ("listed", 1, 0),
    ]


async def test_whoever_has_missed_levels_reaches_them_late_and_in_order(notify: Notify) -> None:
    await late_without_a_policy(notify, facts(new_id()))
    await a_backfill(notify).run()
    await escalates(notify, LISTED + HOUR)
    said = await rules(notify)
    assert [(one["level"], one["late_seconds"]) for one in said] == [
        ("urged", int((LISTED - URGED + HOUR).total_seconds())),
        ("supervised", int((LISTED - SUPERVISED + HOUR).total_seconds())),
        ("listed", 3600),
    ]


async def test_a_new_level_above_is_reached_and_none_below_it_again(notify: Notify) -> None:
    lower = with_levels(L.URGED, L.SUPERVISED)
    await notify.consumes(started(facts(new_id())))
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()
    await escalate_by(notify, lower, URGED, SUPERVISED, LISTED)
    assert await notify.rows(COUNTS) == [(1, 0)]
    look = a_backfill(notify, policy=lower, settled_seconds=0.0)
    await look.run()
    assert await notify.rows(COUNTS) == [(1, 0)], "nothing stands above"
    look.policy.have(SHIPPED)
    await look.run()
    await escalates(notify, LISTED + DAY, LATER)
    assert [one["level"] for one in await rules(notify)] == ["urged", "supervised", "listed"]


async def test_a_new_policy_is_looked_for_when_nothing_goes_by_the_old_one_any_more(notify: Notify) -> None:
    await late_without_a_policy(notify, facts(new_id()))
    look = a_backfill(notify, policy=with_levels(), settled_seconds=0.2)
    await look.run()
    look.policy.have(SHIPPED)
    await look.run()
    assert await notify.rows(COUNTS) == [(0, 0)]
    await asyncio.sleep(0.3)
    await look.run()
    assert await notify.rows(COUNTS) == [(1, 1)]


async def test_a_look_that_dies_in_the_middle_leaves_the_rest_to_the_next(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "BATCH_SIZE", 3)
    await late_without_a_policy(notify, *(facts(new_id(), due_in=HOUR - n * timedelta(seconds=1)) for n in range(10)))
    change, batches = backfill.change_escalations, iter(range(9))

    async def dies(*given: Any) -> None:
        await change(*given)
        if next(batches) == 2:
            raise RuntimeError("killed here")

    look = a_backfill(notify)
    with monkeypatch.context() as killed:
        killed.setattr(backfill, "change_escalations", dies)
        with pytest.raises(RuntimeError):
            await look.run()
    assert await notify.rows(COUNTS) == [(6, 6)]
    await asyncio.gather(look.run(), *(a_backfill(notify).run() for _ in range(3)))
    assert await notify.rows(COUNTS) == [(10, 10)]
    await escalates(notify, URGED, URGED)
    said = await rules(notify)
    assert len({one["clock_id"] for one in said}) == len(said) == 10


async def test_whoever_has_answered_or_waits_for_a_level_is_left_alone(notify: Notify) -> None:
    answered, silent = facts(new_id()), facts(new_id())
    start = started(answered, silent)
    await notify.consumes(start)
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()
    stop = ClockStop(clock_id=answered.clock_id, kind=answered.kind, version=2, at=BREACH + HOUR)
    await notify.consumes(clock_met(case_id=start.case_id, clocks=(stop,)))
    before = await notify.rows("SELECT * FROM escalations ORDER BY clock_id")
    await a_backfill(notify, at=LISTED).run()
    assert await notify.rows("SELECT * FROM escalations ORDER BY clock_id") == before


async def test_a_level_belongs_to_the_version_whose_breach_was_said(notify: Notify) -> None:
    clock = facts(new_id())
    await late_without_a_policy(notify, clock)
    await notify.consumes(started(msgspec.structs.replace(clock, version=3, provisional=True)))
    await a_backfill(notify).run()
    await escalates(notify, URGED)
    assert [one["version"] for one in await rules(notify)] == [1]
