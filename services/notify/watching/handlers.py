"""What notify does with records: facts about clocks become timers; referrals, feedback and cases are noted."""

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
from contracts.events.cases import (
    AnyCaseEvent,
    CaseClosed,
    CaseEvent,
    CaseReclassified,
    CaseRegistered,
    CaseReopened,
    CaseReviewRequested,
)
from contracts.events.clocks import ClockLapsed, ClockRecalculated, clocks_in
from contracts.events.referrals import (
    AnyReferralEvent,
    AnyRoutingEvent,
    FeedbackReceived,
    ReferralDispatched,
    ReferralEvent,
    ReferralOfficeSucceeded,
    ReferralReclassified,
    ReferralReturnRequested,
    ReferralSigned,
    RoutingArbitrationRequested,
    RoutingDecided,
    RoutingOverridden,
    RoutingReclassified,
    RoutingUnmatched,
)
from contracts.topics import CASES, REFERRALS
from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours
from services.notify.delivery.matching import record_incoming, record_outgoing
from services.notify.domain.escalation import may_be_escalated
from services.notify.domain.outcomes import note
from services.notify.domain.referral_status import ReferralStatus, moved
from services.notify.domain.timers import Timer
from services.notify.domain.window import awaited_steps, steps_for
from services.notify.escalation.store import lock_escalations, save_escalations
from services.notify.messaging.owing import Messages
from services.notify.watching import store
from services.notify.watching.alerts import publish
from services.notify.watching.feedback import ANSWER_SECONDS, FEEDBACK, FeedbackReader, applied, settled
from services.notify.watching.outcomes import copied, lock_outcomes, save_outcomes
from services.notify.watching.projection import BatchProjection, apply_facts, apply_stop, record_step
from services.notify.watching.received_feedback import save_parked, save_settled
from services.notify.watching.store import NewCase, NewState, RefusedFeedback

EVENTS: Final = "notify.referrals"
CASE_EVENTS: Final = "notify.cases"
READERS: Final = (FEEDBACK, EVENTS, CASE_EVENTS)
"""All of them can bring an answer that was given in time."""

ConsumedEvent = AnyCaseEvent | AnyReferralEvent | AnyRoutingEvent | FeedbackReceived | ClockLapsed | ClockRecalculated
"""All that intake and routing say of a case."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHandlers:
    """What handling needs beside the records."""

    clock: Clock
    policy: PolicyWatch
    answer_seconds: float = ANSWER_SECONDS
    messages: Messages | None = None

    def readers(self) -> list[Reader]:
        decode = events_of_ours(self.clock)
        deduplicated = {
            CASE_EVENTS: CASES.name,
            EVENTS: REFERRALS.name,
        }
        return [
            *(
                Reader(name=name, group=name, topics=(topic,), decode=decode, handle=self.handle, deduplicated=True)
                for name, topic in deduplicated.items()
            ),
            FeedbackReader(clock=self.clock, policy=self.policy, answer_seconds=self.answer_seconds).reader(),
        ]

    async def handle(self, batch: Sequence[Incoming[ConsumedEvent]], conn: AsyncConnection) -> None:
        """Reads all timers and referrals at once, applies each event to what the one before left, and writes once."""
        events = [incoming.data for incoming in batch]
        policy = self.policy.policy
        timers_before = await store.lock_timers(conn, _clock_ids(events), windows_of=_sent_on(events, policy))
        referrals_before = await store.lock_referrals(
            conn, (e.referral_id for e in events if isinstance(e, ReferralEvent))
        )
        earlier = _taken_over(events)
        pressing = [w.clock_id for w in timers_before.values() if may_be_escalated(w) or w.clock_id in earlier]
        escalations_before = await lock_escalations(conn, pressing)
        outcomes_before = await lock_outcomes(conn, events)
        outcomes = copied(outcomes_before)
        projection = BatchProjection(
            policy=policy,
            now=self.clock.now(),
            timers=dict(timers_before),
            escalations=dict(escalations_before),
            referrals=dict(referrals_before),
            windows=_of_windows(timers_before.values()),
            steps=await store.list_steps(conn, _begun_at_windows(events, policy)),
        )
        for incoming in batch:
            projection.traceparent = str(incoming.trace) if incoming.trace is not None else None
            _apply(incoming.data, incoming.received_at, projection)
            note(incoming.data, outcomes)
        new, changed = _apart(timers_before, projection.timers)
        alerted = [timer for timer in changed if timer.version == timers_before[timer.clock_id].version]
        updated = [timer for timer in changed if timer.version != timers_before[timer.clock_id].version]
        await store.save_timers(conn, new, updated)
        await store.save_alerted(conn, alerted)
        started_escalation, escalated = _apart(escalations_before, projection.escalations)
        await save_escalations(conn, [*started_escalation, *escalated])
        await store.save_referrals(conn, *_apart(referrals_before, projection.referrals))
        await store.save_cases(conn, projection.cases, projection.states)
        await store.save_matters(conn, projection.matters)
        await store.save_steps(conn, projection.new_steps)
        await save_outcomes(conn, outcomes_before, outcomes)
        await save_settled(conn, projection.settled, projection.now)
        await save_parked(conn, projection.parked)
        await store.save_refused(conn, projection.refused_feedback)
        if self.messages is not None:
            # Before anything is said: who sends a message locks it first, and then its case in the journal.
            await self.messages.record_incoming(conn, batch)
        said = await publish(conn, projection.alerts)
        await record_incoming(conn, batch, self.policy)
        await record_outgoing(conn, said, self.policy)
        if self.messages is not None:
            await self.messages.record_outgoing(conn, said)


def _clock_ids(events: Sequence[CaseBound]) -> set[UUID]:
    return {clock.clock_id for event in events for clock in clocks_in(event)} | _taken_over(events)


def _taken_over(events: Sequence[CaseBound]) -> set[UUID]:
    """Clocks with which other offices go on."""
    facts = (clock for event in events for clock in clocks_in(event) if isinstance(clock, ClockFacts))
    return {clock.continues for clock in facts if clock.continues is not None}


def _sent_on(events: Sequence[CaseBound], policy: Policy) -> set[UUID]:
    """Cases to whose lead something happened for which a clock of the window waits."""
    awaited = awaited_steps(policy)
    leads = (event for event in events if isinstance(event, ReferralEvent) and event.role is ReferralRole.LEAD)
    return {event.case_id for event in leads if event.TYPE in awaited}


def _begun_at_windows(events: Sequence[CaseBound], policy: Policy) -> set[UUID]:
    """Cases with clocks that wait for their lead: it may have been read before them, from another topic."""
    return {event.case_id for event in events if any(steps_for(clock.kind, policy) for clock in clocks_in(event))}


def _of_windows(timers: Iterable[Timer]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for timer in timers:
        if timer.referral_id is None:
            found.setdefault(timer.case_id, []).append(timer.clock_id)
    return found


def _apart(before: Mapping[UUID, T], now: Mapping[UUID, T]) -> tuple[list[T], list[T]]:
    """What is new, and what has changed."""
    new = [value for key, value in now.items() if key not in before]
    return new, [value for key, value in now.items() if key in before and value is not before[key]]


def _apply(event: ConsumedEvent, received_at: datetime, projection: BatchProjection) -> None:
    if isinstance(event, ReferralEvent) and event.role is ReferralRole.LEAD:
        record_step(event.case_id, event.TYPE, event.at, projection)
    match event:
        case ReferralEvent():
            _referral(event, projection)
        case FeedbackReceived():
            _feedback(event, projection)
        case CaseEvent():
            _case(event, projection)
        case RoutingReclassified():
            projection.matters.append(event)
        case RoutingDecided() | RoutingUnmatched() | RoutingArbitrationRequested() | RoutingOverridden():
            pass
        case ClockLapsed() | ClockRecalculated():
            pass
        case _:
            assert_never(event)
    for clock in clocks_in(event):
        if isinstance(clock, ClockFacts):
            apply_facts(clock, event, received_at, projection)
        else:
            apply_stop(clock, projection)


def _referral(event: ReferralEvent, projection: BatchProjection) -> None:
    referral = projection.referrals.get(event.referral_id)
    if isinstance(event, ReferralDispatched):
        projection.referrals.setdefault(event.referral_id, _new_referral(event))
        if event.role is ReferralRole.LEAD:
            projection.cases.setdefault(event.case_id, _new_case(event, event.at))
            projection.states[event.case_id] = NewState(state=CaseState.IN_PROGRESS, at=event.at, dispatched=True)
    elif referral is not None and isinstance(event, ReferralOfficeSucceeded):
        # The same referral at another office; the figures of the office before keep nothing of it.
        projection.referrals[referral.referral_id] = replace(referral, office=event.office, area=event.area)
    elif referral is not None:
        if isinstance(event, ReferralReclassified):
            referral = replace(referral, area=event.area, category=event.category, field=event.field)
        projection.referrals[referral.referral_id] = moved(
            referral,
            event.state,
            at=event.at,
            round_=event.round,
            by_office=event.feedback_id is not None,
            signs=isinstance(event, ReferralSigned),
            returns=isinstance(event, ReferralReturnRequested),
        )
    if event.feedback_id is not None:
        projection.settled.append(applied(event))


def _new_case(event: CaseRegistered | ReferralDispatched, at: datetime) -> NewCase:
    return NewCase(
        case_id=event.case_id,
        number=event.number,
        area=event.area,
        category=event.category,
        field=event.field,
        registered_at=at,
        source=event.source if isinstance(event, CaseRegistered) else None,
        first_contact_office=event.first_contact_office if isinstance(event, CaseRegistered) else "",
    )


def _new_referral(event: ReferralDispatched) -> ReferralStatus:
    return ReferralStatus(
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


def _case(event: CaseEvent, projection: BatchProjection) -> None:
    if isinstance(event, CaseRegistered):
        projection.cases[event.case_id] = _new_case(event, event.registered_at)
        return
    if isinstance(event, CaseReclassified | CaseReviewRequested):
        projection.matters.append(event)
    before = projection.states.get(event.case_id)
    answer = _satisfied(event)
    satisfied = before.satisfied if answer is None and before is not None else answer
    since = before.at if before is not None and before.state is event.state else moment_of(event)
    projection.states[event.case_id] = NewState(state=event.state, at=since, satisfied=satisfied)


def _satisfied(event: CaseBound) -> bool | None:
    """What the applicant said when asked (回访); a case is opened again because the answer was no."""
    if isinstance(event, CaseClosed):
        return event.satisfied
    return False if isinstance(event, CaseReopened) else None


def _feedback(event: FeedbackReceived, projection: BatchProjection) -> None:
    """What could not be read is not tracked, as no id was found there either."""
    if event.feedback_id is not None:
        (projection.parked if event.outcome is FeedbackOutcome.PARKED else projection.settled).append(settled(event))
    if event.outcome is FeedbackOutcome.REFUSED:
        place = event.record
        projection.refused_feedback.append(
            RefusedFeedback(
                office=event.sender,
                feedback_id=event.feedback_id or (f"{place.partition}@{place.offset}" if place is not None else ""),
                case_id=event.case_id,
                referral_id=event.referral_id,
                action=event.action.value if event.action is not None else "",
                code=event.code or "",
                received_at=event.received_at,
            )
        )
