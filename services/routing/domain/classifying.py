"""A desk says which matter it is that a window could not tell (归类): a change of category, as an office's act."""

from typing import Final

from contracts.codes import ReferralRole
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from libraries.policies import Policy
from libraries.policies.decision import coordinator
from libraries.policies.reasons import refused_reason
from services.routing.domain.reclassifying import CLASSIFIED, NewMatter, reclassify, requested
from services.routing.domain.referral import Change, Referral, Routing
from services.routing.domain.request import RoutingRequest
from services.routing.domain.timing import Context

USE: Final = "classify"
FIELDS: Final = "attributes."


def check(routing: Routing, referral: Referral, feedback: Feedback, policy: Policy) -> Refused | None:
    """Whether the desk may, and whether it names a matter and a place that there are."""
    if referral.role is not ReferralRole.LEAD:
        lead = routing.lead
        return Refused(code="only_the_lead_acts", facts={"lead": lead.office if lead is not None else None})
    if not policy.unclassified(routing.request.category):
        return Refused(code="classified_already", facts={"category": routing.request.category})
    if not feedback.attributes.get("category"):
        return Refused.of(Fault(f"{FIELDS}category", "missing"))
    now = _requested(routing, feedback, policy)
    return now if isinstance(now, Refused) else refused_reason(policy, _reason(feedback), USE)


def classify(change: Change, feedback: Feedback, context: Context) -> Change:
    """What was checked before, carried out."""
    now = _requested(change.routing, feedback, context.policy)
    assert not isinstance(now, Refused), "callers check it first"  # noqa: S101 -- a promise of the caller
    done = reclassify(
        change, feedback.referral_id, context, now, reason=_reason(feedback), feedback_id=feedback.feedback_id
    )
    assert not isinstance(done, Refused), "callers check it first"  # noqa: S101 -- a promise of the caller
    return done


def _requested(routing: Routing, feedback: Feedback, policy: Policy) -> RoutingRequest | Refused:
    """Inside the area of who coordinates the case: what lies elsewhere is the superior's to send."""
    given = {name: str(feedback.attributes.get(name, "")) for name in ("category", "area")}
    sender = policy.offices.get(coordinator(policy, routing.request.area))
    wanted = NewMatter(reason=_reason(feedback), prefix=FIELDS, **given)
    return requested(routing, wanted, policy, (sender.area,) if sender is not None else ())


def _reason(feedback: Feedback) -> str:
    return feedback.reason or CLASSIFIED
