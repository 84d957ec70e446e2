"""Between the domain and what others read: outgoing events with their copies, and HTTP bodies."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from contracts.clocks import ClockFacts
from contracts.codes import Consent, Field, ReferralRole, ReferralState, Sending
from contracts.events import CaseBound, Event
from contracts.events.cases import CaseAccepted
from contracts.events.clocks import clocks_in
from contracts.events.referrals import FeedbackReceived, ReferralEvent, ReferralOfficeSucceeded
from contracts.topics import OFFICE_REFERRALS
from contracts.tracing import Trace
from libraries.clocks.check_wording import purpose_of
from libraries.clocks.views import ClockView, view_of
from libraries.clocks.wording import approver_of, office_if_any, office_of, reason_of
from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.outbox.journal import Outgoing
from services.routing.domain.referral import Change, ExtensionRequest, Referral, Routing
from services.routing.domain.request import RoutingRequest

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class ExtensionView(msgspec.Struct, frozen=True, kw_only=True):
    """More time that an office asks for. Until when it is decided stands with the clock `extension_decision`."""

    by: str
    """How much longer, for example `10wd`."""
    reason: str
    reason_zh: str
    reason_en: str
    approver: str
    approver_zh: str
    approver_en: str
    asked_at: datetime


class ReferralView(msgspec.Struct, frozen=True, kw_only=True):
    """One office's part of a case over HTTP. No word about the applicant."""

    referral_id: UUID
    case_id: UUID
    number: str
    office: str
    office_zh: str
    office_en: str
    role: ReferralRole
    state: ReferralState
    state_zh: str
    round: int
    field: Field
    category: str
    category_zh: str
    category_en: str
    area: str
    dispatched_at: datetime
    ended_at: datetime | None
    deemed: bool
    return_locked: bool
    supersedes: UUID | None
    decider: str | None
    """The office that has to decide on its return or on more time, while one is asked for."""
    decider_zh: str | None
    decider_en: str | None
    extension: ExtensionView | None
    sent_as: Sending
    """As what it was sent: a dispatch, or what a lead did."""
    sent_as_zh: str
    consent: Consent | None
    purpose: str | None
    """Of a check: for what it is asked."""
    purpose_zh: str | None
    purpose_en: str | None
    asked_by: str | None
    """Of a check: the office that asks."""
    asked_by_zh: str | None
    asked_by_en: str | None
    urged_at: datetime | None
    judged: tuple[str, ...]
    """Of a review (复查、复核): offices that have judged before, in order. The last gave the result at hand."""
    clocks: tuple[ClockView, ...]


def to_request(event: CaseAccepted) -> RoutingRequest:
    return RoutingRequest(
        case_id=event.case_id,
        number=event.number,
        category=event.category,
        field=event.field,
        area=event.area,
        attributes=event.attributes,
        first_contact_office=event.first_contact_office,
        accepted_at=event.accepted_at,
    )


def to_outgoing(
    changes: Iterable[Change], policy: Policy, *, trace: Trace | None = None, doer: Doer | None = None
) -> Iterator[Outgoing]:
    """What the changes say, in order; an office that speaks Kafka gets a copy of what is about itself."""
    for change in changes:
        if change.pending:
            raise ValueError("clocks moved without a cause")
        for event in change.events:
            yield Outgoing(event=event, at=change.at, copies=copies_of(event, policy), trace=trace, doer=doer)


def copies_of(event: Event, policy: Policy) -> tuple[str, ...]:
    """Whoever has an office's work today gets its copies, and the office itself as long as it may still read."""
    codes = list(_about(event))
    if isinstance(event, ReferralOfficeSucceeded):
        codes.append(event.predecessor)
    found = [known.code for code in codes for known in (policy.office_now(code), policy.office(code)) if known]
    return tuple(OFFICE_REFERRALS.named(code) for code in dict.fromkeys(found) if hears_by_kafka(code, policy))


def hears_by_kafka(office: str, policy: Policy) -> bool:
    """Also one that is no more: it may not have learnt of that yet."""
    known = policy.office(office)
    return known is not None and "kafka" in known.channels


def _about(event: Event) -> Iterator[str]:
    """The offices that an event is about: of the referral or the answer, and whoever has a clock by it."""
    if isinstance(event, ReferralEvent):
        yield event.office
    if isinstance(event, FeedbackReceived):
        yield event.sender
    if isinstance(event, CaseBound):
        yield from (clock.office for clock in clocks_in(event) if isinstance(clock, ClockFacts))


def version_of(referral: Referral) -> str:
    """Of a referral as it stands: when something was done with it last, and what is due when."""
    moved = sum(clock.version for clock in referral.clocks)
    return f"{(referral.changed_at - EPOCH) // MICROSECOND}.{moved}"


def moment_of(number: int | None) -> datetime | None:
    """When it was as somebody has seen it, by the number in front of the version."""
    try:
        return EPOCH + number * MICROSECOND if number is not None else None
    except OverflowError:
        return None


def to_view(referral: Referral, routing: Routing, policy: Policy) -> ReferralView:
    request = routing.request
    category = policy.categories.get(request.category)
    office_zh, office_en = office_of(policy, referral.office)
    decider = referral.decider
    decider_zh, decider_en = office_if_any(policy, decider)
    check = referral.check
    purpose_zh, purpose_en = purpose_of(policy, check.purpose) if check is not None else (None, None)
    asked_by_zh, asked_by_en = office_if_any(policy, check.asked_by if check is not None else None)
    return ReferralView(
        referral_id=referral.id,
        case_id=request.case_id,
        number=request.number,
        office=referral.office,
        office_zh=office_zh,
        office_en=office_en,
        role=referral.role,
        state=referral.state,
        state_zh=referral.state.zh,
        round=referral.round,
        field=request.field,
        category=request.category,
        category_zh=category.zh if category is not None else request.category,
        category_en=category.en if category is not None else request.category,
        area=request.area,
        dispatched_at=referral.dispatched_at,
        ended_at=referral.ended_at,
        deemed=referral.deemed,
        return_locked=referral.return_locked,
        supersedes=referral.supersedes,
        decider=decider,
        decider_zh=decider_zh,
        decider_en=decider_en,
        extension=_extension(referral.extension, policy),
        sent_as=referral.sent_as,
        sent_as_zh=referral.sent_as.zh,
        consent=referral.consent,
        purpose=check.purpose if check is not None else None,
        purpose_zh=purpose_zh,
        purpose_en=purpose_en,
        asked_by=check.asked_by if check is not None else None,
        asked_by_zh=asked_by_zh,
        asked_by_en=asked_by_en,
        urged_at=referral.urged_at,
        judged=request.judged if referral.role is ReferralRole.LEAD and referral.live else (),
        clocks=tuple(view_of(clock, policy) for clock in referral.clocks),
    )


def _extension(asked: ExtensionRequest | None, policy: Policy) -> ExtensionView | None:
    if asked is None:
        return None
    (why_zh, why_en), (who_zh, who_en) = reason_of(policy, asked.reason), approver_of(policy, asked.approver)
    return ExtensionView(
        by=str(asked.by),
        reason=asked.reason,
        reason_zh=why_zh,
        reason_en=why_en,
        approver=asked.approver,
        approver_zh=who_zh,
        approver_en=who_en,
        asked_at=asked.asked_at,
    )
