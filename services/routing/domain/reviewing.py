"""A result is reviewed (复查、复核): by an office above the one that gave it, and never by one that has judged before.

No rule of rules.yaml is asked: who stands above whom is a matter of the result, and not of the area.
"""

from contracts.codes import ReferralRole
from contracts.refusals import Fault, Refused
from contracts.reviews import ReviewResult
from contracts.submissions import Feedback
from libraries.policies import Policy
from libraries.policies.decision import RoutingDecision, Step, arbiter, coordinator, decide
from libraries.policies.reviewing import judged_by, reviewers, rule_of_round
from services.routing.domain.referral import Referral, Routing
from services.routing.domain.request import RoutingRequest

REVIEW = "review"
"""Stands in the place of a rule, and of whoever decided."""
RESULT = "attributes.result"


def may_judge(request: RoutingRequest, policy: Policy) -> tuple[str, ...]:
    """Who may judge the result, the best first."""
    rule = rule_of_round(policy, request.category)
    return tuple(reviewers(policy, rule, request.judged)) if rule is not None else ()


def decide_anew(routing: Routing, policy: Policy, *, without: frozenset[str] = frozenset()) -> RoutingDecision:
    """Where the case goes by itself: by the rules, or to the reviewer of its result. `without` have returned it."""
    request = routing.request
    if not request.judged:
        return decide(request, policy, without=without)
    seen = Step(looked_at=f"{REVIEW} of {request.judged[-1]}", outcome=f"judged before: {', '.join(request.judged)}")
    found = next((office for office in may_judge(request, policy) if office not in without), None)
    if found is not None:
        step = Step(looked_at=REVIEW, outcome=f"stands above: {found}")
        return RoutingDecision(rule=REVIEW, lead=found, trace=(seen, step))
    # Nobody is left who may judge: whoever coordinates has it until somebody names one, and is told so.
    chain = [arbiter(policy, request.area), coordinator(policy, request.area)]
    fit = (one for one in chain if one not in without and not judged_by(policy, request.judged, one))
    owner = next(fit, chain[-1])
    return RoutingDecision(rule=None, lead=owner, trace=(seen, Step(looked_at="fallback chain", outcome=owner)))


def cannot_judge(routing: Routing, role: ReferralRole, office: str, policy: Policy) -> Refused | None:
    """Whoever sends a review elsewhere names an office that may judge it."""
    if role is not ReferralRole.LEAD or not routing.request.judged:
        return None
    allowed = may_judge(routing.request, policy)
    return None if office in allowed else Refused(code="cannot_judge", facts={"offices": allowed})


def check_result(routing: Routing, referral: Referral, feedback: Feedback, policy: Policy) -> Refused | None:
    """Who has judged says what became of the result; of any other work there is no such word."""
    given = feedback.attributes.get("result")
    reviews = referral.role is ReferralRole.LEAD and rule_of_round(policy, routing.request.category) is not None
    if given is None:
        needed = reviews and bool(routing.request.judged)
        return Refused.of(Fault(RESULT, "result_missing", {"allowed": _ALLOWED})) if needed else None
    if not reviews:
        return Refused.of(Fault(RESULT, "not_a_review"))
    return None if given in set(ReviewResult) else Refused.of(Fault(RESULT, "result_missing", {"allowed": _ALLOWED}))


def result_of(feedback: Feedback) -> ReviewResult | None:
    given = feedback.attributes.get("result")
    return ReviewResult(str(given)) if given is not None else None


_ALLOWED = [one.value for one in ReviewResult]
