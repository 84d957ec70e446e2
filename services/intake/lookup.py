"""Finding a case for a caller, by id or number; and which window a caller is."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import store
from services.intake.domain.case import Case
from services.intake.domain.numbers import is_case_number
from services.policies import Policy
from services.runtime.auth import Principal
from services.runtime.failures import Rejected


async def find_visible(conn: AsyncConnection, user: Principal, key: str) -> Case:
    """The case, if there is one and the caller may know of it; an outsider learns nothing, not even that it exists."""
    wanted = _id_or_number(key)
    case = await store.find_case(conn, wanted) if wanted is not None else None
    if case is None or not sees(user, case):
        raise Rejected("not_found")
    return case


def window_of(user: Principal, policy: Policy) -> str | None:
    """The office of the token, or the desk of its township; `None` for who speaks for a larger area."""
    if user.office in policy.offices:
        return user.office
    desk = policy.office_near("township", user.area) if user.area is not None else None
    return desk.code if desk is not None else None


def sees(user: Principal, case: Case) -> bool:
    """Any window takes any matter, and stays responsible for what it took (首问首办)."""
    return user.sees(case.area) or user.sees(case.first_contact_area)


def _id_or_number(key: str) -> UUID | str | None:
    if is_case_number(key):
        return key
    try:
        return UUID(key)
    except ValueError:
        return None
