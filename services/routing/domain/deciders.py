"""Whose word it is: who decides on a return or on more time, sends elsewhere, takes back, puts a pause right."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from contracts.codes import ClockKind
from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.policies.approvers import Decides
from libraries.policies.decision import SUPERIORS, arbiter, coordinator
from libraries.policies.moving import superiors_left
from services.routing.domain.referral import Referral, Routing


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """For whom somebody speaks. Without an office: for whoever decides in the area; without both: everywhere."""

    office: str = ""
    area: str = ""
    """12 digits."""


def asked_to_decide(routing: Routing, referral: Referral, policy: Policy) -> str:
    """Who decides on a return that this office asks for: the sender, or the common superior of those who disagree.

    Nobody decides on a return of its own: there the superior stands in for the sender.
    """
    area = routing.request.area
    sender = coordinator(policy, area)
    return arbiter(policy, area) if sender == referral.office or routing.contested(referral) else sender


def decides_itself(routing: Routing, referral: Referral, policy: Policy) -> bool:
    """Whether nobody stands above the office to whom it could return this."""
    return asked_to_decide(routing, referral, policy) == referral.office


def decides_on_extension(routing: Routing, referral: Referral, approver: str, policy: Policy) -> str:
    """The office of who has to agree that this office gets more time, as the policy names it."""
    area = routing.request.area
    match policy.decides(approver):
        case Decides.OFFICE:
            return referral.office
        case Decides.COORDINATOR:
            sender = coordinator(policy, area)
            return arbiter(policy, area) if sender == referral.office else sender
        case Decides.SUPERIOR:
            return arbiter(policy, area)
        case Decides.GOVERNMENT:
            office = policy.office_near(SUPERIORS[-1], area)
            return office.code if office is not None else arbiter(policy, area)
        case _ as never:
            assert_never(never)


def decider(routing: Routing, referral: Referral, policy: Policy) -> str:
    """The office whose word it is: who was asked to decide on its return, who has settled it, or else its sender."""
    asked = next(iter(referral.open_clocks({ClockKind.RETURN_DECISION})), None)
    if asked is not None:
        return asked.office
    if referral.arbitrated_by is None:
        return coordinator(policy, routing.request.area)
    settled = referral.arbitrated_by
    left = settled in superiors_left(policy, routing.request.area)
    return arbiter(policy, routing.request.area) if left else policy.office_code_now(settled)


def decides_now(office: str, routing: Routing, referral: Referral, area: str, policy: Policy) -> str:
    """Who decides in an office's place today. `area` is where the matter lay, by the code that it had."""
    if office in superiors_left(policy, area):
        if referral.extension is not None:
            return decides_on_extension(routing, referral, referral.extension.approver, policy)
        return asked_to_decide(routing, referral, policy)
    return policy.office_code_now(office)


def decides(routing: Routing, referral: Referral, policy: Policy) -> tuple[str, ...]:
    """All whose word it is, nearest first: a superior of the sender may step in where nothing was asked or settled."""
    nearest = decider(routing, referral, policy)
    if referral.arbitrated_by or referral.open_clocks({ClockKind.RETURN_DECISION}):
        return (nearest,)
    return tuple(dict.fromkeys((nearest, *_above(nearest, policy))))


def coordinates(routing: Routing, policy: Policy) -> tuple[str, ...]:
    """Who sees to it that a case goes on, whoever settled where it goes: its coordinator, and those above."""
    nearest = coordinator(policy, routing.request.area)
    return tuple(dict.fromkeys((nearest, *_above(nearest, policy))))


def office_of(authority: Authority, deciders: tuple[str, ...], policy: Policy) -> str | None:
    """As which of them the caller speaks; none if as no one."""
    return next((office for office in deciders if _speaks_for(authority, office, policy)), None)


def not_the_decider(deciders: tuple[str, ...]) -> Refused:
    return Refused(code="not_the_decider", facts={"deciders": deciders})


def out_of_area(authority: Authority, speaks_as: str, to: str, policy: Policy) -> Refused | None:
    """Nobody sends a case to an office outside of the own area."""
    there = policy.offices.get(to)
    own = policy.offices.get(speaks_as)
    limits = [area for area in (own.area if own is not None else "", authority.area) if area]
    if there is None or all(policy.within(there.area, area) for area in limits):
        return None
    return Refused(code="out_of_area", facts={"areas": limits})


def _speaks_for(authority: Authority, office: str, policy: Policy) -> bool:
    if authority.office:
        return authority.office == office
    known = policy.offices.get(office)
    return not authority.area or (known is not None and known.area == authority.area)


def _above(office: str, policy: Policy) -> Iterator[str]:
    """The coordinating offices of the areas above."""
    known = policy.offices.get(office)
    if known is None:
        return
    for area in policy.upwards(known.area):
        for role in SUPERIORS:
            if (superior := f"{role}-{area.code}") in policy.offices and area.code != known.area:
                yield superior
