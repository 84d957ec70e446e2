"""Finding a case for a caller, by id or number."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import store
from services.intake.domain.case import Case
from services.intake.domain.numbers import is_case_number
from services.runtime.auth import Principal
from services.runtime.failures import Rejected


async def find_visible(conn: AsyncConnection, user: Principal, key: str) -> Case:
    """The case, if there is one and the caller's area holds it; an outsider learns nothing, not even that it exists."""
    wanted = _id_or_number(key)
    case = await store.find_case(conn, wanted) if wanted is not None else None
    if case is None or not user.sees(case.area):
        raise Rejected("not_found")
    return case


def _id_or_number(key: str) -> UUID | str | None:
    if is_case_number(key):
        return key
    try:
        return UUID(key)
    except ValueError:
        return None
