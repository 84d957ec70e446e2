"""What notify does with records: facts about clocks become watches, referrals become legs, answers become receipts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar, assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.clocks import ClockFacts
from contracts.codes import CaseState, FeedbackOutcome, ReferralRole, ReferralState
from contracts.events import CaseBound
from contracts.events.base import moment_of
from contracts.events.cases import AnyCaseEvent, CaseClosed, CaseEvent, CaseRegistered, CaseReopened
from contracts.events.clocks import ClockLapsed, ClockRecalculated, clocks_in
from contracts.events.referrals import (
    AnyReferralEvent,
    AnyRoutingEvent,
    FeedbackReceived,
    ReferralDispatched,
    ReferralEvent,
    ReferralOfficeSucceeded,
    ReferralReturnRequested,
    ReferralSigned,
    RoutingArbitrationRequested,
    RoutingDecided,
    RoutingOverridden,
    RoutingUnmatched,
)
from contracts.topics import CASES, REFERRALS
from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours
from services.notify.domain.escalation import may_be_supervised
from services.notify.domain.referral_status import Leg, moved
from services.notify.domain.timers import Watch
from services.notify.domain.window import awaited_steps, steps_for
from services.notify.escalation.store import lock_supervisions, save_supervisions
from services.notify.watching import store
from services.notify.watching.alerts import say
from services.notify.watching.feedback import ANSWER_SECONDS, FEEDBACK, Receiver, applied, settled
from services.notify.watching.projection import Tally, end, renew, step
from services.notify.watching.received_feedback import save_answered, save_parked
from services.notify.watching.store import NewCase, NewState, Refusal

EVENTS: Final = "notify.referrals"
CASE_EVENTS: Final = "notify.cases"
READERS: Final = (FEEDBACK, EVENTS, CASE_EVENTS)
"""All of them can bring an answer that was given in time."""

Watched = AnyCaseEvent | AnyReferralEvent | AnyRoutingEvent | FeedbackReceived | ClockLapsed | ClockRecalculated
"""All that intake and routing say of a case."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """What watching needs beside the records."""

    clock: Clock
    policy: PolicyWatch
    answer_seconds: float = ANSWER_SECONDS

    def readers(self) -> list[Reader]:
        decode = events_of_ours(self.clock)
        guarded = {
            CASE_EVENTS: CASES.name,
            EVENTS: REFERRALS.name,
        }
        return [
            *(
                Reader(name=name, group=name, topics=(topic,), decode=decode, handle=self.watch, guarded=True)
                for name, topic in guarded.items()
            ),
            Receiver(clock=self.clock, policy=self.policy, answer_seconds=self.answer_seconds).reader(),
        ]

    async def watch(self, batch: Sequence[Incoming[Watched]], conn: AsyncConnection) -> None:
        """One look at all watches and legs of the batch, each event on what the one before it left, one write."""
        events = [incoming.data for incoming in batch]
        policy = self.policy.policy
        watches_before = await store.lock_watches(conn, _clock_ids(events), windows_of=_sent_on(events, policy))
        legs_before = await store.lock_legs(conn, (e.referral_id for e in events if isinstance(e, ReferralEvent)))
        earlier = _taken_over(events)
        pressing = [w.clock_id for w in watches_before.values() if may_be_supervised(w) or w.clock_id in earlier]
        supervisions_before = await lock_supervisions(conn, pressing)
        tally = Tally(
            policy=policy,
            now=self.clock.now(),
            watches=dict(watches_before),
            supervisions=dict(supervisions_before),
            legs=dict(legs_before),
            windows=_of_windows(watches_before.values()),
            steps=await store.list_steps(conn, _begun_at_windows(events, policy)),
        )
        for incoming in batch:
            _count(incoming.data, incoming.received_at, tally)
        new, changed = _apart(watches_before, tally.watches)
        moved = [watch for watch in changed if watch.version == watches_before[watch.clock_id].version]
        told = [watch for watch in changed if watch.version != watches_before[watch.clock_id].version]
        await store.save_watches(conn, new, told)
        await store.save_moved(conn, moved)
        begun, climbed = _apart(supervisions_before, tally.supervisions)
        await save_supervisions(conn, [*begun, *climbed])
        await store.save_legs(conn, *_apart(legs_before, tally.legs))
        await store.save_cases(conn, tally.cases, tally.states)
        await store.save_steps(conn, tally.new_steps)
        await save_answered(conn, tally.answered, tally.now)
        await save_parked(conn, tally.parked)
        await store.save_refusals(conn, tally.refusals)
        await say(conn, tally.owed)


def _clock_ids(events: Sequence[CaseBound]) -> set[UUID]:
    return {clock.clock_id for event in events for clock in clocks_in(event)} | _taken_over(events)


def _taken_over(events: Sequence[CaseBound]) -> set[UUID]:
    """Clocks with which other offices go on."""
    told = (clock for event in events for clock in clocks_in(event) if isinstance(clock, ClockFacts))
    return {clock.continues for clock in told if clock.continues is not None}


def _sent_on(events: Sequence[CaseBound], policy: Policy) -> set[UUID]:
    """Cases to whose lead something happened for which a clock of the window waits."""
    awaited = awaited_steps(policy)
    leads = (event for event in events if isinstance(event, ReferralEvent) and event.role is ReferralRole.LEAD)
    return {event.case_id for event in leads if event.TYPE in awaited}


def _begun_at_windows(events: Sequence[CaseBound], policy: Policy) -> set[UUID]:
    """Cases with clocks that wait for their lead: it may have been heard of before them, from another topic."""
    return {event.case_id for event in events if any(steps_for(clock.kind, policy) for clock in clocks_in(event))}


def _of_windows(watches: Iterable[Watch]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for watch in watches:
        if watch.referral_id is None:
            found.setdefault(watch.case_id, []).append(watch.clock_id)
    return found


def _apart(before: Mapping[UUID, T], now: Mapping[UUID, T]) -> tuple[list[T], list[T]]:
    """What is new, and what has changed."""
    new = [value for key, value in now.items() if key not in before]
    return new, [value for key, value in now.items() if key in before and value is not before[key]]


def _count(event: Watched, said_at: datetime, tally: Tally) -> None:
    if isinstance(event, ReferralEvent) and event.role is ReferralRole.LEAD:
        step(event.case_id, event.TYPE, event.at, tally)
    match event:
        case ReferralEvent():
            _referral(event, tally)
        case FeedbackReceived():
            _answer(event, tally)
        case CaseEvent():
            _case(event, tally)
        case RoutingDecided() | RoutingUnmatched() | RoutingArbitrationRequested() | RoutingOverridden():
            pass
        case ClockLapsed() | ClockRecalculated():
            pass
        case _:
            assert_never(event)
    for clock in clocks_in(event):
        if isinstance(clock, ClockFacts):
            renew(clock, event, said_at, tally)
        else:
            end(clock, tally)


def _referral(event: ReferralEvent, tally: Tally) -> None:
    leg = tally.legs.get(event.referral_id)
    if isinstance(event, ReferralDispatched):
        tally.legs.setdefault(event.referral_id, _leg(event))
        if event.role is ReferralRole.LEAD:
            tally.cases.setdefault(event.case_id, _new_case(event, event.at))
            tally.states[event.case_id] = NewState(state=CaseState.IN_PROGRESS, at=event.at, dispatched=True)
    elif leg is not None and isinstance(event, ReferralOfficeSucceeded):
        # The same leg in other hands; the figures of the office before keep nothing of it.
        tally.legs[leg.referral_id] = replace(leg, office=event.office, area=event.area)
    elif leg is not None:
        tally.legs[leg.referral_id] = moved(
            leg,
            event.state,
            at=event.at,
            round_=event.round,
            by_office=event.feedback_id is not None,
            signs=isinstance(event, ReferralSigned),
            returns=isinstance(event, ReferralReturnRequested),
        )
    if event.feedback_id is not None:
        tally.answered.append(applied(event))


def _new_case(event: CaseRegistered | ReferralDispatched, at: datetime) -> NewCase:
    return NewCase(
        case_id=event.case_id,
        number=event.number,
        area=event.area,
        category=event.category,
        field=event.field,
        registered_at=at,
    )


def _leg(event: ReferralDispatched) -> Leg:
    return Leg(
        referral_id=event.referral_id,
        case_id=event.case_id,
        office=event.office,
        area=event.area,
        category=event.category,
        field=event.field,
        role=event.role,
        state=ReferralState.DISPATCHED,
        round=event.round,
        dispatched_at=event.at,
    )


def _case(event: CaseEvent, tally: Tally) -> None:
    if isinstance(event, CaseRegistered):
        tally.cases[event.case_id] = _new_case(event, event.registered_at)
        return
    before = tally.states.get(event.case_id)
    said = _satisfied(event)
    satisfied = before.satisfied if said is None and before is not None else said
    since = before.at if before is not None and before.state is event.state else moment_of(event)
    tally.states[event.case_id] = NewState(state=event.state, at=since, satisfied=satisfied)


def _satisfied(event: CaseBound) -> bool | None:
    """What the applicant said when asked (回访); a case is opened again because the answer was no."""
    if isinstance(event, CaseClosed):
        return event.satisfied
    return False if isinstance(event, CaseReopened) else None


def _answer(event: FeedbackReceived, tally: Tally) -> None:
    """What could not be read of it has no receipt, as no id was found there either."""
    if event.feedback_id is not None:
        (tally.parked if event.outcome is FeedbackOutcome.PARKED else tally.answered).append(settled(event))
    if event.outcome is FeedbackOutcome.REFUSED:
        place = event.record
        tally.refusals.append(
            Refusal(
                office=event.sender,
                feedback_id=event.feedback_id or (f"{place.partition}@{place.offset}" if place is not None else ""),
                case_id=event.case_id,
                referral_id=event.referral_id,
                action=event.action.value if event.action is not None else "",
                code=event.code or "",
                received_at=event.received_at,
            )
        )
