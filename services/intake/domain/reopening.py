"""Until when the applicant may have a case opened again: no delay of the window takes that away."""

from datetime import datetime

from libraries.deadlines import due
from libraries.policies import Policy
from libraries.policies.reviewing import rule_of_round
from services.intake.domain.case import Case


def right_until(case: Case, policy: Policy, *, called_back_at: datetime | None) -> datetime | None:
    """The later of two ends: so long after it was resolved, and so long after a call-back first reached the applicant.

    Until one has, the first end is all that can be told. None of a case that is not resolved, and none of a review:
    who does not accept that asks for the next one.
    """
    if case.resolved_at is None or rule_of_round(policy, case.category) is not None:
        return None
    calendar = policy.calendar_of(case.first_contact_office)
    begun = [(case.resolved_at, policy.reopening.within)]
    # One that lies before belongs to an earlier round.
    if called_back_at is not None and called_back_at >= case.resolved_at:
        begun.append((called_back_at, policy.reopening.after_callback))
    ends = [due(moment, limit, calendar=calendar).due_at for moment, limit in begun]
    return max((end for end in ends if end is not None), default=None)
