"""What the overview counts."""

from datetime import timedelta

from contracts.codes import Field, ReferralRole, ReferralState
from contracts.events.referrals import ReferralDispatched, ReferralSigned
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from services.notify.figures import queries
from tests.integration.notify.harness import NOW, OFFICE, REFERRAL, Notify, answer
from tests.integration.notify.test_escalation_start import POLICY

MINUTE = timedelta(minutes=1)


async def parked(notify: Notify) -> dict[str, int]:
    async with transaction(notify.engine) as conn:
        found = await queries.get_overview(conn, area="", office="", settled=NOW, policy=POLICY)
    return {line["office"]: line["parked"] for line in found["by_office"]}


async def test_an_answer_that_routing_neither_takes_nor_refuses_is_counted_as_parked(notify: Notify) -> None:
    case_id = new_id()
    dispatched = ReferralDispatched(
        state=ReferralState.DISPATCHED,
        case_id=case_id,
        referral_id=REFERRAL,
        number="130722-20260302-00001-4",
        category="education.student_aid",
        field=Field.EDUCATION,
        area="130722100000",
        office=OFFICE,
        role=ReferralRole.LEAD,
        decision_id=new_id(),
        at=NOW,
    )
    await notify.consumes(dispatched)
    await notify.consumes_feedback(answer("f1"), at=NOW + MINUTE)
    assert await parked(notify) == {OFFICE: 0}, "it may still be on its way"
    await notify.consumes_feedback(answer("f2"), at=NOW - 2 * MINUTE)
    assert await parked(notify) == {OFFICE: 1}
    taken = ReferralSigned(
        state=ReferralState.SIGNED,
        case_id=case_id,
        referral_id=REFERRAL,
        feedback_id="f2",
        office=OFFICE,
        role=ReferralRole.LEAD,
        at=NOW - 2 * MINUTE,
    )
    await notify.consumes(taken)
    assert await parked(notify) == {OFFICE: 0}
