"""The referrals of offices that are no more go to their successors, with their state, their time and their decision.

So do those of offices from which the area of the case has moved away.
"""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from contracts.codes import ReferralRole
from contracts.events.referrals import ReferralOfficeSucceeded
from libraries.clocks.clock import LegalClock
from libraries.clocks.recounting import handed_on, succeeded
from libraries.clocks.schedule import ALL_KINDS
from libraries.policies import Policy
from libraries.policies.moving import office_now
from services.routing.domain.deciders import decides_now
from services.routing.domain.dispatching import RANKS, SUPERSEDED, recall
from services.routing.domain.referral import Change, Referral
from services.routing.domain.timing import Context


def relocated(change: Change, context: Context, by_hand: Collection[UUID] = ()) -> Change:
    """Everything that is live of a case with whoever has it today. Without events if nothing changed hands.

    `by_hand` are the decisions of the case that somebody took instead of the rules.
    """
    area, before = change.routing.request.area, change.routing.referrals
    change = _moved(change, context.policy)
    for referral in sorted(before, key=lambda one: RANKS.index(one.role)):
        heir = _heir(referral, area, context.policy, by_hand)
        if change.routing.referral(referral.id).live and heir != referral.office:
            change = _succeeded(change, referral, heir, context)
    for referral in before:
        if change.routing.referral(referral.id).live:
            change = _clocks(change, referral, area, context.policy)
    return change


def _heir(referral: Referral, area: str, policy: Policy, by_hand: Collection[UUID]) -> str:
    sent_on = policy.calendar.date_of(referral.dispatched_at) if referral.decision_id in by_hand else None
    return office_now(policy, referral.office, area, sent_on)


def _moved(change: Change, policy: Policy) -> Change:
    """The case itself: that its area changed is intake's to say."""
    request = change.routing.request
    area, office = policy.area_code_now(request.area), policy.office_code_now(request.first_contact_office)
    if (area, office) == (request.area, request.first_contact_office):
        return change
    routing = replace(change.routing, request=replace(request, area=area, first_contact_office=office))
    return replace(change, routing=routing)


def _succeeded(change: Change, referral: Referral, heir: str, context: Context) -> Change:
    """One office has one live referral of a case: where the successor has one already, the greater role stays."""
    twice = change.routing.check_of(heir) if referral.role is ReferralRole.CHECK else None
    other = twice or change.routing.leg_of(heir)
    if other is not None:
        lesser = max(referral, other, key=lambda one: RANKS.index(one.role))
        change = recall(change, lesser.id, context, SUPERSEDED)
        if lesser is referral:
            return change
    request = change.routing.request
    return change.with_referral(replace(referral, office=heir)).emit_for(
        referral.id,
        ReferralOfficeSucceeded,
        predecessor=referral.office,
        number=request.number,
        category=request.category,
        field=request.field,
        area=request.area,
        decision_id=referral.decision_id,
        dispatched_at=referral.dispatched_at,
        return_locked=referral.return_locked,
    )


def _clocks(change: Change, was: Referral, area: str, policy: Policy) -> Change:
    """One event for each office whose clocks they are now: it gets a copy of what is its own."""
    routing, now = change.routing, change.routing.referral(was.id)

    def turned(clock: LegalClock) -> LegalClock:
        mine = clock.office == was.office
        return succeeded(clock, policy, now.office if mine else decides_now(clock.office, routing, now, area, policy))

    before = {clock.id: clock for clock in now.clocks}
    change, moved = change.turns(was.id, ALL_KINDS, turned)
    by_office: dict[str, list[tuple[LegalClock, LegalClock]]] = {}
    for clock in moved:
        by_office.setdefault(clock.office, []).append((before[clock.id], clock))
    for both in by_office.values():
        change = change.emit(handed_on(change.case_id, both, policy, change.at))
    return change
