"""What happens to a case ends and starts clocks of its window, as the policy says of each kind."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.codes import ClockKind
from libraries.clocks.clock import LegalClock
from libraries.policies import Policy
from libraries.policies.kinds import ClockRule, Course, Happening, OnlyIf
from services.intake.domain.case import Case, a_clock
from services.intake.domain.change import (
    Accepted,
    Change,
    Closed,
    Declined,
    Fact,
    NoticeGiven,
    Registered,
    Reopened,
    Resolved,
    Supplemented,
    Terminated,
    Withdrawn,
)

HAPPENING_OF: Final[Mapping[type[Fact], Happening]] = MappingProxyType(
    {
        Registered: Happening.CASE_REGISTERED,
        NoticeGiven: Happening.CASE_SUPPLEMENT_REQUESTED,
        Supplemented: Happening.CASE_SUPPLEMENTED,
        Accepted: Happening.CASE_ACCEPTED,
        Declined: Happening.CASE_NOT_ACCEPTED,
        Withdrawn: Happening.CASE_WITHDRAWN,
        Resolved: Happening.CASE_RESOLVED,
        Terminated: Happening.CASE_TERMINATED,
        Closed: Happening.CASE_CLOSED,
        Reopened: Happening.CASE_REOPENED,
    }
)
ENDS: Final = frozenset({Happening.CASE_NOT_ACCEPTED, Happening.CASE_WITHDRAWN, Happening.CASE_TERMINATED})
"""After these nobody owes the case anything."""


def happens(change: Change, fact: Fact, policy: Policy, **changes: Any) -> Change:
    """The fact with what it changes of the case, then the clocks that it ends, then those that it starts."""
    return turns(change.says(fact, **changes), HAPPENING_OF[type(fact)], policy)


def turns(change: Change, what: Happening, policy: Policy) -> Change:
    """The clocks of the window after something happened to the case or to its lead's referral."""
    course = policy.course(change.case.category)
    change = change.meet(*course.meeting(what))
    change = change.cancel() if what in ENDS else change.cancel(course.cancelling(what))
    change = change.cancel(_idle(change.case, course))
    running = {clock.kind for clock in change.case.clocks}
    started = [
        _started(change, rule, what, policy)
        for rule in course.starting(what)
        if rule.clock not in running
        and _holds(rule, change.case)
        # A matter that the policy does not know any more has no limits of its own.
        and policy.find_limit(rule.clock, change.case.category) is not None
    ]
    return change.start(*started) if started else change


def _idle(case: Case, course: Course) -> frozenset[ClockKind]:
    """Clocks of missing material wait for nothing once everything is there."""
    kinds = (clock.kind for clock in case.clocks if not case.missing)
    return frozenset(kind for kind in kinds if course.rules[kind].only_if is OnlyIf.MATERIAL_MISSING)


def _holds(rule: ClockRule, case: Case) -> bool:
    return rule.only_if is not OnlyIf.MATERIAL_MISSING or bool(case.missing)


def _started(change: Change, rule: ClockRule, what: Happening, policy: Policy) -> LegalClock:
    """What counts from the registration counts from when the matter was received."""
    case = change.case
    at = case.received_at if what is Happening.CASE_REGISTERED else change.at
    return a_clock(case, rule.clock, at, policy)
