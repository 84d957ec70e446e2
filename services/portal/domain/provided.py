"""Who an identity provider says that somebody is, and as what that person acts here, as rules without I/O."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from contracts.codes import OF_AN_OFFICE, AreaLevel, Role
from contracts.personal import is_personal
from libraries.policies import Policy
from libraries.policies.cells import AREA_FORM
from libraries.policies.sign_in import GroupRow
from libraries.policies.tree import whole
from services.portal.domain.accounts import Post, is_login, login_of

MOST_GROUPS: Final = 500
LONGEST_GROUP: Final = 200
LONGEST_BASE: Final = 30


class Refusal(StrEnum):
    """Why somebody who was at the provider is not signed in."""

    STALE = "stale"
    """Begun elsewhere, too long ago, or used before."""
    DENIED = "denied"
    """The provider says no, or the person did."""
    BAD_TOKEN = "bad_token"  # noqa: S105 -- the name of a refusal
    UNMAPPED = "unmapped"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as the provider knows them."""

    issuer: str
    subject: str
    name: str
    """As it wants to be called here; no more than a wish."""
    groups: tuple[str, ...]

    @property
    def hashed(self) -> bytes:
        """Under which it is kept: what a provider calls a person may be a telephone number."""
        return sha256(f"{self.issuer}\0{self.subject}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPost:
    """A post that a group gives."""

    group: str
    role: Role
    office: str | None
    area: str
    code: str

    def is_held_as(self, post: Post) -> bool:
        return (self.role, self.office, self.area, self.code) == (post.role, post.office, post.area, post.code)


def groups_of(claimed: Any) -> tuple[str, ...]:
    """A list of names, or one name; whatever else it is counts for nothing."""
    found = [claimed] if isinstance(claimed, str) else claimed if isinstance(claimed, list) else []
    names = (one for one in found[:MOST_GROUPS] if isinstance(one, str) and 0 < len(one) <= LONGEST_GROUP)
    return tuple(dict.fromkeys(names))


def posts_of(groups: Iterable[str], policy: Policy) -> tuple[GivenPost, ...]:
    """All posts of all groups, by the rows of the policy. A code that nobody knows today gives none."""
    found: dict[tuple[Any, ...], GivenPost] = {}
    for group in groups:
        for row in policy.groups:
            fits = row.of(group)
            given = _given(fits, group, policy) if fits is not None else None
            if given is not None:
                found.setdefault((given.role, given.office, given.area, given.code), given)
    return tuple(found.values())


def _given(row: GroupRow, group: str, policy: Policy) -> GivenPost | None:
    office = policy.offices.get(row.office) if row.office is not None else None
    if row.office is not None and office is None:
        return None
    if row.area is not None and not AREA_FORM.fits(row.area):
        return None
    area = policy.area(row.area) if row.area is not None else policy.area(office.area) if office is not None else None
    if area is None or (office is not None and not policy.within(area.code, office.area)):
        return None
    if (row.role in OF_AN_OFFICE and office is None) or (
        row.role is Role.ASSISTANT and area.level is not AreaLevel.VILLAGE
    ):
        return None
    return GivenPost(group=group, role=row.role, office=row.office, area=whole(area.code), code=row.post)


def to_end(held: Sequence[Post], given: Sequence[GivenPost]) -> list[Post]:
    """Posts that a group gave once and none gives any more; what an administrator gave stays."""
    return [post for post in held if post.by_group and not any(one.is_held_as(post) for one in given)]


def to_begin(held: Sequence[Post], given: Sequence[GivenPost]) -> list[GivenPost]:
    """Posts that nobody gave yet."""
    lasting = [post for post in held if post.ends_at is None]
    return [one for one in given if not any(one.is_held_as(post) for post in lasting)]


def names_for(identity: Identity) -> tuple[str, str]:
    """A name for the account, and another one for when that is somebody else's: names of accounts are never shared."""
    suffix = identity.hashed.hex()[:8]
    wanted = re.sub(r"@.*", "", login_of(identity.name))
    if not is_login(wanted) or is_personal(wanted):
        wanted = "sso"
        return f"{wanted}-{suffix}", f"{wanted}-{identity.hashed.hex()[:24]}"
    return wanted, f"{wanted[:LONGEST_BASE]}-{suffix}"
