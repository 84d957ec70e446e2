"""Co-handlers work inside the lead's time: no clock of theirs ends after it, whatever their calendars and pauses."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from contracts.codes import LEAD_WORK, ClockKind, ClockStatus
from contracts.events.clocks import ClockRecalculated
from libraries.clocks.clock import LegalClock, facts_of
from libraries.clocks.recounting import current_dates, recount, written
from libraries.policies import Policy
from services.routing.domain.referral import Change, Referral

LEAD_TIME: Final = "lead_time"
"""Why a clock was counted again."""
CAPPED: Final = frozenset({ClockKind.CO_HANDLING, ClockKind.EXTENSION_DECISION})
"""A part of the lead's work, and the decision whether it has more time: what has ended is not made longer."""


def cap_at_lead(clock: LegalClock, leads: Iterable[LegalClock], policy: Policy) -> LegalClock:
    """The clock of a co-handler, bounded where its own time would go on after the lead's; any other as it is.

    `leads` are the open clocks of the lead's work.
    """
    if clock.kind not in CAPPED:
        return clock
    own = clock.own_due(policy.calendar_of(clock.office)).due_at
    end = _end(leads, policy)
    return clock.within(end if own is not None and end is not None and end < own else None)


def cap_co_handlers(change: Change, policy: Policy) -> Change:
    """After an act: what it did to the lead's time or to theirs moves the co-handlers' ends, and says so."""
    lead = change.routing.lead
    for referral in change.routing.open_co_handlers if lead is not None else ():
        change = _follows(change, referral, work_of(lead), policy)
    return change


def work_of(lead: Referral | None) -> tuple[LegalClock, ...]:
    return lead.open_clocks(LEAD_WORK) if lead is not None else ()


def recounted(clock: LegalClock, leads: Iterable[LegalClock], policy: Policy) -> LegalClock:
    """The clock by the running calendar and inside the lead's; the next version only where a date moves."""
    after = recount(clock, policy)
    bounded = cap_at_lead(after, leads, policy)
    if bounded is after or clock.announced_dates is None:
        return bounded
    same = replace(bounded, version=clock.version)
    now = current_dates(same, policy)
    if now.dates == clock.announced_dates.dates:
        return replace(same, announced_dates=replace(clock.announced_dates, calendar=now.calendar))
    return written(replace(same, version=clock.version + 1, announced_dates=None), policy)


def _follows(change: Change, referral: Referral, leads: Sequence[LegalClock], policy: Policy) -> Change:
    running = [clock for clock in referral.open_clocks(CAPPED) if clock.status is ClockStatus.RUNNING]
    bounded = {clock.id: cap_at_lead(clock, leads, policy) for clock in running}
    moved = [(clock, bounded[clock.id]) for clock in running if bounded[clock.id] is not clock]
    if not moved:
        return change
    said = ClockRecalculated(
        case_id=change.case_id,
        clocks=facts_of([after for _, after in moved], policy),
        previous_due_at=tuple(before.announced(policy.calendar_of(before.office)).due_at for before, _ in moved),
        reason=LEAD_TIME,
        recalculated_at=change.at,
    )
    clocks = tuple(bounded.get(clock.id, clock) for clock in referral.clocks)
    return change.with_referral(replace(referral, clocks=clocks)).emit(said)


def _end(leads: Iterable[LegalClock], policy: Policy) -> datetime | None:
    """None while the lead's clock stands still: nobody knows then."""
    ends = [clock.announced(policy.calendar_of(clock.office)).due_at for clock in leads]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None
