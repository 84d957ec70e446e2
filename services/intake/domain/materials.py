"""Whether codes are material that the policy asks for somewhere."""

from collections.abc import Collection

from contracts.refusals import Fault
from libraries.policies import Policy


def material_fault(policy: Policy, codes: Collection[str], field: str) -> Fault | None:
    """What is wrong with them, with all codes that the policy has; `None` if they are known."""
    known = {material.code for category in policy.categories.values() for material in category.materials}
    return None if known.issuperset(codes) else Fault(field, "unknown_material", {"known": known})
