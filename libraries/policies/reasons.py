"""Whether a reason that somebody names may be used for what is done."""

from contracts.refusals import Fault, Refused
from libraries.policies.model import Policy


def reason_fault(
    policy: Policy, code: str, use: str, *, field: str = "reason", refusal: str = "unknown_reason"
) -> Fault | None:
    """What is wrong with it, with the codes that the policy has for this use; `None` if it is one of them."""
    known = policy.reasons.get(code)
    if known is not None and use in known.uses:
        return None
    allowed = sorted(each.code for each in policy.reasons.values() if use in each.uses)
    return Fault(field, refusal, {"allowed": allowed})


def refused_reason(
    policy: Policy, code: str, use: str, *, field: str = "reason", refusal: str = "unknown_reason"
) -> Refused | None:
    """The same as a refusal of the whole act."""
    fault = reason_fault(policy, code, use, field=field, refusal=refusal)
    return Refused.of(fault) if fault is not None else None
