"""Who may sign in and when not: names, posts, passwords and lock-out, as rules without I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.codes import Role

LOGIN_FORM: Final = r"[a-z][a-z0-9._-]{1,39}"
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 128
MOST_FAILURES: Final = 5
"""Of one name within `LOCKED_FOR`; then it is locked until they are older than that."""
LOCKED_FOR: Final = timedelta(minutes=15)
MOST_FAILURES_OF_AN_ADDRESS: Final = 50
"""A township shares one address: as many as ten people who lock themselves out."""
PORTAL_ROLES: Final = (
    Role.CLERK,
    Role.OFFICER,
    Role.HEAD,
    Role.COORDINATOR,
    Role.ASSISTANT,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    Role.OPS,
)
"""Roles of people; systems have tokens."""


class Login(StrEnum):
    """What became of one try to sign in."""

    TRIED = "tried"
    OK = "ok"
    WRONG = "wrong"
    DISABLED = "disabled"


class SignInRefusal(StrEnum):
    """Why nobody even looks at a password."""

    LOCKED = "locked"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """As what somebody acts: a role at an office, or in an area."""

    id: UUID
    role: Role
    office: str | None
    area: str
    code: str = ""
    """As the office calls it, for example `window-3`; never a name."""
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    """Of a deputy, and of a post that was taken away."""
    deputy_for: UUID | None = None
    """The account of a colleague on leave."""
    by_group: str = ""
    """The group of an identity provider that gave it; empty where somebody here did."""

    def holds(self, at: datetime) -> bool:
        return (self.begins_at is None or self.begins_at <= at) and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    id: UUID
    login: str
    password_hash: str | None
    """None where an identity provider says who it is."""
    must_change: bool
    """Signed in with a password that somebody else knows."""
    disabled_at: datetime | None
    posts: tuple[Post, ...]
    """All that it ever held."""

    @property
    def provided(self) -> bool:
        return self.password_hash is None

    def held(self, at: datetime) -> tuple[Post, ...]:
        return tuple(post for post in self.posts if post.holds(at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Failed ones that still count."""

    of_name: int
    of_address: int


def refusal(tries: Tries) -> SignInRefusal | None:
    """A name that nobody has is locked like any other: who guesses learns nothing."""
    if tries.of_name >= MOST_FAILURES:
        return SignInRefusal.LOCKED
    return SignInRefusal.THROTTLED if tries.of_address >= MOST_FAILURES_OF_AN_ADDRESS else None


def login_of(typed: str) -> str:
    """A name as it is kept; names are short ASCII, so that no two look alike."""
    return typed.strip().lower()


def is_login(name: str) -> bool:
    return re.fullmatch(LOGIN_FORM, name) is not None


def password_faults(new: str, again: str, *, login: str, same_as_before: bool) -> Sequence[tuple[str, str]]:
    """Field and fault of each; empty if the password will do. Length is what counts, not kinds of characters."""
    faults = []
    if len(new) < SHORTEST_PASSWORD:
        faults.append(("new", "password_short"))
    elif len(new) > LONGEST_PASSWORD:
        faults.append(("new", "password_long"))
    elif login in new.lower() or len(set(new)) < SHORTEST_PASSWORD // 2:
        faults.append(("new", "password_easy"))
    elif same_as_before:
        faults.append(("new", "password_same"))
    if new != again:
        faults.append(("again", "password_differs"))
    return faults
