"""Events that tests say in the place of a service, and what is asked of those that a service said."""

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

from contracts.clocks import ClockChange, ClockFacts, ClockStop
from contracts.codes import ReferralState as S
from contracts.events import Event
from contracts.events import referrals as r
from contracts.events.base import CaseBound, ChangesClocks
from contracts.events.clocks import ClockLapsed, clocks_in

Change = TypeVar("Change", bound=ClockFacts | ClockStop)

AFTER: Final = MappingProxyType(
    {
        r.ReferralDispatched: S.DISPATCHED,
        r.ReferralSigned: S.SIGNED,
        r.ReferralAccepted: S.ACCEPTED,
        r.ReferralDeemedAccepted: S.ACCEPTED,
        r.ReferralReturnRequested: S.RETURN_REQUESTED,
        r.ReferralReturned: S.RETURNED,
        r.ReferralReturnRefused: S.ACCEPTED,
        r.ReferralReassigned: S.ACCEPTED,
        r.ReferralOfficeSucceeded: S.ACCEPTED,
        r.ReferralOnHold: S.ON_HOLD,
        r.ReferralResumed: S.IN_PROGRESS,
        r.ReferralProgressReported: S.IN_PROGRESS,
        r.ReferralExtensionRequested: S.IN_PROGRESS,
        r.ReferralLeadActed: S.IN_PROGRESS,
        r.ReferralUrged: S.IN_PROGRESS,
        r.ReferralClassified: S.CANCELLED,
        r.ReferralReclassified: S.IN_PROGRESS,
        r.ReferralExtended: S.IN_PROGRESS,
        r.ReferralExtensionRefused: S.IN_PROGRESS,
        r.ReferralCompleted: S.COMPLETED,
        r.ReferralFailed: S.FAILED,
        r.ReferralCancelled: S.CANCELLED,
        r.ReferralReworkRequested: S.IN_PROGRESS,
    }
)
"""In which state a referral mostly is after an event."""


def _changed(event: Event) -> Iterable[ClockFacts | ClockStop]:
    return event.clocks if isinstance(event, ChangesClocks) else ()


def changes(events: Iterable[Event], kind: type[Change]) -> list[Change]:
    """What the events did to clocks in this one way, in order."""
    told = (change for event in events if isinstance(event, CaseBound) for change in clocks_in(event))
    return [change for change in told if isinstance(change, kind)]


def told(events: Iterable[Event]) -> list[str]:
    """The types of events in order, each followed by what it did to clocks: `clock.met`, `clock.started`."""
    found: list[str] = []
    for event in events:
        found.append(event.TYPE)
        done = [f"clock.{type(change).__struct_config__.tag}" for change in _changed(event)]
        found += [one for place, one in enumerate(done) if place == 0 or done[place - 1] != one]
    return found


def of_clocks(case_id: UUID, at: datetime, *clocks: ClockChange) -> ClockLapsed:
    """Nothing but what happened to clocks, for readers who ask for nothing else."""
    return ClockLapsed(case_id=case_id, clocks=clocks, lapsed_at=at)
