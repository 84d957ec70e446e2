"""A link for one referral: an office without an account signs, answers and returns on it, until it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from contracts.codes import ReferralState, Role
from services.portal.domain.accounts import Post
from services.portal.domain.work import OPEN_STATES

DAYS: Final = (1, 3, 7, 15, 30)
"""For how long somebody can make one."""


class State(StrEnum):
    """How it stands with a link."""

    LIVE = "live"
    OVER = "over"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    id: UUID
    referral_id: UUID
    number: str
    """Of the case."""
    office: str
    """In whose name it answers."""
    made_by: UUID
    maker: str
    """The name of the account."""
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    revoker: str = ""
    used_at: datetime | None = None
    """When it was last opened or answered on."""
    uses: int = 0

    def state(self, at: datetime) -> State:
        if self.revoked_at is not None:
            return State.REVOKED
        return State.LIVE if at < self.ends_at else State.OVER


def ends_after(days: str, at: datetime) -> datetime | None:
    """`None` for a number of days that nobody can choose."""
    return next((at + timedelta(days=one) for one in DAYS if str(one) == days), None)


def may_hand_on(post: Post, referral: Mapping[str, Any]) -> bool:
    """Whether somebody who sees this referral may hand it on by link: an officer only what the own office has."""
    if ReferralState(referral["state"]) not in OPEN_STATES:
        return False
    if post.role is Role.OFFICER:
        return bool(post.office == referral["office"])
    return post.role in {Role.COORDINATOR, Role.CLERK}
