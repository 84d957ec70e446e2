"""Escalation on a real database: who is late is urged, supervised and listed, each once, and whoever answers is not."""

import asyncio
import dataclasses
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from contracts.clocks import ClockFacts, ClockStop
from contracts.codes import ClockKind, ReferralState
from contracts.events.clocks import ClockLapsed
from contracts.events.referrals import ReferralProgressReported
from libraries.ids import new_id
from services.notify.escalation import scheduler as escalation_scheduler
from services.notify.watching.rate_limits import RateLimit
from tests.integration.notify.harness import (
    HOUR,
    NOW,
    OFFICE,
    REFERRAL,
    Notify,
    clock_cancelled,
    clock_extended,
    clock_met,
    clock_paused,
    clock_resumed,
    clock_started,
    facts,
    started,
)

DAY = timedelta(days=1)
COUNTY = "civil_affairs-130722000000"
BREACH = NOW + HOUR
"""Wednesday, 4 March, 11:00."""
URGED, SUPERVISED, LISTED = (BREACH.replace(hour=1, day=day) for day in (6, 12, 19))
"""At nine in the morning after one day, five and ten working days."""
LATER = NOW + 99 * DAY


async def broken(notify: Notify, *clocks: ClockFacts) -> None:
    """These clocks have run out, and that was said."""
    await notify.consumes(*(started(clock) for clock in clocks))
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()


async def escalates(notify: Notify, *moments: datetime) -> None:
    for at in moments:
        await notify.escalation_scheduler(at=at).escalate()


async def rules(notify: Notify) -> list[dict[str, Any]]:
    statement = "SELECT value FROM journal WHERE type LIKE 'yimen.supervision.%' ORDER BY at, xid, id"
    return [msgspec.json.decode(row[0]) for row in await notify.rows(statement)]


async def levels(notify: Notify) -> list[str]:
    return [rule["level"] for rule in await rules(notify)]


async def test_each_level_is_said_once_with_those_who_were_told(notify: Notify) -> None:
    await broken(notify, facts(new_id()))
    for at in (BREACH + HOUR, URGED, URGED + HOUR, SUPERVISED, LISTED, LATER):
        await escalates(notify, at, at)
    said = await rules(notify)
    assert [(one["level"], one.get("late_seconds", 0)) for one in said] == [
        ("urged", 0),
        ("supervised", 0),
        ("listed", 0),
    ]
    assert said[0]["recipients"] == [OFFICE, COUNTY]
    assert await notify.rows("SELECT level, version, next_at FROM escalations") == [("listed", 1, None)]
    ids = await notify.rows("SELECT count(DISTINCT event_id) FROM journal WHERE type LIKE 'yimen.supervision.%'")
    assert ids == [(3,)]


async def test_the_last_day_is_reminded_once_and_in_the_morning(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id(), due_in=DAY)))
    last_day = NOW.replace(hour=16)
    await notify.alert_scheduler(at=last_day).fire()
    await escalates(notify, last_day, last_day + 8 * HOUR)
    assert await levels(notify) == [], "eight in the morning"
    await escalates(notify, last_day + 9 * HOUR, last_day + 10 * HOUR)
    assert await levels(notify) == ["reminded"]


async def test_the_oldest_is_looked_at_however_many_newer_ones_wait(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere a scan read the newest hundred, so with more of them the most overdue was never looked at."""
    monkeypatch.setattr(escalation_scheduler, "BATCH_SIZE", 100)
    oldest = facts(new_id(), due_in=-9 * DAY, started_at=NOW - 20 * DAY)
    await broken(notify, oldest, *(facts(new_id(), due_in=HOUR - n * timedelta(seconds=1)) for n in range(150)))
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()
    await notify.escalation_scheduler(at=URGED).escalate_batch()
    said = await rules(notify)
    assert len(said) == 100
    assert said[0]["clock_id"] == str(oldest.clock_id)
    await escalates(notify, URGED)
    assert await notify.rows("SELECT count(*) FROM escalations WHERE level = 'none'") == [(0,)]


async def test_an_edit_or_a_comment_does_not_start_the_ladder_anew(notify: Notify) -> None:
    """Elsewhere the time of the last change was the clock, so every comment pushed the escalation away."""
    clock = facts(new_id())
    await broken(notify, clock)
    started_at = await notify.rows("SELECT next_at FROM escalations")
    note = ReferralProgressReported(
        state=ReferralState.IN_PROGRESS,
        case_id=new_id(),
        referral_id=REFERRAL,
        office=OFFICE,
        role="lead",
        at=URGED - HOUR,
    )
    again = msgspec.structs.replace(clock, version=2, provisional=True)
    await notify.consumes(note, started(again))
    assert await notify.rows("SELECT next_at FROM escalations") == started_at
    await escalates(notify, URGED)
    assert await levels(notify) == ["urged"]


@pytest.mark.parametrize("office", ["", OFFICE])
async def test_what_nobody_was_found_for_escalates_too(notify: Notify, office: str) -> None:
    """Elsewhere a case without an assignee was skipped, so the one that nobody owned never escalated."""
    await broken(notify, facts(new_id(), kind=ClockKind.UNMATCHED, office=office))
    await escalates(notify, URGED, SUPERVISED, LISTED)
    said = await rules(notify)
    assert [one["level"] for one in said] == ["urged", "supervised", "listed"]
    assert all(COUNTY in one["recipients"] for one in said)


async def test_every_level_is_reached_and_not_only_the_first(notify: Notify) -> None:
    """Elsewhere only the first level of several ever fired."""
    await notify.consumes(started(facts(new_id(), due_in=DAY)))
    await notify.caught_up_to(LATER)
    for at in (NOW.replace(hour=16), NOW + DAY + timedelta(minutes=1)):
        await notify.alert_scheduler(at=at).fire()
        await escalates(notify, at + 9 * HOUR)
    for day in range(30):
        await escalates(notify, URGED + day * DAY)
    assert await levels(notify) == ["reminded", "urged", "supervised", "listed"]


async def test_an_answer_stops_the_policy(notify: Notify) -> None:
    clock = facts(new_id())
    start = started(clock)
    await notify.consumes(start)
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()
    await escalates(notify, URGED)
    stop = ClockStop(clock_id=clock.clock_id, kind=ClockKind.HANDLING, version=2, at=URGED + HOUR)
    await notify.consumes(clock_met(case_id=start.case_id, clocks=(stop,)))
    await escalates(notify, SUPERVISED, LISTED)
    assert await levels(notify) == ["urged"]
    assert await notify.rows("SELECT level, ended_at FROM escalations") == [("urged", URGED + HOUR)]


async def test_time_that_is_granted_stops_the_ladder_and_the_next_breach_begins_it_again(notify: Notify) -> None:
    clock = facts(new_id())
    start = started(clock)
    await notify.consumes(start)
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()
    await escalates(notify, URGED)
    longer = msgspec.structs.replace(clock, version=2, due_at=SUPERVISED + HOUR)
    granted = clock_extended(
        case_id=start.case_id, clocks=(longer,), added="5wd", approver="unit_head", reason="complex", extended_at=URGED
    )
    await notify.consumes(granted)
    await escalates(notify, SUPERVISED)
    assert await levels(notify) == ["urged"]
    for _ in range(3):
        await notify.alert_scheduler(at=SUPERVISED + 2 * HOUR).fire()
    await escalates(notify, LISTED)
    assert [(one["level"], one["version"]) for one in await rules(notify)] == [("urged", 1), ("urged", 2)]


async def test_a_pause_after_the_breach_stands_the_ladder_still(notify: Notify) -> None:
    clock = facts(new_id())
    start = started(clock)
    await notify.consumes(start)
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + timedelta(minutes=1)).fire()
    still = msgspec.structs.replace(clock, version=2, due_at=None)
    await notify.consumes(
        clock_paused(case_id=start.case_id, clocks=(still,), reason="appraisal", paused_at=BREACH + HOUR)
    )
    await escalates(notify, URGED, SUPERVISED)
    assert await levels(notify) == []
    again = msgspec.structs.replace(clock, version=3)
    resumed_at = BREACH + HOUR + 7 * DAY
    await notify.consumes(clock_resumed(case_id=start.case_id, clocks=(again,), resumed_at=resumed_at))
    await escalates(notify, URGED + 6 * DAY, URGED + 7 * DAY)
    assert await levels(notify) == ["urged"]


async def test_supervisors_share_the_work_and_say_nothing_twice(notify: Notify) -> None:
    await broken(notify, *(facts(new_id()) for _ in range(500)))
    await asyncio.gather(*(notify.escalation_scheduler(at=URGED).escalate() for _ in range(3)))
    await escalates(notify, URGED)
    counted = "SELECT count(*), count(DISTINCT event_id) FROM journal WHERE type = 'yimen.supervision.urged.v1'"
    assert await notify.rows(counted) == [(500, 500)]


async def test_many_levels_go_out_at_the_pace_and_the_longest_due_first(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation_scheduler, "BATCH_SIZE", 50)
    await broken(notify, *(facts(new_id(), due_in=HOUR - n * timedelta(hours=1)) for n in range(150)))
    paced = dataclasses.replace(notify.escalation_scheduler(at=LISTED), rate_limit=RateLimit(500))
    began = time.monotonic()
    await paced.escalate()
    assert time.monotonic() - began >= 3 * 150 / 500 - 0.1
    said = await notify.rows("SELECT value FROM journal WHERE type LIKE 'yimen.supervision.%' ORDER BY xid, id")
    found = [msgspec.json.decode(row[0]) for row in said]
    assert len(found) == 450
    late = [one.get("late_seconds", 0) for one in found]
    assert late == sorted(late, reverse=True)


async def test_a_level_that_does_not_commit_has_not_been_reached(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broken(notify, facts(new_id()))

    async def dies(*_: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as falls:
        falls.setattr("services.notify.escalation.scheduler.journal.add", dies)
        with pytest.raises(RuntimeError):
            await escalates(notify, URGED)
    assert await levels(notify) == []
    await escalates(notify, URGED)
    assert await levels(notify) == ["urged"]


def passed_on(earlier: ClockFacts, *, to: str, at: datetime) -> tuple[ClockLapsed, ClockLapsed]:
    """The clock goes on at another office, as routing says it."""
    case_id = new_id()
    stop = ClockStop(clock_id=earlier.clock_id, kind=earlier.kind, version=earlier.version, at=at)
    later = msgspec.structs.replace(
        earlier, clock_id=new_id(), office=to, referral_id=new_id(), continues=earlier.clock_id
    )
    return clock_cancelled(case_id=case_id, clocks=(stop,)), clock_started(case_id=case_id, clocks=(later,))


OTHER = "health-130722000000"
DECIDER = "civil_affairs-130700000000"


async def test_the_next_office_is_not_told_that_it_broke_a_limit_and_its_ladder_goes_on(notify: Notify) -> None:
    clock = facts(new_id())
    await broken(notify, clock)
    await escalates(notify, URGED)
    await notify.consumes(*passed_on(clock, to=OTHER, at=URGED + DAY), sent_at=URGED + DAY)
    await notify.alert_scheduler(at=LATER).fire()
    assert (await notify.alert_types()).count("clock.breached") == 1
    await escalates(notify, URGED + 2 * DAY, SUPERVISED, LISTED)
    said = await rules(notify)
    assert [(one["level"], one["office"]) for one in said] == [
        ("urged", OFFICE),
        ("supervised", OTHER),
        ("listed", OTHER),
    ]
    found = await notify.rows("SELECT DISTINCT status, breached_at FROM timers")
    assert found == [("breached", BREACH + timedelta(minutes=1))], "as it was said, at the one and at the other"


async def test_a_limit_that_broke_unsaid_is_said_once_of_the_office_where_it_broke(notify: Notify) -> None:
    clock = facts(new_id())
    await notify.consumes(started(clock))
    await notify.consumes(*passed_on(clock, to=OTHER, at=BREACH + HOUR), sent_at=BREACH + HOUR)
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + 2 * HOUR).fire()
    told = await notify.rows("SELECT office FROM alerts WHERE type = 'clock.breached'")
    assert told == [(OFFICE,)]
    await escalates(notify, URGED)
    assert [(one["level"], one["office"]) for one in await rules(notify)] == [("urged", OTHER)]


async def test_a_limit_that_breaks_at_the_next_office_is_that_offices(notify: Notify) -> None:
    clock = facts(new_id())
    await notify.consumes(started(clock))
    await notify.consumes(*passed_on(clock, to=OTHER, at=NOW), sent_at=NOW)
    await notify.caught_up_to(LATER)
    await notify.alert_scheduler(at=BREACH + HOUR).fire()
    told = await notify.rows("SELECT office FROM alerts WHERE type = 'clock.breached'")
    assert told == [(OTHER,)]


async def test_while_a_return_is_decided_the_decider_is_urged(notify: Notify) -> None:
    """Whoever asked to return a case waits for the word of another."""
    await broken(notify, facts(new_id()))
    decision = facts(new_id(), kind=ClockKind.RETURN_DECISION, office=DECIDER, due_in=99 * DAY)
    await notify.consumes(started(decision))
    await escalates(notify, URGED)
    stop = ClockStop(clock_id=decision.clock_id, kind=decision.kind, version=1, at=URGED)
    await notify.consumes(clock_met(case_id=new_id(), clocks=(stop,)))
    await escalates(notify, SUPERVISED)
    urged, supervised = await rules(notify)
    assert urged["recipients"] == [DECIDER, COUNTY]
    assert OFFICE in supervised["recipients"]
    assert DECIDER not in supervised["recipients"]
