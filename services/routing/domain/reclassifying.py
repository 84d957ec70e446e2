"""Another matter, or another place, while the case is handled: a new decision beside the old one.

The start of the legal time does not move. Clocks of the work go on by the law of the new matter, counted from the same
event and with the pauses that were; time that was granted by the law before stays only where that law is the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.codes import LEAD_WORK, WORK, ClockKind, ClockStatus, ReferralRole, Sending
from contracts.events.referrals import (
    ReferralClassified,
    ReferralReassigned,
    ReferralReclassified,
    RoutingReclassified,
)
from contracts.refusals import Fault, Refused
from libraries.clocks.clock import LegalClock, terms_of
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.decision import RoutingDecision, decide
from services.routing.domain.dispatching import offices_of, recall, send
from services.routing.domain.referral import Change, Referral, Routing, not_possible
from services.routing.domain.request import RoutingRequest
from services.routing.domain.states import Move
from services.routing.domain.timing import Context, apply_triggers

RECLASSIFIED: Final = "reclassified"
"""The policy's reason for taking a part back that the new matter does not need."""
CLASSIFIED: Final = "classified"
"""The policy's reason of a desk that names none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMatter:
    """What it is instead, and where it lies; what is empty stays as it was. `prefix` is of the fields' names."""

    category: str = ""
    area: str = ""
    reason: str
    prefix: str = ""


def requested(routing: Routing, wanted: NewMatter, policy: Policy, within: Iterable[str]) -> RoutingRequest | Refused:
    """The case as it is to be, or everything that is wrong with it. `within` are areas that the place must lie in."""
    was, faults = routing.request, []
    category = policy.categories.get(wanted.category or was.category)
    place = policy.area_for(wanted.area or was.area)
    if category is None:
        faults.append(Fault(f"{wanted.prefix}category", "unknown_category"))
    elif policy.unclassified(category.code) and category.code != was.category:
        faults.append(Fault(f"{wanted.prefix}category", "no_matter"))
    if place is None:
        ended = policy.tree.has_ended(wanted.area or was.area)
        faults.append(Fault(f"{wanted.prefix}area", "area_split" if ended else "unknown_area"))
    if faults or category is None or place is None:
        return Refused.of(*faults)
    if outside := [area for area in within if not policy.within(place.code, area)]:
        return Refused(code="place_outside", facts={"areas": outside})
    if (category.code, place.code) == (was.category, was.area):
        return Refused(code="same_matter")
    return replace(was, category=category.code, field=category.field, area=place.code)


def reclassify(
    change: Change,
    referral_id: UUID,
    context: Context,
    now: RoutingRequest,
    *,
    reason: str,
    feedback_id: str | None = None,
) -> Change | Refused:
    """The rules decide anew. Whoever has the lead keeps it if they name the same office again.

    A desk that has classified is done, and gets what is its own as any other office.
    """
    routing, policy = change.routing, context.policy
    lead = routing.referral(referral_id)
    if not lead.may(Move.CANCEL):
        return not_possible(lead, "reclassify")
    if lead.role is not ReferralRole.LEAD:
        return Refused(code="only_the_lead")
    if routing.request.judged:
        return Refused(code="review_goes_on")
    classified = policy.unclassified(routing.request.category) and not policy.unclassified(now.category)
    decision = decide(now, policy)
    before = replace(lead, clocks=tuple(under_law(clock, now, policy, lead.office) for clock in _work(lead, change.at)))
    # A question about the applicant is no part of the work: it stands whatever the matter is.
    checks = {one.id for one in routing.referrals if one.role is ReferralRole.CHECK}
    others = [one for one in routing.referrals if one.live and one.id not in {lead.id, *checks}]
    said_before = len(change.events)
    changed = replace(change, routing=replace(routing, request=now))
    keeps = not classified and decision.lead == lead.office
    if not keeps:
        changed = _ended(
            changed, lead, context, to=decision.lead, reason=reason, classified=classified, feedback_id=feedback_id
        )
    for other in others:
        if other.sent_as is Sending.DISPATCH and (other.office, other.role) not in set(offices_of(decision)):
            changed = recall(changed, other.id, context, RECLASSIFIED)
    changed = send(changed, decision, context, instead_of=before)
    for kept in [*([lead] if keeps else []), *others]:
        if changed.routing.referral(kept.id).live:
            changed = _kept(changed, kept.id, context, decision, reason)
    return _said_first(changed, said_before, lead, routing.request, reason, policy)


def under_law(clock: LegalClock, now: RoutingRequest, policy: Policy, office: str) -> LegalClock:
    """The clock of the work by the law of another matter: from the same start, and with the same pauses.

    Extensions stay where limit and law are the same; another law has another cap, and another who agrees.
    """
    kind = _kind(clock.kind, now.category, policy)
    row = policy.find_limit(kind, now.category)
    if row is None:
        return replace(clock, area=now.area)
    terms, was = terms_of(row, policy, office), clock.terms
    same = (terms.limit, terms.basis.source, terms.basis.article) == (was.limit, was.basis.source, was.basis.article)
    clock = replace(clock, kind=kind, area=now.area, latest=None)
    return replace(clock, terms=terms) if same else replace(clock, terms=terms, extensions=(), grants=())


def _kind(kind: ClockKind, category: str, policy: Policy) -> ClockKind:
    """What the lead's work is called there; a later round is a later round of any matter."""
    if kind not in LEAD_WORK or kind is ClockKind.REWORK:
        return kind
    rules = policy.schedule(category).starting(Trigger.REFERRAL_DISPATCHED, ReferralRole.LEAD)
    return next((rule.clock for rule in rules if rule.clock in LEAD_WORK), kind)


def _work(lead: Referral, at: datetime) -> tuple[LegalClock, ...]:
    """The lead's time as it stands at that moment, with what lasted until then."""
    return tuple(clock.stop(at, ClockStatus.CANCELLED) for clock in lead.open_clocks(LEAD_WORK))


def _ended(
    change: Change,
    lead: Referral,
    context: Context,
    *,
    to: str,
    reason: str,
    classified: bool,
    feedback_id: str | None,
) -> Change:
    """The part of who had it: its work is done if that was to classify it, else it was the wrong office."""
    if not classified:
        change = change.emit_for(lead.id, ReferralReassigned, to=to, reason=reason, feedback_id=feedback_id)
        return recall(change, lead.id, context, RECLASSIFIED)
    request = change.routing.request
    change = change.transition(lead.id, Move.CANCEL).emit_for(
        lead.id,
        ReferralClassified,
        category=request.category,
        area=request.area,
        to=to,
        reason=reason,
        feedback_id=feedback_id,
    )
    return apply_triggers(change, lead.id, context, Trigger.REFERRAL_CLASSIFIED)


def _kept(change: Change, referral_id: UUID, context: Context, decision: RoutingDecision, reason: str) -> Change:
    """The office goes on in its state. Its clocks of the work end, and go on by the new law."""
    request, referral = change.routing.request, change.routing.referral(referral_id)
    if (referral.office, referral.role) in set(offices_of(decision)):
        change = change.with_referral(replace(referral, decision_id=change.decisions[-1].id))
    change = change.emit_for(
        referral_id,
        ReferralReclassified,
        number=request.number,
        category=request.category,
        field=request.field,
        area=request.area,
        decision_id=change.routing.referral(referral_id).decision_id,
        reason=reason,
    )
    for clock in referral.open_clocks(WORK):
        change = _goes_on(change, referral, clock, context)
    return change


def _goes_on(change: Change, referral: Referral, clock: LegalClock, context: Context) -> Change:
    policy = context.policy
    now = replace(
        under_law(clock, change.routing.request, policy, referral.office),
        id=context.make_id(),
        continues=clock.id,
        version=1,
        status=ClockStatus.RUNNING,
        announced_dates=None,
    )
    return change.with_clocks(referral.id, change.clocks_of(referral.id).go_on_as(clock, now, policy))


def _said_first(
    change: Change, place: int, before: Referral, was: RoutingRequest, reason: str, policy: Policy
) -> Change:
    """The word of the case itself stands before what it made of its referrals, and has both dates."""
    now, lead = change.routing.request, change.routing.lead
    assert lead is not None, "the rules always name one"  # noqa: S101 -- a promise of the decision
    clock, earlier = _main(lead), _main(before)
    said = RoutingReclassified(
        case_id=change.case_id,
        referral_id=before.id,
        category=now.category,
        category_before=was.category,
        field=now.field,
        area=now.area,
        area_before=was.area,
        lead=lead.office,
        lead_before=before.office,
        reason=reason,
        limit=_limit(clock),
        due_at=_due(clock, policy),
        basis=clock.terms.basis if clock is not None else None,
        limit_before=_limit(earlier),
        due_before=_due(earlier, policy),
        basis_before=earlier.terms.basis if earlier is not None else None,
        reclassified_at=change.at,
        by=change.by,
    )
    return replace(change, events=(*change.events[:place], said, *change.events[place:]))


def _main(referral: Referral) -> LegalClock | None:
    return next(iter(referral.open_clocks(LEAD_WORK)), None)


def _limit(clock: LegalClock | None) -> str:
    return "+".join(map(str, (clock.terms.limit, *clock.extensions))) if clock is not None else ""


def _due(clock: LegalClock | None, policy: Policy) -> datetime | None:
    return clock.announced(policy.calendar_of(clock.office)).due_at if clock is not None else None
