"""Who asks notify, and what of it they may see."""

from functools import lru_cache
from typing import Any

from litestar import Request
from litestar.datastructures import State

from contracts.codes import OF_AN_OFFICE
from libraries.policies import Policy
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, Role, requires
from services.notify.figures.queries import Names

Call = Request[Principal, Any, State]

SEES = requires(Role.OFFICER, Role.HEAD, Role.COORDINATOR, Role.OPS)


@lru_cache(maxsize=4)
def names_of(policy: Policy) -> Names:
    return {code: (office.zh, office.en) for code, office in {**policy.former, **policy.offices}.items()}


def scope(user: Principal, office: str, area: str) -> tuple[str, str]:
    """Office and area that the caller may see: an officer's own office, a coordinator's own area and below."""
    if user.role in OF_AN_OFFICE:
        if user.office is None or office not in ("", user.office):
            raise Rejected("own_office_only" if user.office else "no_office")
        return user.office, ""
    if user.area is not None and not (area and user.sees(area)):
        if area:
            raise Rejected("outside_area")
        return office, user.area
    return office, area
