"""An answer that has reached our edge and is not settled yet: which clocks it could stop, if it is taken."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.codes import WINDOWS, ClockKind, FeedbackAction
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger

TRIGGER_OF: Final[Mapping[FeedbackAction, Trigger]] = MappingProxyType(
    {
        FeedbackAction.SIGN: Trigger.REFERRAL_SIGNED,
        FeedbackAction.ACCEPT: Trigger.REFERRAL_ACCEPTED,
        FeedbackAction.RETURN: Trigger.REFERRAL_RETURN_REQUESTED,
        FeedbackAction.EXTEND: Trigger.REFERRAL_EXTENSION_REQUESTED,
        FeedbackAction.PROGRESS: Trigger.REFERRAL_PROGRESS_REPORTED,
        FeedbackAction.COMPLETE: Trigger.REFERRAL_COMPLETED,
        FeedbackAction.FAIL: Trigger.REFERRAL_FAILED,
        FeedbackAction.CLASSIFY: Trigger.REFERRAL_CLASSIFIED,
    }
)
ENDS: Final = frozenset(
    {FeedbackAction.COMPLETE, FeedbackAction.FAIL, FeedbackAction.TRANSFER, FeedbackAction.CLASSIFY}
)
"""After these a referral is over, and no clock of it waits for anything."""
NEEDS_REASON: Final = frozenset(
    {FeedbackAction.RETURN, FeedbackAction.HOLD, FeedbackAction.EXTEND, FeedbackAction.FAIL, FeedbackAction.TRANSFER}
)
BREAKABLE: Final = frozenset(ClockKind) - WINDOWS


def stops(action: FeedbackAction, reason: str, policy: Policy) -> frozenset[ClockKind]:
    """Clocks of the answering office that would end or stand still by it; none if it must be refused.

    Of any matter: which one it is, only routing knows for certain. That what is asked for is possible as the referral
    stands is routing's to judge, and said at once; an answer that cannot be taken whatever stands there is none.
    """
    known = policy.reasons.get(reason)
    if action in NEEDS_REASON and (known is None or action.value not in known.uses):
        return frozenset()
    if action in ENDS:
        return BREAKABLE
    if action is FeedbackAction.HOLD:
        return known.stops & BREAKABLE if known is not None else frozenset()
    what = TRIGGER_OF.get(action)
    return frozenset(rule.clock for rule in policy.clocks if what in rule.meets or what in rule.cancels) & BREAKABLE
