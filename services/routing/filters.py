"""Which referrals a caller finds in a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import OF_AN_OFFICE
from libraries.policies import Policy
from libraries.runtime.database.bulk import among
from libraries.runtime.database.ranges import inside
from libraries.runtime.web.auth import Principal, Role
from services.routing import access, store
from services.routing.domain.referral import Referral, Routing
from services.routing.tables import clocks, referrals, routed_cases

AREA_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralFilter:
    """What is asked for; `None` asks for nothing."""

    offices: Sequence[str] | None
    """Codes of one."""
    case_id: UUID | None
    state: str | None
    due_before: datetime | None
    decider: str | None


async def list_visible(
    conn: AsyncConnection, user: Principal, wanted: ReferralFilter, policy: Policy, *, after: UUID | None, limit: int
) -> list[tuple[Routing, Referral]]:
    """In the order of dispatch.

    Of one case everything that the matrix shows to the caller; else what lies in the caller's area or was taken there,
    and for an officer the own office's part alone.
    """
    statement = _asked(wanted)
    if after is not None:
        statement = statement.where(referrals.c.referral_id > after)
    if wanted.case_id is None:
        statement = _visible(statement, user, wanted, policy).limit(limit)
    pairs = await _loaded(conn, [row.referral_id for row in await conn.execute(statement)])
    if wanted.case_id is not None:
        pairs = [pair for pair in pairs if access.sees(user, pair[1], access.relations_of(user, pair[0]))]
    return pairs[:limit]


async def _loaded(conn: AsyncConnection, found: Sequence[UUID]) -> list[tuple[Routing, Referral]]:
    cases = await store.find_cases_of(conn, found)
    routings = await store.list_routings(conn, cases.values())
    return [(routings[cases[one]], routings[cases[one]].referral(one)) for one in found]


def _asked(wanted: ReferralFilter) -> Select[tuple[UUID]]:
    statement = select(referrals.c.referral_id).order_by(referrals.c.referral_id)
    if wanted.offices is not None:
        statement = statement.where(among(referrals.c.office, wanted.offices))
    equals = {"case_id": wanted.case_id, "state": wanted.state, "decider": wanted.decider}
    for name, value in equals.items():
        if value is not None:
            statement = statement.where(referrals.c[name] == value)
    if wanted.due_before is not None:
        due = select(clocks.c.referral_id).where(clocks.c.stopped_at.is_(None), clocks.c.due_at < wanted.due_before)
        statement = statement.where(referrals.c.referral_id.in_(due))
    return statement


def _visible(
    statement: Select[tuple[UUID]], user: Principal, wanted: ReferralFilter, policy: Policy
) -> Select[tuple[UUID]]:
    if user.role in OF_AN_OFFICE:
        column = referrals.c.office if wanted.decider is None else referrals.c.decider
        return statement.where(among(column, policy.codes_of_office(user.office)))
    if user.role is Role.APPLICANT:
        return statement.where(referrals.c.case_id == user.case)
    areas = policy.ranges_within(user.area)
    if areas is None:
        return statement
    # An office's code ends with its area: a window sees what it took, wherever the matter lies.
    taken_in = func.right(routed_cases.c.first_contact_office, AREA_DIGITS)
    there = or_(inside(routed_cases.c.area, areas), inside(taken_in, areas))
    return statement.where(referrals.c.case_id.in_(select(routed_cases.c.case_id).where(there)))
