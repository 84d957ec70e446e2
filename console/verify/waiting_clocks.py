"""Nothing waits without a date: for material, for the review of a hold, for the decision on a return."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, Snapshot
from contracts.codes import CaseState, ClockKind, ReferralState

OF_CASES: Final = {CaseState.AWAITING_SUPPLEMENT: ClockKind.SUPPLEMENT}
OF_REFERRALS: Final = {
    ReferralState.ON_HOLD: ClockKind.HOLD_REVIEW,
    ReferralState.RETURN_REQUESTED: ClockKind.RETURN_DECISION,
}


@check("whatever waits has an open clock of the wait, with a timer at whoever has to end it")
def every_wait_has_a_timer(snapshot: Snapshot) -> Iterator[Fault | None]:
    running: set[tuple[UUID, UUID | None, str]] = {
        (timer.case_id, timer.referral_id, timer.kind) for timer in snapshot.timers if timer.ended_at is None
    }
    for case in snapshot.cases:
        kind = OF_CASES.get(CaseState(case.state)) if case.case_id in snapshot.settled else None
        if kind is not None:
            fine = (case.case_id, None, kind) in running
            detail = f"it is {case.state}, and no timer runs"
            yield None if fine else Fault(detail=detail, case_id=case.case_id)
    for referral in snapshot.referrals:
        kind = OF_REFERRALS.get(ReferralState(referral.state)) if referral.case_id in snapshot.settled else None
        if kind is not None:
            fine = (referral.case_id, referral.referral_id, kind) in running
            detail = f"it is {referral.state}, and no timer runs"
            ids = {"referral_id": str(referral.referral_id)}
            yield None if fine else Fault(detail=detail, case_id=referral.case_id, ids=ids)
