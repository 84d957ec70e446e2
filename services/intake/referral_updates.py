"""A case follows its referrals and its clocks: what routing and notify say moves it, and stands in its timeline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.clocks import ClockFacts
from contracts.codes import DECISIONS, LEAD_WORK, ClockKind, ReferralRole
from contracts.events import CaseBound
from contracts.events.alerts import AnySupervision, Supervision
from contracts.events.base import BY_RULES, moment_of
from contracts.events.clocks import ClockAlert, ClockBreached, ClockCleared, ClockLapsed, ClockRecalculated, clocks_in
from contracts.events.referrals import (
    AnyReferralEvent,
    AnyRoutingEvent,
    ReferralAccepted,
    ReferralCancelled,
    ReferralClassified,
    ReferralCompleted,
    ReferralDeemedAccepted,
    ReferralDispatched,
    ReferralEvent,
    ReferralExtended,
    ReferralExtensionRefused,
    ReferralExtensionRequested,
    ReferralFailed,
    ReferralLeadActed,
    ReferralOfficeSucceeded,
    ReferralOnHold,
    ReferralProgressReported,
    ReferralReassigned,
    ReferralReclassified,
    ReferralResumed,
    ReferralReturned,
    ReferralReturnRefused,
    ReferralReturnRequested,
    ReferralReworkRequested,
    ReferralSigned,
    ReferralUrged,
    RoutingArbitrationRequested,
    RoutingDecided,
    RoutingOverridden,
    RoutingReclassified,
    RoutingUnmatched,
)
from contracts.topics import ALERTS, REFERRALS
from libraries.policies import Policy, PolicyWatch
from libraries.policies.clock_rules import Trigger
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours
from services.intake import store
from services.intake.domain import reclassifying, referral_updates
from services.intake.domain.case import ExpectedAnswer
from services.intake.domain.change import Change
from services.intake.domain.wanted_documents import Wanted, documents_of
from services.intake.issuing import issue_wanted
from services.intake.publishing import CaseLog
from services.intake.relations import Standing

TRIGGERS: Final = {what.value: what for what in Trigger}
DECIDED: Final = (
    RoutingDecided,
    RoutingUnmatched,
    RoutingOverridden,
    RoutingArbitrationRequested,
    RoutingReclassified,
)
AWAITED: Final = LEAD_WORK | {ClockKind.HOLD_REVIEW}
"""Clocks of the lead by which the window says who answers next."""
TOLD: Final = AWAITED | DECISIONS
"""Clocks that stand in the timeline. That of signing is routing's own business; of a co-handler's only the pauses."""

Followed = (
    AnyReferralEvent | AnyRoutingEvent | ClockLapsed | ClockRecalculated | ClockBreached | ClockCleared | AnySupervision
)
STAYS: Final = (
    ReferralSigned,
    ReferralAccepted,
    ReferralDeemedAccepted,
    ReferralProgressReported,
    ReferralReturnRequested,
    ReferralReturnRefused,
    ReferralReassigned,
    ReferralLeadActed,
    ReferralUrged,
    ReferralReclassified,
    ReferralReworkRequested,
    ReferralExtensionRequested,
    ReferralExtended,
    ReferralExtensionRefused,
)
"""What the lead or routing may say of the referral without moving the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralUpdates:
    """What following needs beside the records."""

    policy: PolicyWatch
    sealer: Sealer
    clock: Clock

    def readers(self) -> list[Reader]:
        decode = events_of_ours(self.clock)
        return [
            Reader(
                name="intake.referrals",
                group="intake.referrals",
                topics=(REFERRALS.name,),
                decode=decode,
                handle=self.follow,
                deduplicated=True,
                only=frozenset({*ReferralEvent.__subclasses__(), *DECIDED, ClockLapsed, ClockRecalculated}),
            ),
            Reader(
                name="intake.alerts",
                group="intake.alerts",
                topics=(ALERTS.name,),
                decode=decode,
                handle=self.follow,
                deduplicated=True,
                only=frozenset({ClockBreached, ClockCleared, *Supervision.__subclasses__()}),
            ),
        ]

    async def follow(self, batch: Sequence[Incoming[Followed]], conn: AsyncConnection) -> None:
        """One look at all cases of the batch, each event on what the one before it left, one write."""
        policy = self.policy.policy
        news = [incoming for incoming in batch if _concerns(incoming.data)]
        before = await store.lock_cases(conn, (incoming.data.case_id for incoming in news))
        now, log = dict(before), CaseLog(before=before)
        standing = await Standing.of(conn, now)
        papers: list[Wanted] = []
        for incoming in news:
            event = incoming.data
            case = now.get(event.case_id)
            if case is None:
                raise Rejected("unknown_case", case_id=event.case_id)
            standing.apply(event)
            log.record(event, moment_of(event), _speaker(event))
            change = step(Change(case=case, at=incoming.received_at), event, policy)
            now[case.id] = change.case
            papers += documents_of(event, case, change, policy)
            log.add(change.done_by(event.by or BY_RULES), _speaker(event), incoming.trace)
        await standing.write(conn)
        await log.write(conn, policy)
        await issue_wanted(conn, papers, sealer=self.sealer, policy=policy, at=self.clock.now())


def _concerns(event: CaseBound) -> bool:
    """Of clocks by themselves, only those that people wait for, and pauses of co-handlers that were put right."""
    if not isinstance(event, ClockLapsed | ClockRecalculated):
        return True
    recounted = isinstance(event, ClockRecalculated) and event.correction is None
    told = TOLD if recounted else TOLD | {ClockKind.CO_HANDLING}
    return any(clock.kind in told for clock in event.clocks)


def _speaker(event: CaseBound) -> str:
    """The office whose act it was, else the service that says so."""
    if event.by is not None and event.by.office:
        return event.by.office
    return ALERTS.writer if isinstance(event, ClockAlert | Supervision) else REFERRALS.writer


def step(change: Change, event: Followed, policy: Policy) -> Change:
    """What one event makes of the case as it stands."""
    case = change.case
    match event:
        case ReferralEvent() if event.role is ReferralRole.LEAD:
            return _timed(_led(change, event, policy), event)
        case ClockBreached():
            # Not `due_at`: who is late stays late, and the clock must say so.
            return referral_updates.silent(case, event.fired_at, event.kind, event.version, policy)
        case ClockLapsed() | ClockRecalculated():
            return _timed(change, event)
        case ReferralEvent() | ClockCleared() | Supervision():
            return change
        case RoutingReclassified():
            return replace(change, case=reclassifying.follow(case, event))
        case RoutingDecided() | RoutingUnmatched() | RoutingArbitrationRequested() | RoutingOverridden():
            return change
        case _:
            assert_never(event)


def _timed(change: Change, event: CaseBound) -> Change:
    """Until when the lead has time, as far as the event says so."""
    own = (clock for clock in clocks_in(event) if isinstance(clock, ClockFacts) and clock.kind in AWAITED)
    times = [clock for clock in own if clock.referral_id == change.case.lead]
    if not times:
        return change
    timed = referral_updates.timed(change, ExpectedAnswer.of(times[-1]))
    return referral_updates.extended(timed) if isinstance(event, ReferralExtended) else timed


def _led(change: Change, event: AnyReferralEvent, policy: Policy) -> Change:
    """Only the lead's referral moves a case, and ends what the window's clocks waited for."""
    change = _moved(replace(change, at=max(event.at, change.case.registered_at)), event, policy)
    what = TRIGGERS.get(event.TYPE)
    return referral_updates.apply_update(change, event.referral_id, what, policy) if what is not None else change


def _moved(change: Change, event: AnyReferralEvent, policy: Policy) -> Change:
    case = change.case
    if isinstance(event, STAYS):
        return change
    match event:
        case ReferralDispatched(referral_id=referral, office=office):
            return referral_updates.dispatched(case, event.at, referral, office, policy)
        case ReferralOnHold(referral_id=referral, reason=reason):
            return referral_updates.held(case, event.at, referral, reason) if event.stops_clock else change
        case ReferralResumed(referral_id=referral):
            return referral_updates.resumed(case, event.at, referral)
        case (
            ReferralCancelled(referral_id=referral)
            | ReferralReturned(referral_id=referral)
            | ReferralClassified(referral_id=referral)
        ):
            return referral_updates.let_go(case, event.at, referral)
        case ReferralOfficeSucceeded(referral_id=referral, office=office):
            return referral_updates.succeeded(case, event.at, referral, office)
        case ReferralCompleted(referral_id=referral, result=result):
            return referral_updates.completed(case, event.at, referral, policy, result)
        case ReferralFailed(referral_id=referral, reason=reason):
            return referral_updates.failed(case, event.at, referral, reason, policy)
        case _:
            assert_never(event)
