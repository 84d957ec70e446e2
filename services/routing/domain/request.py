"""The matter of a case as routing keeps it: what the rules may ask, and what its offices are told."""

from dataclasses import dataclass
from uuid import UUID

from libraries.policies import decision


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRequest(decision.Matter):
    case_id: UUID
    number: str
    first_contact_office: str
    judged: tuple[str, ...] = ()
    """Of a review: offices that have judged it before, in order. The last gave the result that is reviewed."""
