"""Where one office's part of a case stands, as far as its figures need it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.codes import Field, ReferralRole, ReferralState


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    referral_id: UUID
    case_id: UUID
    office: str
    area: str
    category: str
    field: Field
    role: ReferralRole
    state: ReferralState
    round: int
    dispatched_at: datetime
    signed_at: datetime | None = None
    heard_at: datetime | None = None
    """The office's latest sign of life; without one it is silent, whatever was deemed meanwhile."""
    ended_at: datetime | None = None
    returns: int = 0
    """How often the office asked to give it back."""


class Step(StrEnum):
    """What happened to a referral."""

    SIGNED = "signed"
    ACCEPTED = "accepted"
    DEEMED_ACCEPTED = "deemed_accepted"
    RETURN_REQUESTED = "return_requested"
    RETURNED = "returned"
    RETURN_REFUSED = "return_refused"
    REASSIGNED = "reassigned"
    ON_HOLD = "on_hold"
    RESUMED = "resumed"
    PROGRESS_REPORTED = "progress_reported"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REWORK_REQUESTED = "rework_requested"


STATE_AFTER = {
    Step.SIGNED: ReferralState.SIGNED,
    Step.ACCEPTED: ReferralState.ACCEPTED,
    Step.DEEMED_ACCEPTED: ReferralState.ACCEPTED,
    Step.RETURN_REQUESTED: ReferralState.RETURN_REQUESTED,
    Step.RETURNED: ReferralState.RETURNED,
    Step.RETURN_REFUSED: ReferralState.ACCEPTED,
    Step.REASSIGNED: ReferralState.CANCELLED,
    Step.ON_HOLD: ReferralState.ON_HOLD,
    Step.RESUMED: ReferralState.IN_PROGRESS,
    Step.PROGRESS_REPORTED: ReferralState.IN_PROGRESS,
    Step.COMPLETED: ReferralState.COMPLETED,
    Step.FAILED: ReferralState.FAILED,
    Step.CANCELLED: ReferralState.CANCELLED,
    Step.REWORK_REQUESTED: ReferralState.IN_PROGRESS,
}
ENDS = frozenset({Step.RETURNED, Step.REASSIGNED, Step.COMPLETED, Step.FAILED, Step.CANCELLED})


def moved(leg: Leg, step: Step, *, at: datetime, round_: int, by_office: bool) -> Leg:
    """The leg after a step. Routing has checked that the step was legal; here it is only written down."""
    # Signed after silence had made it accepted: the signature is noted, and takes nothing back.
    keeps = step is Step.SIGNED and leg.state is ReferralState.ACCEPTED
    return replace(
        leg,
        state=leg.state if keeps else STATE_AFTER[step],
        round=max(leg.round, round_),
        signed_at=at if step is Step.SIGNED and leg.signed_at is None else leg.signed_at,
        heard_at=at if by_office else leg.heard_at,
        ended_at=at if step in ENDS else None,
        returns=leg.returns + (step is Step.RETURN_REQUESTED),
    )
