"""Which matter somebody means, and which of the places around: to choose from where a case is classified anew."""

from typing import Any

from libraries.policies import Policy
from libraries.policies.decision import coordinator
from services.portal import places
from services.portal.visits import Visit


def new_matter(found: Visit, area: str, *, unclassified: bool = False) -> dict[str, Any]:
    """What a page needs for it. A window alone may still say that it is not sure which."""
    return {"matters": _matters(found, unclassified=unclassified), "places_near": _places(found.policy, area)}


def not_sure(policy: Policy) -> list[Any]:
    """Matters under which a window registers what it cannot tell."""
    return [category for category in policy.categories.values() if policy.unclassified(category.code)]


def _matters(found: Visit, *, unclassified: bool) -> list[tuple[str, str]]:
    policy, english = found.policy, found.language == "en"
    return [
        (one.code, f"{one.field.label(found.language)} · {one.en if english else one.zh}")
        for one in policy.categories.values()
        if unclassified or not policy.unclassified(one.code)
    ]


def _places(policy: Policy, area: str) -> list[tuple[str, str]]:
    """The area of who coordinates the case, and those directly below it."""
    office = policy.offices.get(coordinator(policy, area))
    return places.areas_near(policy, office.area if office is not None else area)
