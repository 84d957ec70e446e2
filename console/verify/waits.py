"""Nothing waits without a date: for material, for the review of a hold, for the decision on a return."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Facts, Fault
from contracts.codes import CaseState, ClockKind, ReferralState

OF_CASES: Final = {CaseState.AWAITING_SUPPLEMENT: ClockKind.SUPPLEMENT}
OF_REFERRALS: Final = {
    ReferralState.ON_HOLD: ClockKind.HOLD_REVIEW,
    ReferralState.RETURN_REQUESTED: ClockKind.RETURN_DECISION,
}


@check("whatever waits has an open clock of the wait, watched at whoever has to end it")
def waits_watched(facts: Facts) -> Iterator[Fault | None]:
    watched: set[tuple[UUID, UUID | None, str]] = {
        (watch.case_id, watch.referral_id, watch.kind) for watch in facts.watches if watch.ended_at is None
    }
    for case in facts.cases:
        kind = OF_CASES.get(CaseState(case.state)) if case.case_id in facts.settled else None
        if kind is not None:
            fine = (case.case_id, None, kind) in watched
            told = f"it is {case.state}, and nobody watches for how long"
            yield None if fine else Fault(detail=told, case_id=case.case_id)
    for referral in facts.referrals:
        kind = OF_REFERRALS.get(ReferralState(referral.state)) if referral.case_id in facts.settled else None
        if kind is not None:
            fine = (referral.case_id, referral.referral_id, kind) in watched
            told = f"it is {referral.state}, and nobody watches for how long"
            ids = {"referral_id": str(referral.referral_id)}
            yield None if fine else Fault(detail=told, case_id=referral.case_id, ids=ids)
