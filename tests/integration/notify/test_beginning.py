"""A watchman begins supervisions in one statement without reading what stands: as the rule says that reads it."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.codes import SupervisionLevel
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.database.engine import transaction
from services.notify.domain.escalation import Supervision, begun
from services.notify.domain.timers import Alert, Watch
from services.notify.escalation.store import lock_supervisions, save_supervisions
from services.notify.watching.store import lock_watches
from tests.integration.notify.watching import HOUR, NOW, OFFICE, PACK, Notify, facts, started

L = SupervisionLevel
BREACH = NOW + HOUR
POLICY = PolicyWatch(PACK).policy
REMINDED = {"level": L.REMINDED, "reached_at": NOW, "told": (OFFICE,)}
LISTED = {"level": L.LISTED, "reached_at": NOW, "told": (OFFICE,)}
COMES = {"next_level": L.REMINDED, "next_at": NOW}


def standing(watch: Watch, **stands: Any) -> Supervision:
    due_at = watch.due_at or BREACH
    foot = Supervision(
        clock_id=watch.clock_id,
        case_id=watch.case_id,
        referral_id=watch.referral_id,
        kind=watch.kind,
        office=watch.office,
        area=watch.area,
        version=watch.version,
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
        LISTED | {"version": 1, "ended_at": NOW, "stood_seconds": 3600},
        {"version": 1, "paused_at": NOW, "stood_seconds": 60},
    ],
)
@pytest.mark.parametrize("ended", [False, True])
async def test_the_statement_and_the_rule_agree(notify: Notify, stands: dict[str, Any] | None, *, ended: bool) -> None:
    clock = facts(new_id(), version=2)
    await notify.hears(started(clock))
    await notify.has_read(BREACH + 9 * HOUR)
    async with transaction(notify.engine) as conn:
        watch = (await lock_watches(conn, [clock.clock_id]))[clock.clock_id]
        before = standing(watch, **stands) if stands is not None else None
        await save_supervisions(conn, [before] if before is not None else [])
    if ended:
        await notify.rows_changed("UPDATE watches SET ended_at = due_at + interval '1 second'")
        watch = replace(watch, ended_at=BREACH + timedelta(seconds=1))
    await notify.watchman(at=BREACH + HOUR).fire()
    async with transaction(notify.engine) as conn:
        found = (await lock_supervisions(conn, [clock.clock_id])).get(clock.clock_id)
    expected = begun(before, watch, Alert.BREACHED, POLICY)
    assert found == (expected if expected is not None else before)
    assert await notify.said() == ["clock.breached"]
