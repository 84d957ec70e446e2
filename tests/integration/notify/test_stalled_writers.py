"""While a service stands still nobody is called late for what was done in time, and nobody waits for it for ever."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from contracts.clocks import ClockStop
from contracts.codes import ClockKind, Field, ReferralRole, ReferralState
from contracts.events.clocks import ClockBreached, ClockLapsed, SilentWriter
from contracts.events.referrals import ReferralDispatched
from libraries.ids import new_id
from libraries.marks import Need
from services.notify.watching.scheduler import AlertScheduler
from tests.integration.notify.harness import HOUR, NOW, OFFICE, REFERRAL, Notify, clock_met, facts, started

pytestmark = pytest.mark.engines

WINDOW = "township-130722100000"
LONG_AFTER = NOW + 9 * HOUR
ROUTING = frozenset({Need("routing", 1), Need("routing", 2)})
INTAKE = frozenset({Need("intake", 1), Need("intake", 2)})


def dispatch() -> ClockLapsed:
    """The window's clock until somebody has the case: due in an hour."""
    return started(facts(new_id(), kind=ClockKind.DISPATCH, referral_id=None, office=WINDOW))


def sent(case_id: UUID, *, after: timedelta, role: ReferralRole = ReferralRole.LEAD) -> ReferralDispatched:
    return ReferralDispatched(
        state=ReferralState.DISPATCHED,
        case_id=case_id,
        referral_id=REFERRAL,
        office=OFFICE,
        role=role,
        round=1,
        at=NOW + after,
        number="130722-20260304-00001-1",
        category="education.student_aid",
        field=Field.EDUCATION,
        area="130722100000",
        decision_id=new_id(),
    )


def met(start_escalation: ClockLapsed, *, after: timedelta) -> ClockLapsed:
    (clock,) = start_escalation.clocks
    stop = ClockStop(clock_id=clock.clock_id, kind=clock.kind, version=clock.version, at=NOW + after)
    return clock_met(case_id=start_escalation.case_id, clocks=(stop,))


def uptime(alert_scheduler: AlertScheduler) -> AlertScheduler:
    """It has looked for long enough to say who stands still."""
    alert_scheduler.uptime.since = alert_scheduler.uptime.since.min.replace(tzinfo=NOW.tzinfo)
    return alert_scheduler


async def ends(notify: Notify) -> list[tuple[object, ...]]:
    return await notify.rows("SELECT status, ended_at FROM timers WHERE kind = 'dispatch'")


async def breach(notify: Notify) -> ClockBreached:
    ((value,),) = await notify.rows("SELECT value FROM journal WHERE type = 'yimen.clock.breached.v1'")
    return msgspec.json.decode(value, type=ClockBreached)


@pytest.mark.parametrize("first", ["clock", "dispatch"])
async def test_routing_s_own_word_ends_the_dispatch_clock(notify: Notify, first: str) -> None:
    """Whichever of the two topics is read first; what intake says of it afterwards changes nothing."""
    start_escalation = dispatch()
    if first == "clock":
        await notify.consumes(start_escalation, writer="intake")
    await notify.consumes(sent(start_escalation.case_id, after=HOUR / 2))
    if first == "dispatch":
        await notify.consumes(start_escalation, writer="intake")
    assert await ends(notify) == [("met", NOW + HOUR / 2)]

    await notify.consumes(met(start_escalation, after=HOUR / 2), writer="intake")
    await notify.caught_up_to(LONG_AFTER)
    await notify.alert_scheduler(at=LONG_AFTER).fire()
    assert await ends(notify) == [("met", NOW + HOUR / 2)]
    assert await notify.alert_types() == []


async def test_a_dispatch_that_was_heard_of_at_the_same_moment_as_the_clock_counts(notify: Notify) -> None:
    """Neither reader saw what the other wrote."""
    start_escalation = dispatch()
    await notify.consumes(start_escalation, writer="intake")
    await notify.rows_changed(
        f"INSERT INTO lead_steps VALUES ('{start_escalation.case_id}', 'referral.dispatched', '{NOW + HOUR / 2}')"
    )
    await notify.caught_up_to(LONG_AFTER)
    await notify.alert_scheduler(at=LONG_AFTER).fire()
    assert await ends(notify) == [("met", NOW + HOUR / 2)]
    assert await notify.alert_types() == []


@pytest.mark.parametrize("role", [ReferralRole.CO, ReferralRole.INFO])
async def test_only_a_lead_ends_it(notify: Notify, role: ReferralRole) -> None:
    start_escalation = dispatch()
    await notify.consumes(start_escalation, writer="intake")
    await notify.consumes(sent(start_escalation.case_id, after=HOUR / 2, role=role))
    assert await ends(notify) == [("running", None)]


async def test_a_dispatch_that_came_too_late_is_a_breach(notify: Notify) -> None:
    start_escalation = dispatch()
    await notify.consumes(start_escalation, writer="intake")
    await notify.consumes(sent(start_escalation.case_id, after=2 * HOUR))
    await notify.caught_up_to(LONG_AFTER)
    await notify.alert_scheduler(at=LONG_AFTER).fire()
    assert await ends(notify) == [("breached", NOW + 2 * HOUR)]
    assert await notify.alert_types() == ["clock.breached"]


@pytest.mark.parametrize(
    "behind",
    [ROUTING, INTAKE, {Need("routing", 2)}, {Need("intake", 2)}],
    ids=["routing", "intake", "routing-2", "intake-2"],
)
async def test_a_breach_waits_until_all_have_come_past_its_moment(notify: Notify, behind: set[Need]) -> None:
    await notify.consumes(dispatch(), writer="intake")
    await notify.caught_up_to(NOW + HOUR / 2)
    await notify.caught_up_to(LONG_AFTER, writers=(ROUTING | INTAKE) - behind)
    await notify.alert_scheduler(at=LONG_AFTER).fire()
    assert await notify.alert_types() == []
    await notify.writers_have_come_to(LONG_AFTER, behind)
    await notify.alert_scheduler(at=LONG_AFTER + 9 * HOUR).fire()
    assert await notify.alert_types() == ["clock.breached"]
    assert (await breach(notify)).doubts == ()


async def test_who_stands_still_is_named_and_a_fact_in_time_takes_the_breach_back(notify: Notify) -> None:
    start_escalation = dispatch()
    await notify.consumes(start_escalation, writer="intake")
    await notify.caught_up_to(NOW + HOUR / 2)
    await notify.caught_up_to(LONG_AFTER, writers=INTAKE)
    alert_scheduler = uptime(notify.alert_scheduler(at=LONG_AFTER))
    await alert_scheduler.fire()
    assert await notify.alert_types() == [], "it has come further a moment ago"
    await notify.rows_changed("UPDATE watermarks SET heard_at = heard_at - interval '1 hour'")

    again = uptime(notify.alert_scheduler(at=LONG_AFTER + 9 * HOUR))
    await again.check_writers()
    assert again.stalled.message().startswith("intake stands still since ")
    assert "routing stands still since " in again.stalled.message()
    await again.fire()
    told = await breach(notify)
    assert [doubt.value for doubt in told.doubts] == ["writer"]
    assert told.silent == (SilentWriter(service="routing", since=NOW + HOUR / 2),)

    await notify.consumes(sent(start_escalation.case_id, after=HOUR / 2))
    assert await notify.alert_types() == ["clock.breached", "clock.cleared"]
    assert await ends(notify) == [("met", NOW + HOUR / 2)]
