"""Clocks of a case's window that wait for what happens to its lead's referral: routing's own word ends them."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from contracts.codes import ClockKind
from libraries.policies import Policy
from services.notify.domain.timers import Timer

CACHE_SIZE = 256


@lru_cache(maxsize=CACHE_SIZE)
def steps_for(kind: ClockKind, policy: Policy) -> frozenset[str]:
    """Steps of the lead's referral for which a clock of the window waits, in whatever matter."""
    rules = (rule for rule in policy.clocks if rule.clock is kind and rule.at_the_window)
    return frozenset(what.value for rule in rules for what in rule.meets if not what.of_a_case)


@lru_cache(maxsize=8)
def awaited_steps(policy: Policy) -> frozenset[str]:
    """Steps for which any clock of a window waits."""
    return frozenset(step for kind in ClockKind for step in steps_for(kind, policy))


def met_by(timer: Timer, steps: Mapping[str, datetime], policy: Policy) -> datetime | None:
    """When what it waits for has happened, as far as routing has said; none if it has not, or before it began."""
    if timer.referral_id is not None or timer.has_ended:
        return None
    wanted = steps_for(timer.kind, policy)
    return min((at for what, at in steps.items() if what in wanted and at >= timer.started_at), default=None)
