"""Areas that moved away from under their offices, and who has such an office's work in them since.

An area has moved where others lie above it than have the ground of those that lay above it before. A county that is
merged or gets another code takes its townships along; there each office has a successor, whatever the area.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

from libraries.policies.decision import SUPERIORS, arbiter, coordinator
from libraries.policies.model import Policy
from libraries.policies.tree import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """An office that had the work of its role in an area until the area moved."""

    since: date
    """First day on which it is so no more."""
    heir: str | None
    """Who has it today; nobody where no office up the tree has the role."""


@lru_cache(maxsize=16384)
def left(policy: Policy, area: str) -> Mapping[str, Left]:
    """The offices that an area has moved away from, by code."""
    found: dict[str, Left] = {}
    for was, since in _before_moving(policy, area):
        found |= {code: Left(since=since, heir=heir) for code, heir in _other_offices(was, policy, area)}
    return MappingProxyType(found)


@lru_cache(maxsize=16384)
def superiors_left(policy: Policy, area: str) -> frozenset[str]:
    """The offices that decided on returns in an area, or between offices, until it moved, and do so no more."""
    were = {code for was, _ in _before_moving(policy, area) for code in _superiors(was, area)}
    return frozenset(were - _superiors(policy, area)) if were else frozenset()


def office_now(policy: Policy, office: str, area: str, sent_on: date | None = None) -> str:
    """Who has today what an office had of an area; the office itself where nothing of that changed.

    `sent_on` is the day of which somebody chose the office by hand: from when the area had moved, that choice stands.
    """
    gone = left(policy, area).get(office)
    if gone is None or gone.heir is None or (sent_on is not None and sent_on >= gone.since):
        return policy.office_code_now(office)
    return gone.heir


def had(policy: Policy, office: str, area: str, *, heir: str, at: datetime | None = None) -> bool:
    """Whether an office still had at a moment, or ever, what another has of the area since it moved."""
    codes = (area, *(code for code in policy.tree.ended if policy.area_code_now(code) == area))
    found = (left(policy, code).get(office) for code in codes)
    day = policy.calendar.date_of(at) if at is not None else date.min
    return any(gone is not None and gone.heir == heir and day < gone.since for gone in found)


@lru_cache(maxsize=16)
def ownerless(policy: Policy) -> frozenset[str]:
    """Where an area has moved and no office up its tree has a role that it had before: `office/area`."""
    everywhere = ((area, left(policy, area)) for area in policy.areas)
    return frozenset(f"{code}/{area}" for area, gone in everywhere for code, one in gone.items() if one.heir is None)


@lru_cache(maxsize=16)
def ownerless_later(policy: Policy) -> frozenset[str]:
    """The same for areas that will move."""
    found: set[str] = set()
    for number in range(_number(policy), len(policy.periods) - 1):
        was, then = _in_period(policy, number), _in_period(policy, number + 1)
        for area in (area for area in then.areas if _moved(was, then, area)):
            found |= {f"{code}/{area}" for code, heir in _other_offices(was, then, area) if heir is None}
    return frozenset(found)


def _before_moving(policy: Policy, area: str) -> Iterator[tuple[Policy, date]]:
    """The policy of each time in which the area lay elsewhere, and the day on which that ended."""
    for number in range(_number(policy)):
        was = _in_period(policy, number)
        if _moved(was, policy, area):
            yield was, policy.periods[number + 1].since


def _moved(was: Policy, now: Policy, area: str) -> bool:
    code = whole(area)
    unknown = code not in was.areas and code not in was.tree.ended
    if unknown and now.knows_area(code):
        # It has not begun: its digits may name a county in which it never lay.
        return False
    before = tuple(dict.fromkeys(now.area_code_now(above.code) for above in was.upwards(code)))
    return before != tuple(above.code for above in now.upwards(code))


def _other_offices(was: Policy, now: Policy, area: str) -> Iterator[tuple[str, str | None]]:
    """The offices of an area that are others today, each with who has its role there instead."""
    for role in _roles(was):
        before, after = was.office_near(role, area), now.office_near(role, area)
        if before is not None and before.role == role and (after is None or after.code != before.code):
            yield before.code, after.code if after is not None else None


def _superiors(policy: Policy, area: str) -> frozenset[str]:
    if _roles(policy).isdisjoint(SUPERIORS):
        return frozenset()
    return frozenset({coordinator(policy, area), arbiter(policy, area)})


def _number(policy: Policy) -> int:
    return next((number for number, period in enumerate(policy.periods) if period.offices is policy.offices), 0)


@lru_cache(maxsize=128)
def _in_period(policy: Policy, number: int) -> Policy:
    return policy.in_period(number)


@lru_cache(maxsize=128)
def _roles(policy: Policy) -> frozenset[str]:
    return frozenset(office.role for office in policy.offices.values())
