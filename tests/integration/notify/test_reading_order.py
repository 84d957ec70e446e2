"""Cases and referrals are read from two topics, in any order between them, and tell the same in the end."""

from typing import Any

import pytest

from contracts.codes import CaseState, Field, ReferralRole, ReferralState, SubmissionChannel
from contracts.events.cases import CaseAccepted, CaseRegistered, CaseResolved, CaseSupplemented, CaseSupplementRequested
from contracts.events.referrals import ReferralDispatched
from libraries.ids import new_id
from tests.integration.notify.harness import NOW, OFFICE, REFERRAL, Notify


@pytest.mark.parametrize("split", range(5))
async def test_a_dispatch_that_is_read_early_is_not_taken_back(notify: Notify, split: int) -> None:
    case_id = new_id()
    about: dict[str, Any] = {
        "case_id": case_id,
        "number": "130722-20260302-00001-4",
        "category": "education.student_aid",
        "field": Field.EDUCATION,
        "area": "130722100000",
    }
    came = {**about, "channel": SubmissionChannel.WINDOW, "first_contact_office": "township-130722100000"}
    way = (
        CaseRegistered(
            state=CaseState.REGISTERED, **came, source="s", submission_id="1", received_at=NOW, registered_at=NOW
        ),
        CaseSupplementRequested(
            state=CaseState.AWAITING_SUPPLEMENT, case_id=case_id, missing=("identity_card",), requested_at=NOW
        ),
        CaseSupplemented(
            state=CaseState.REGISTERED, case_id=case_id, materials=("identity_card",), supplemented_at=NOW
        ),
        CaseAccepted(state=CaseState.ACCEPTED, **came, accepted_at=NOW),
    )
    lead = {"referral_id": REFERRAL, "office": OFFICE, "role": ReferralRole.LEAD, "at": NOW, "decision_id": new_id()}
    for event in way[:split]:
        await notify.consumes(event, writer="intake")
    await notify.consumes(ReferralDispatched(state=ReferralState.DISPATCHED, **about, **lead))
    for event in way[split:]:
        await notify.consumes(event, writer="intake")
    assert await notify.rows("SELECT state FROM cases") == [("in_progress",)]
    await notify.consumes(
        CaseResolved(state=CaseState.RESOLVED, case_id=case_id, resolved_at=NOW, round=1), writer="intake"
    )
    assert await notify.rows("SELECT state FROM cases") == [("resolved",)]
