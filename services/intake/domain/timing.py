"""What happens to a case ends and starts clocks of its window, as the policy says of each kind."""

from typing import Any, Final

from contracts.codes import ClockKind
from contracts.events.cases import CaseEvent
from libraries.clocks.clock import LegalClock
from libraries.clocks.schedule import ClockSet, end_by, to_start
from libraries.policies import Policy
from libraries.policies.clock_rules import ClockRule, ClockSchedule, OnlyIf, Trigger
from services.intake.domain.case import Case, new_clock
from services.intake.domain.change import Change

ENDS: Final = frozenset(
    {Trigger.CASE_NOT_ACCEPTED, Trigger.CASE_WITHDRAWN, Trigger.CASE_MERGED, Trigger.CASE_TERMINATED}
)
"""After these nobody owes the case anything."""


def emit_trigger(change: Change, event: type[CaseEvent], policy: Policy, **said: Any) -> Change:
    """The event, then the clocks that it ends, then those that it starts."""
    return apply_trigger(change.emit(event, **said), Trigger(event.TYPE), policy)


def apply_trigger(change: Change, trigger: Trigger, policy: Policy) -> Change:
    """The clocks of the window after something happened to the case or to its lead's referral.

    The very same change if nothing happened to them.
    """
    case, schedule = change.case, policy.schedule(change.case.category)
    clocks = end_by(change.clocks, [trigger], schedule, over=trigger in ENDS)
    clocks = clocks.cancel(idle(clocks, case, schedule))
    started = [
        _started(change, rule, trigger, policy)
        for rule in to_start(clocks, [trigger], schedule)
        # A matter that the policy does not know any more has no limits of its own.
        if holds(rule, case) and policy.find_limit(rule.clock, case.category) is not None
    ]
    return change.with_clocks(clocks.start(started, policy))


def idle(clocks: ClockSet, case: Case, schedule: ClockSchedule) -> frozenset[ClockKind]:
    """Clocks of missing material wait for nothing once everything is there."""
    kinds = (clock.kind for clock in clocks.open() if not case.missing)
    return frozenset(kind for kind in kinds if schedule.rules[kind].only_if is OnlyIf.MATERIAL_MISSING)


def holds(rule: ClockRule, case: Case) -> bool:
    """Whether the clock is one of such a case."""
    return rule.only_if is not OnlyIf.MATERIAL_MISSING or bool(case.missing)


def _started(change: Change, rule: ClockRule, trigger: Trigger, policy: Policy) -> LegalClock:
    """What counts from the registration counts from when the matter was received."""
    case = change.case
    at = case.received_at if trigger is Trigger.CASE_REGISTERED else change.at
    return new_clock(case, rule.clock, at, policy)
