"""A case follows its referrals and its clocks: what routing and notify say moves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import ClockKind, ReferralRole
from contracts.events import CaseBound
from contracts.events.clocks import (
    ClockBreached,
    ClockExtended,
    ClockPaused,
    ClockRecalculated,
    ClockResumed,
    ClockStarted,
)
from contracts.events.referrals import (
    ReferralCompleted,
    ReferralDispatched,
    ReferralFailed,
    ReferralOnHold,
    ReferralResumed,
)
from contracts.topics import ALERTS, REFERRALS
from services.intake import store
from services.intake.domain import following
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.telling import tell
from services.intake.translate import to_awaited
from services.policies import Policy, PolicyWatch
from services.runtime.clock import Clock
from services.runtime.consume import Incoming, Reader, events_of_ours
from services.runtime.failures import Rejected

TIMES = (ClockStarted, ClockPaused, ClockResumed, ClockExtended, ClockRecalculated)
LEGS = (ReferralDispatched, ReferralOnHold, ReferralResumed, ReferralCompleted, ReferralFailed)
WORK = frozenset({ClockKind.HANDLING, ClockKind.REWORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """What following needs beside the records."""

    policy: PolicyWatch
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
                guarded=True,
                only=frozenset({*LEGS, *TIMES}),
            ),
            Reader(
                name="intake.alerts",
                group="intake.alerts",
                topics=(ALERTS.name,),
                decode=decode,
                handle=self.follow,
                guarded=True,
                only=frozenset({ClockBreached}),
            ),
        ]

    async def follow(self, batch: Sequence[Incoming[CaseBound]], conn: AsyncConnection) -> None:
        """One look at all cases of the batch, each event on what the one before it left, one write."""
        policy, at = self.policy.policy, self.clock.now()
        events = [incoming.data for incoming in batch if _concerns(incoming.data)]
        now = await store.lock_cases(conn, (event.case_id for event in events))
        changes, moved = [], dict[object, Case]()
        for event in events:
            case = now.get(event.case_id)
            if case is None:
                raise Rejected("unknown_case", case_id=event.case_id)
            change = step(case, event, policy, at)
            if change.case is not case:
                now[case.id] = moved[case.id] = change.case
            if change.facts:
                changes.append(change)
        await store.save_changed(conn, moved.values())
        await tell(changes, conn, policy)


def _concerns(event: CaseBound) -> bool:
    """Only the lead's leg and the window's own clocks move a case."""
    match event:
        case ReferralDispatched(role=role) | ReferralOnHold(role=role) | ReferralResumed(role=role):
            return role is ReferralRole.LEAD
        case ReferralCompleted(role=role) | ReferralFailed(role=role):
            return role is ReferralRole.LEAD
        case ClockBreached(kind=kind):
            return kind in following.DEEMING
        case ClockStarted() | ClockPaused() | ClockResumed() | ClockExtended() | ClockRecalculated():
            return any(clock.kind in WORK for clock in event.clocks)
        case _:
            return False


def step(case: Case, event: CaseBound, policy: Policy, at: datetime) -> Change:
    """What one event makes of the case."""
    match event:
        case ReferralDispatched(referral_id=referral):
            return following.dispatched(case, event.at, referral)
        case ReferralOnHold(referral_id=referral, reason=reason):
            still = Change(case=case, at=at)
            return following.held(case, event.at, referral, reason) if event.stops_clock else still
        case ReferralResumed(referral_id=referral):
            return following.resumed(case, event.at, referral)
        case ReferralCompleted(referral_id=referral):
            return following.completed(case, event.at, referral, policy)
        case ReferralFailed(referral_id=referral, reason=reason):
            return following.failed(case, event.at, referral, reason)
        case ClockBreached(kind=kind, version=version):
            return following.silent(case, at, kind, version)
        case ClockStarted() | ClockPaused() | ClockResumed() | ClockExtended() | ClockRecalculated():
            times = [clock for clock in event.clocks if clock.kind in WORK and clock.referral_id == case.lead]
            return following.timed(case, at, to_awaited(times[-1])) if times else Change(case=case, at=at)
        case _:
            raise TypeError(event.TYPE)
