"""Where one office's part of a case stands, as far as its figures need it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.codes import Field, ReferralRole, ReferralState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralStatus:
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
    last_contact_at: datetime | None = None
    """The office's latest sign of life; without one it is silent, whatever was deemed meanwhile."""
    ended_at: datetime | None = None
    returns: int = 0
    """How often the office asked to give it back."""


ENDS = frozenset({ReferralState.RETURNED, ReferralState.COMPLETED, ReferralState.FAILED, ReferralState.CANCELLED})


def moved(
    referral: ReferralStatus,
    state: ReferralState,
    *,
    at: datetime,
    round_: int,
    by_office: bool,
    signs: bool,
    returns: bool,
) -> ReferralStatus:
    """The referral after an event. Routing has checked that the step was legal; here it is only written down."""
    return replace(
        referral,
        state=state,
        round=max(referral.round, round_),
        signed_at=at if signs and referral.signed_at is None else referral.signed_at,
        last_contact_at=at if by_office else referral.last_contact_at,
        ended_at=at if state in ENDS else None,
        returns=referral.returns + returns,
    )
