"""A referral as pages show it, to the office that has it and to whoever decides on it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.codes import ReferralState
from services.portal import places
from services.portal.domain import work
from services.portal.domain.work import DueDate, Group
from services.portal.reading import open_applicant, read_if_allowed
from services.portal.visits import Visit


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One referral in a list."""

    referral: Mapping[str, Any]
    due: DueDate
    groups: frozenset[Group]


def item_of(referral: Mapping[str, Any], found: Visit) -> Item:
    calendar = found.policy.calendar_of(referral["office"])
    due = work.most_pressing(referral["clocks"], found.portal.business_now(), calendar)
    return Item(referral=referral, due=due, groups=work.groups_of(ReferralState(referral["state"]), due))


async def referral_values(found: Visit, one: Mapping[str, Any], purpose: str | None) -> dict[str, Any]:
    """Everything that this person may read of it, and of its case."""
    case, answers, story, applicant = await asyncio.gather(
        read_if_allowed(found, "intake", one["links"]["case"]),
        read_if_allowed(found, "routing", one["links"]["answers"]),
        read_if_allowed(found, "intake", one["links"]["timeline"]),
        open_applicant(found, one["links"]["applicant"], purpose),
    )
    return {
        "item": item_of(one, found),
        "one": one,
        "case": case,
        "answers": answers or (),
        "story": [entry for entry in story or () if entry.get(found.language)],
        "applicant": applicant,
        "purposes": found.policy.purposes.values(),
        "area_of": lambda code: places.address_of(found.policy, code),
    }
