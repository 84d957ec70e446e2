"""The applicant does not accept a result: whoever stands above its office judges it, in a round of the same case.

Whose result may be reviewed, until when and by whom, stands in the policy; so does where it ends (三级终结).
"""

from datetime import datetime
from typing import Any

from contracts.events.cases import CaseReviewRequested
from contracts.refusals import Refused
from libraries.deadlines import due
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.reviewing import reviewers, rule_of_round
from libraries.policies.reviews import AskedBy, ReviewRule
from services.intake.domain.case import Case, JudgedRound, expected
from services.intake.domain.change import Change
from services.intake.domain.states import Move, after
from services.intake.domain.timing import emit_trigger


def request_review(case: Case, at: datetime, policy: Policy, *, asked_by: AskedBy) -> Change | Refused:
    """Into a new round at an office that has not judged it yet, while the applicant has a right to it."""
    rule = policy.reviews.get(case.category)
    if rule is None:
        over = rule_of_round(policy, case.category) is not None
        return Refused(code="review_exhausted") if over else Refused(code="no_review")
    if after(case.state, Move.REVIEW) is None:
        possible = [each.value for each in Move if after(case.state, each) is not None]
        return Refused(
            code="illegal_move", facts={"state": case.state, "move": Move.REVIEW.value, "possible": possible}
        )
    if case.erased:
        return Refused(code="erased")
    if asked_by not in rule.asked_by:
        return Refused(code="review_asked_elsewhere", facts={"office": case.first_contact_office})
    until = review_until(case, policy)
    if until is None or at > until:
        return Refused(code="review_window_over", facts={"until": policy.calendar.local_or_none(until)})
    reviewer = next(reviewers(policy, rule, case.judges), None)
    if reviewer is None:
        return Refused(code="no_reviewer", facts={"office": case.lead_office})
    return _begun(Change(case=case, at=at), rule, reviewer, policy)


def reviewable(case: Case, policy: Policy) -> bool:
    """Whether there is an office that may judge the result, as far as the policy gives a review of it."""
    rule = policy.reviews.get(case.category)
    return rule is not None and next(reviewers(policy, rule, case.judges), None) is not None


def review_until(case: Case, policy: Policy) -> datetime | None:
    """As the applicant was told when it was resolved; none of what has no review, or no result."""
    rule = policy.reviews.get(case.category)
    if rule is None or case.resolved_at is None or case.erased:
        return None
    clock = next((clock for clock in case.clocks if clock.kind is rule.right), None)
    if clock is not None:
        return clock.announced(policy.calendar_of(clock.office)).due_at
    row, office = policy.find_limit(rule.right, case.category), case.first_contact_office
    if row is None:
        return None
    rules = policy.rules_of(row, office)
    return due(case.resolved_at, row.limit, calendar=policy.calendar_of(office), rules=rules).due_at


def next_round(case: Case) -> dict[str, Any]:
    """What another round changes of a case: its result belongs to the round that gave it."""
    judged = case.judged
    if case.lead_office is not None and case.resolved_at is not None:
        ended = JudgedRound(
            round=case.round,
            category=case.category,
            office=case.lead_office,
            resolved_at=case.resolved_at,
            result=case.result,
        )
        judged = (*judged, ended)
    return {"round": case.round + 1, "resolved_at": None, "called_back_at": None, "result": None, "judged": judged}


def _begun(change: Change, rule: ReviewRule, reviewer: str, policy: Policy) -> Change:
    case, matter = change.case, policy.categories[rule.becomes]
    change = change.transition(
        Move.REVIEW,
        **next_round(case),
        category=matter.code,
        field=matter.field,
        handling=expected(Trigger.REFERRAL_DISPATCHED, reviewer, change.at, matter.code, policy),
    )
    return emit_trigger(
        change,
        CaseReviewRequested,
        policy,
        requested_at=change.at,
        round=change.case.round,
        category=matter.code,
        category_before=case.category,
        field=matter.field,
        judged=change.case.judges,
    )
