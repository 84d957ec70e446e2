"""What a token alone makes of its bearer, and what the matrix of the contracts then allows."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from contracts.access import Access, Part, Relation, access
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, Role

NO_OFFICE: Final = frozenset({Role.OPS, Role.AUDITOR, Role.ADMINISTRATOR, Role.APPLICANT})
"""Who runs, looks after or is looked after speaks for no office, whatever the token names."""


def by_token(user: Principal, *, case_id: UUID, area: str, window: str) -> frozenset[Relation]:
    """Relations that follow from role, office and area of a token; those of referrals are each service's to know.

    `area` is where the matter lies, `window` the office that was asked first. Any window takes any matter, and stays
    responsible for what it took (首问首办).
    """
    window_area = window.rpartition("-")[2]
    inside = user.sees(area) or user.sees(window_area)
    match user.role:
        case Role.OPS:
            return frozenset({Relation.OPS} if inside else ())
        case Role.AUDITOR | Role.ADMINISTRATOR:
            return frozenset({Relation.AUDITOR} if inside else ())
        case Role.ASSISTANT:
            return frozenset({Relation.ASSISTANT} if user.sees(area) else ())
        case Role.LINK:
            return frozenset()
        case Role.APPLICANT:
            return frozenset({Relation.APPLICANT} if user.case == case_id else ())
        case _ if user.speaks_for(window):
            own = {Relation.WINDOW}
        case Role.TOWNSHIP | Role.CLERK if user.office is None and user.sees(window_area):
            own = {Relation.WINDOW}
        case Role.TOWNSHIP | Role.CLERK if inside:
            own = {Relation.AREA_WINDOW}
        case _:
            own = set()
    if user.role is Role.COORDINATOR and inside:
        own.add(Relation.COORDINATOR)
    return frozenset(own)


def known(relations: Collection[Relation]) -> None:
    """Raises `Rejected("not_found")` for a stranger, who learns nothing, not even that there is such a case."""
    if not relations:
        raise Rejected("not_found")


def demand(relations: Collection[Relation], part: Part) -> None:
    """Raises `Rejected` unless the matrix gives this part to one of the relations."""
    known(relations)
    if access(relations, part) is Access.DENIED:
        raise Rejected("not_allowed", part=part, relations=sorted(relations))
