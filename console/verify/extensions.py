"""More time only by a decision: asked for before, by whom the policy names, in time, and once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, Snapshot
from console.verify.timelines import decoded
from contracts.clocks import ClockExtended, ClockFacts
from contracts.codes import ClockKind, Door, Role
from contracts.events.base import CaseBound
from contracts.events.clocks import clocks_in
from contracts.events.referrals import (
    ReferralCancelled,
    ReferralCompleted,
    ReferralEvent,
    ReferralExtended,
    ReferralExtensionRefused,
    ReferralExtensionRequested,
    ReferralFailed,
    ReferralReturned,
    ReferralReturnRequested,
)
from libraries.deadlines import Limit

LAPSES: Final = (
    ReferralExtended,
    ReferralExtensionRefused,
    ReferralReturnRequested,
    ReferralReturned,
    ReferralCompleted,
    ReferralFailed,
    ReferralCancelled,
)
"""After these nothing is asked for any more."""


@dataclass(slots=True)
class _Case:
    """What was asked for, until when it had to be decided, and how often each clock is longer."""

    asked: dict[UUID, ReferralExtensionRequested] = field(default_factory=dict)
    decided_until: dict[UUID, datetime] = field(default_factory=dict)
    longer: dict[UUID, int] = field(default_factory=dict)


@check("a clock is longer only by a decision that was asked for, in time, by whom it was for")
def longer_by_decision(snapshot: Snapshot) -> Iterator[Fault | None]:
    """From the journal alone: whatever routing's tables say, each step has to be there as an event."""
    if snapshot.truncated:
        return
    for (service, case_id), rows in snapshot.journal_of.items():
        if service != "routing":
            continue
        case = _Case()
        for row in rows:
            event = decoded(row)
            if isinstance(event, CaseBound):
                for wrong in _heard(case, event):
                    ids = {"sequence": str(row.sequence)}
                    yield Fault(detail=wrong, case_id=case_id, ids=ids) if wrong else None


def _heard(case: _Case, event: CaseBound) -> Iterator[str]:
    """What is wrong with each clock that is longer after the event; empty if nothing."""
    for clock in clocks_in(event):
        if not isinstance(clock, ClockFacts):
            continue
        before = case.longer.get(clock.clock_id, case.longer.get(clock.continues, 0) if clock.continues else 0)
        case.longer[clock.clock_id] = len(clock.extensions)
        if len(clock.extensions) > before:
            yield _unlawful(case, event, clock)
        if clock.kind is ClockKind.EXTENSION_DECISION and clock.due_at is not None and clock.referral_id is not None:
            case.decided_until[clock.referral_id] = clock.due_at
    if not isinstance(event, ReferralEvent):
        return
    if isinstance(event, ReferralExtensionRequested):
        case.asked[event.referral_id] = event
    elif isinstance(event, LAPSES):
        case.asked.pop(event.referral_id, None)


def _unlawful(case: _Case, event: CaseBound, clock: ClockFacts) -> str:
    if not isinstance(event, ReferralExtended) or not isinstance(clock, ClockExtended):
        return f"{event.TYPE} made the clock {clock.kind} longer"
    asked = case.asked.get(event.referral_id)
    if asked is None:
        return "longer, and nobody had asked for it"
    by, most = Limit.parse(clock.added), Limit.parse(asked.asked)
    if len(clock.extensions) > 1:
        return f"extended {len(clock.extensions)} times"
    if by.unit is not most.unit or by.number > most.number:
        return f"longer by {by}, and {most} was asked for"
    if clock.approver != asked.approver:
        return f"agreed by {clock.approver}, and {asked.approver} had to"
    until = case.decided_until.get(event.referral_id)
    if until is None or event.at > until:
        return f"decided at {event.at}, after {until}"
    actor = event.by
    if actor is None or actor.door is not Door.HTTP or not actor.office:
        return "nobody is named who decided"
    if actor.office == event.office and actor.role is not Role.HEAD:
        return f"the office granted it to itself, as {actor.role}"
    return ""
