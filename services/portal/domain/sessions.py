"""How long somebody is signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.portal.domain.accounts import Account, Post

LONGEST: Final = timedelta(hours=12)
"""A working day; then one signs in again, however busy."""
NOTED_AFTER: Final = timedelta(minutes=1)
"""Signs of life closer together are not written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in on one browser."""

    id: UUID
    account: Account
    post: Post
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str

    def lives(self, at: datetime) -> bool:
        return at < self.ends_at and self.account.disabled_at is None and self.post.holds(at)


def end_of(begun_at: datetime, seen_at: datetime, idle: timedelta) -> datetime:
    """After so long without a page, and after a working day in any case."""
    return min(seen_at + idle, begun_at + LONGEST)


def to_note(session: Session, at: datetime) -> bool:
    """Whether this sign of life is worth a write."""
    return at - session.seen_at >= NOTED_AFTER
