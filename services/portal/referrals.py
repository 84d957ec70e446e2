"""A referral as pages show it, to the office that has it and to whoever decides on it."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from contracts.codes import ReferralState
from libraries.clocks.wording import address_of
from services.portal.domain import work
from services.portal.domain.work import DueDate, Group
from services.portal.explaining import main_part
from services.portal.look import page
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
        read_if_allowed(found.caller, "intake", one["links"]["case"]),
        read_if_allowed(found.caller, "routing", one["links"]["answers"]),
        read_if_allowed(found.caller, "intake", one["links"]["timeline"]),
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
        "area_of": lambda code: address_of(found.policy, code),
    }


async def why_of(found: Visit, referral_id: UUID, *, base: str, clock: str | None) -> Response[Any]:
    """Why its dates are what they are, day by day, of one clock or of all; `base` is the list it was opened from."""
    asked = {"format": "html", "lang": found.language, "clock": clock}
    told = await found.caller.text("routing", f"/v1/referrals/{referral_id}/explain", asked)
    own = f"{base}/{referral_id}"
    path = f"{own}/why" + (f"?clock={clock}" if clock else "")
    return page(found, "why.html", path=path, main=main_part(told), back=own)
