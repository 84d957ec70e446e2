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
from services.notify.watching.scheduler import Watchman
from tests.integration.notify.watching import HOUR, NOW, OFFICE, REFERRAL, Notify, clock_met, facts, started

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


def met(begun: ClockLapsed, *, after: timedelta) -> ClockLapsed:
    (clock,) = begun.clocks
    stop = ClockStop(clock_id=clock.clock_id, kind=clock.kind, version=clock.version, at=NOW + after)
    return clock_met(case_id=begun.case_id, clocks=(stop,))


def awake(watchman: Watchman) -> Watchman:
    """It has looked for long enough to say who stands still."""
    watchman.awake.since = watchman.awake.since.min.replace(tzinfo=NOW.tzinfo)
    return watchman


async def ends(notify: Notify) -> list[tuple[object, ...]]:
    return await notify.rows("SELECT status, ended_at FROM watches WHERE kind = 'dispatch'")


async def breach(notify: Notify) -> ClockBreached:
    ((value,),) = await notify.rows("SELECT value FROM journal WHERE type = 'yimen.clock.breached.v1'")
    return msgspec.json.decode(value, type=ClockBreached)


@pytest.mark.parametrize("first", ["clock", "dispatch"])
async def test_routing_s_own_word_ends_the_dispatch_clock(notify: Notify, first: str) -> None:
    """Whichever of the two topics is read first; what intake says of it afterwards changes nothing."""
    begun = dispatch()
    if first == "clock":
        await notify.hears(begun, writer="intake")
    await notify.hears(sent(begun.case_id, after=HOUR / 2))
    if first == "dispatch":
        await notify.hears(begun, writer="intake")
    assert await ends(notify) == [("met", NOW + HOUR / 2)]

    await notify.hears(met(begun, after=HOUR / 2), writer="intake")
    await notify.has_read(LONG_AFTER)
    await notify.watchman(at=LONG_AFTER).fire()
    assert await ends(notify) == [("met", NOW + HOUR / 2)]
    assert await notify.said() == []


async def test_a_dispatch_that_was_heard_of_at_the_same_moment_as_the_clock_counts(notify: Notify) -> None:
    """Neither reader saw what the other wrote."""
    begun = dispatch()
    await notify.hears(begun, writer="intake")
    await notify.rows_changed(
        f"INSERT INTO lead_steps VALUES ('{begun.case_id}', 'referral.dispatched', '{NOW + HOUR / 2}')"
    )
    await notify.has_read(LONG_AFTER)
    await notify.watchman(at=LONG_AFTER).fire()
    assert await ends(notify) == [("met", NOW + HOUR / 2)]
    assert await notify.said() == []


@pytest.mark.parametrize("role", [ReferralRole.CO, ReferralRole.INFO])
async def test_only_a_lead_ends_it(notify: Notify, role: ReferralRole) -> None:
    begun = dispatch()
    await notify.hears(begun, writer="intake")
    await notify.hears(sent(begun.case_id, after=HOUR / 2, role=role))
    assert await ends(notify) == [("running", None)]


async def test_a_dispatch_that_came_too_late_is_a_breach(notify: Notify) -> None:
    begun = dispatch()
    await notify.hears(begun, writer="intake")
    await notify.hears(sent(begun.case_id, after=2 * HOUR))
    await notify.has_read(LONG_AFTER)
    await notify.watchman(at=LONG_AFTER).fire()
    assert await ends(notify) == [("breached", NOW + 2 * HOUR)]
    assert await notify.said() == ["clock.breached"]


@pytest.mark.parametrize(
    "behind",
    [ROUTING, INTAKE, {Need("routing", 2)}, {Need("intake", 2)}],
    ids=["routing", "intake", "routing-2", "intake-2"],
)
async def test_a_breach_waits_until_all_have_come_past_its_moment(notify: Notify, behind: set[Need]) -> None:
    await notify.hears(dispatch(), writer="intake")
    await notify.has_read(NOW + HOUR / 2)
    await notify.has_read(LONG_AFTER, writers=(ROUTING | INTAKE) - behind)
    await notify.watchman(at=LONG_AFTER).fire()
    assert await notify.said() == []
    await notify.have_come(LONG_AFTER, behind)
    await notify.watchman(at=LONG_AFTER + 9 * HOUR).fire()
    assert await notify.said() == ["clock.breached"]
    assert (await breach(notify)).doubts == ()


async def test_who_stands_still_is_named_and_a_fact_in_time_takes_the_breach_back(notify: Notify) -> None:
    begun = dispatch()
    await notify.hears(begun, writer="intake")
    await notify.has_read(NOW + HOUR / 2)
    await notify.has_read(LONG_AFTER, writers=INTAKE)
    watchman = awake(notify.watchman(at=LONG_AFTER))
    await watchman.fire()
    assert await notify.said() == [], "it has come further a moment ago"
    await notify.rows_changed("UPDATE watermarks SET heard_at = heard_at - interval '1 hour'")

    again = awake(notify.watchman(at=LONG_AFTER + 9 * HOUR))
    await again.look_at_writers()
    assert again.standing.told().startswith("intake stands still since ")
    assert "routing stands still since " in again.standing.told()
    await again.fire()
    told = await breach(notify)
    assert [doubt.value for doubt in told.doubts] == ["writer"]
    assert told.silent == (SilentWriter(service="routing", since=NOW + HOUR / 2),)

    await notify.hears(sent(begun.case_id, after=HOUR / 2))
    assert await notify.said() == ["clock.breached", "clock.cleared"]
    assert await ends(notify) == [("met", NOW + HOUR / 2)]
