"""What an administrator does with the accounts of the own area, as rules without I/O."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from contracts.codes import OF_AN_OFFICE, AreaLevel, Role
from contracts.submissions import POST_FORM
from libraries.deadlines import Calendar
from libraries.policies import Policy
from libraries.policies.sign_in import GIVEN
from services.portal.domain.accounts import Account, Post

LONGEST_POST: Final = 32
LONGEST_LEAVE: Final = timedelta(days=366)

Within = Callable[[str, str], bool]
"""Whether a code lies in an area."""
Faults = Mapping[str, str]
"""By field, the end of the text that says what is wrong."""


class Act(StrEnum):
    """What stands on record of an account."""

    ADDED = "added"
    RESET = "reset"
    DISABLED = "disabled"
    ENABLED = "enabled"
    POST_ADDED = "post_added"
    POST_REMOVED = "post_removed"
    DEPUTY_ADDED = "deputy_added"
    SESSION_ENDED = "session_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPost:
    """A post to give."""

    role: Role
    office: str | None
    area: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """For how long a deputy stands in: whole days of the country's time."""

    begins_at: datetime
    ends_at: datetime


def manages(own: Post, account: Account, mine: Account, at: datetime, within: Within) -> bool:
    """Whether every post that the account holds lies in the own area, and it is not one's own.

    Who also holds a post elsewhere or above is another's to manage: a new password would open that post too.
    """
    held = account.held(at) or account.posts
    return account.id != mine.id and all(within(post.area, own.area) and post.role in GIVEN for post in held)


def post_of(typed: Mapping[str, str], own: Post, policy: Policy) -> tuple[RequestedPost | None, Faults]:
    """`area` is a code or empty: then it is the office's, or one's own."""
    faults: dict[str, str] = {}
    role = next((one for one in GIVEN if one == typed["role"]), None)
    office, code = typed["office"] or None, typed["code"]
    known = policy.offices.get(office) if office is not None else None
    area = typed["area"] or (known.area if known is not None else own.area)
    if role is None:
        faults["role"] = "say_role"
    if office is not None and (known is None or not policy.within(known.area, own.area)):
        faults["office"] = "no_such_office"
    elif role in OF_AN_OFFICE and office is None:
        faults["office"] = "say_office"
    elif role is Role.ASSISTANT and office is not None:
        faults["office"] = "no_office"
    if not policy.within(area, own.area) or (known is not None and not policy.within(area, known.area)):
        faults["area"] = "not_your_area"
    elif role is Role.ASSISTANT and _level(policy, area) is not AreaLevel.VILLAGE:
        faults["area"] = "say_village"
    if code and (len(code) > LONGEST_POST or not re.fullmatch(POST_FORM, code) or office is None):
        faults["code"] = "bad_code"
    if faults or role is None:
        return None, faults
    return RequestedPost(role=role, office=office, area=area, code=code), faults


def _level(policy: Policy, code: str) -> AreaLevel | None:
    area = policy.area(code)
    return area.level if area is not None else None


def leave_of(begins: str, ends: str, now: datetime, calendar: Calendar) -> tuple[Leave | None, Faults]:
    """Both days belong to it."""
    first, last = _day(begins), _day(ends)
    faults = {name: "say_day" for name, day in (("begins", first), ("ends", last)) if day is None}
    if first is None or last is None:
        return None, faults
    if last < first or last < calendar.date_of(now):
        return None, {"ends": "ends_before"}
    if last - first > LONGEST_LEAVE:
        return None, {"ends": "too_long"}
    start, end = (calendar.midnight(day.toordinal()) for day in (first, last + timedelta(days=1)))
    return Leave(begins_at=start, ends_at=end), {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
