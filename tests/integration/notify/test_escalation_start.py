"""Escalations start in one statement that reads nothing first, and as the rule decides that reads them."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.codes import SupervisionLevel
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.database.engine import transaction
from services.notify.domain.escalation import Escalation, start_escalation
from services.notify.domain.timers import AlertKind, Timer
from services.notify.escalation.store import lock_escalations, save_escalations
from services.notify.watching.store import lock_timers
from tests.integration.notify.harness import HOUR, NOW, OFFICE, PACK, Notify, facts, started

L = SupervisionLevel
BREACH = NOW + HOUR
POLICY = PolicyWatch(PACK).policy
REMINDED = {"level": L.REMINDED, "reached_at": NOW, "notified": (OFFICE,)}
LISTED = {"level": L.LISTED, "reached_at": NOW, "notified": (OFFICE,)}
COMES = {"next_level": L.REMINDED, "next_at": NOW}


def escalation(timer: Timer, **stands: Any) -> Escalation:
    due_at = timer.due_at or BREACH
    foot = Escalation(
        clock_id=timer.clock_id,
        case_id=timer.case_id,
        referral_id=timer.referral_id,
        kind=timer.kind,
        office=timer.office,
        area=timer.area,
        version=timer.version,
        due_at=due_at,
    )
    return replace(foot, **stands)


@pytest.mark.parametrize(
    "stands",
    [
        None,
        REMINDED,
        COMES,
        REMINDED | {"version": 1},
        REMINDED | {"ended_at": NOW},
        COMES | {"version": 1, "due_at": NOW - HOUR, "office": "housing-130722000000"},
        LISTED | {"version": 1, "ended_at": NOW, "paused_seconds": 3600},
        {"version": 1, "paused_at": NOW, "paused_seconds": 60},
    ],
)
@pytest.mark.parametrize("ended", [False, True])
async def test_the_statement_and_the_rule_agree(notify: Notify, stands: dict[str, Any] | None, *, ended: bool) -> None:
    clock = facts(new_id(), version=2)
    await notify.consumes(started(clock))
    await notify.caught_up_to(BREACH + 9 * HOUR)
    async with transaction(notify.engine) as conn:
        timer = (await lock_timers(conn, [clock.clock_id]))[clock.clock_id]
        before = escalation(timer, **stands) if stands is not None else None
        await save_escalations(conn, [before] if before is not None else [])
    if ended:
        await notify.rows_changed("UPDATE timers SET ended_at = due_at + interval '1 second'")
        timer = replace(timer, ended_at=BREACH + timedelta(seconds=1))
    await notify.alert_scheduler(at=BREACH + HOUR).fire()
    async with transaction(notify.engine) as conn:
        found = (await lock_escalations(conn, [clock.clock_id])).get(clock.clock_id)
    expected = start_escalation(before, timer, AlertKind.BREACHED, POLICY)
    assert found == (expected if expected is not None else before)
    assert await notify.alert_types() == ["clock.breached"]
