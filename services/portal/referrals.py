"""A referral as pages show it, to the office that has it and to whoever decides on it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response

from contracts.codes import ReferralRole, ReferralState
from libraries.clocks.wording import address_of, office_of
from services.portal.attaching import chooser_of, may_attach
from services.portal.domain import work
from services.portal.domain.links import Link, may_hand_on
from services.portal.domain.live import mark_of
from services.portal.domain.work import DueDate, Group
from services.portal.explaining import main_part
from services.portal.look import page
from services.portal.reading import open_applicant, read_if_allowed, read_question
from services.portal.remote import Caller
from services.portal.visits import Visit

INBOX_PAGE: Final = "/inbox"
"""Whose pages show documents."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One referral in a list."""

    referral: Mapping[str, Any]
    due: DueDate
    groups: frozenset[Group]

    @property
    def mark(self) -> str:
        return mark_of(self.referral["state"], self.due.kind, self.due.pressure, self.due.at)


def item_of(referral: Mapping[str, Any], found: Visit) -> Item:
    calendar = found.policy.calendar_of(referral["office"])
    due = work.most_pressing(referral["clocks"], found.portal.business_now(), calendar)
    return Item(referral=referral, due=due, groups=work.groups_of(ReferralState(referral["state"]), due))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralScreen:
    """A referral on somebody's screen: who asks for it, and where its page stands."""

    visit: Visit
    caller: Caller
    referral_id: UUID
    base: str
    """The list that it was opened from."""
    link: Link | None = None
    """Of whoever has no account."""

    @property
    def own(self) -> str:
        return f"{self.base}/{self.referral_id}"


async def referral_values(screen: ReferralScreen, one: Mapping[str, Any], purpose: str | None) -> dict[str, Any]:
    """Everything that this person may read of it, and of its case."""
    found, caller = screen.visit, screen.caller
    about = None if one["role"] == ReferralRole.CHECK else one["links"]["case"]
    has_pages = screen.link is None and about is not None
    case, answers, timeline, applicant, question, attachments, documents = await asyncio.gather(
        read_if_allowed(caller, "intake", about),
        read_if_allowed(caller, "routing", one["links"]["answers"]),
        read_if_allowed(caller, "intake", one["links"]["timeline"]),
        open_applicant(found, caller, one["links"]["applicant"], purpose),
        read_question(caller, one["links"]["question"] if one["links"]["applicant"] else None),
        read_if_allowed(caller, "intake", f"{about}/attachments" if has_pages else None),
        read_if_allowed(
            caller, "intake", f"{about}/documents" if about is not None and screen.base == INBOX_PAGE else None
        ),
    )
    return {
        "base": screen.base,
        "own": screen.own,
        "item": item_of(one, found),
        "one": one,
        "case": case,
        "answers": answers or (),
        "timeline": [entry for entry in timeline or () if entry.get(found.language)],
        "applicant": applicant,
        "question": question,
        "attachments": attachments,
        "documents": documents or (),
        "may_attach": has_pages and may_attach(case),
        **chooser_of(case),
        "purposes": [each for each in found.policy.purposes.values() if one["purpose"] in {None, each.code}],
        "area_of": lambda code: address_of(found.policy, code),
        "office_name": lambda code: office_of(found.policy, code)[0 if found.language == "zh" else 1],
        "link": screen.link,
        "hands_on": found.session is not None and screen.link is None and may_hand_on(found.session.post, one),
    }


async def why_of(screen: ReferralScreen, *, clock: str | None) -> Response[Any]:
    """Why its dates are what they are, day by day, of one clock or of all."""
    found = screen.visit
    asked = {"format": "html", "lang": found.language, "clock": clock}
    told = await screen.caller.text("routing", f"/v1/referrals/{screen.referral_id}/explain", asked)
    path = f"{screen.own}/why" + (f"?clock={clock}" if clock else "")
    return page(found, "why.html", path=path, main=main_part(told), back=screen.own)
