"""Who hears of which event: what a subscription asks for, within what its holder may know."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import msgspec

from contracts.access import Access, Part, Relation, access
from contracts.codes import OF_AN_OFFICE, DeliveryChannel, Role
from contracts.events import EVENTS, CaseBound
from contracts.events.alerts import Notification, Supervision
from contracts.events.cases import CaseRegistered
from contracts.events.clocks import ClockAlert, ClockRecalculated
from contracts.events.referrals import FeedbackReceived, ReferralEvent

TYPES: Final = frozenset(event.TYPE for event in EVENTS.values() if issubclass(event, CaseBound))
SUBJECTS: Final = frozenset(name.partition(".")[0] for name in TYPES)
SUBSCRIBES: Final = (Role.TOWNSHIP, Role.OFFICER, Role.HEAD, Role.COORDINATOR, Role.OPS)
RELATION_OF: Final = {
    Role.TOWNSHIP: Relation.WINDOW,
    Role.OFFICER: Relation.LEAD,
    Role.HEAD: Relation.LEAD,
    Role.COORDINATOR: Relation.COORDINATOR,
    Role.OPS: Relation.OPS,
}
"""As which the matrix of who may read what knows the holder of a subscription."""


class Places(Protocol):
    """Where areas and offices stand today, as the running policy says."""

    def within(self, code: str, area: str) -> bool: ...
    def office_now(self, code: str) -> str: ...


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a subscription was made: as much of the token as its rights follow from."""

    subject: str
    role: Role
    office: str | None = None
    area: str | None = None
    """The installation's whole area where there is none."""
    sources: tuple[str, ...] | None = None
    """Of a township's system; `None` where nothing limits them."""
    partner: str = ""
    """Of the registry, whose subscription ends with it; empty of a token that is none of a partner."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Each part narrows; one that is empty lets everything through."""

    events: tuple[str, ...] = ()
    """Types as `referral.dispatched`, or subjects as `referral`."""
    area: str = ""
    """With all below it."""
    fields: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a subscription as it takes to decide what it hears."""

    id: UUID
    channel: DeliveryChannel
    holder: Holder
    filter: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What is known of the case of an event. A case that was heard of through a referral has no source yet."""

    area: str
    category: str
    field: str
    source: str | None = None
    """Empty of a case that was registered before sources were kept."""


def hears(listener: Listener, event: CaseBound, case: CaseFacts, places: Places) -> bool:
    """Whether a delivery is owed: it was asked for, and the holder may know of it."""
    wanted = listener.filter
    return (
        is_of_type(event.TYPE, wanted.events)
        and (not wanted.fields or case.field in wanted.fields)
        and (not wanted.categories or case.category in wanted.categories)
        and (not wanted.offices or _is_of(event, wanted.offices, places))
        and (not wanted.area or places.within(case.area, wanted.area))
        and may_know(listener.holder, event, case, places)
    )


def may_know(holder: Holder, event: CaseBound, case: CaseFacts, places: Places) -> bool:
    """An office its own referrals, a township what its systems registered, others what lies in their area."""
    inside = holder.area is None or places.within(case.area, holder.area)
    match holder.role:
        case role if role in OF_AN_OFFICE:
            return holder.office is not None and _is_of(event, (holder.office,), places)
        case Role.TOWNSHIP:
            source = event.source if isinstance(event, CaseRegistered) else case.source
            return inside and (holder.sources is None or source in holder.sources)
        case Role.COORDINATOR | Role.OPS:
            return inside
        case _:
            return False


def is_of_type(name: str, wanted: Iterable[str]) -> bool:
    """Whether a type was asked for, by its name or its subject; all are where nothing was."""
    asked = tuple(wanted)
    return not asked or name in asked or name.partition(".")[0] in asked


def offices_of(event: CaseBound) -> frozenset[str]:
    """The offices whose own affair an event is: those to whose topic it goes, or whose clock it is about."""
    if isinstance(event, FeedbackReceived):
        return frozenset({event.sender})
    if isinstance(event, ClockRecalculated):
        return frozenset(clock.office for clock in event.clocks)
    if isinstance(event, Notification):
        return frozenset({event.office} - {""})
    if isinstance(event, ReferralEvent | ClockAlert | Supervision):
        return frozenset({event.office})
    return frozenset()


def knows_attributes(holder: Holder) -> bool:
    """Whether the matrix opens the answers of a case (事项要素) to the holder."""
    return access([RELATION_OF[holder.role]], Part.ATTRIBUTES) is not Access.DENIED


def _is_of(event: CaseBound, offices: Iterable[str], places: Places) -> bool:
    """An office that has passed into another is heard by its successor."""
    wanted = {places.office_now(office) for office in offices}
    return any(places.office_now(office) in wanted for office in offices_of(event))
