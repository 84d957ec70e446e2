"""What one batch makes of timers, referrals and cases, and what facts about clocks do to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog

from contracts.clocks import ClockFacts, ClockMet, ClockStarted, ClockStop
from contracts.codes import WINDOWS, ClockStatus
from contracts.events.base import CaseBound, moment_of
from libraries.deadlines import Calendar
from libraries.policies import Policy
from services.notify.domain import escalation as escalating
from services.notify.domain import timers as timing
from services.notify.domain.alerts import Alert, breach_alert, cleared_alert
from services.notify.domain.escalation import Escalation
from services.notify.domain.referral_status import ReferralStatus
from services.notify.domain.timers import Timer
from services.notify.domain.window import awaited_steps, met_by
from services.notify.watching.received_feedback import ReceivedFeedback
from services.notify.watching.store import NewCase, NewState, Reclassified, RefusedFeedback

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class BatchProjection:
    """Written once at the end of the batch. `policy` and `now` are those of its beginning."""

    policy: Policy
    now: datetime
    timers: dict[UUID, Timer] = field(default_factory=dict)
    escalations: dict[UUID, Escalation] = field(default_factory=dict)
    referrals: dict[UUID, ReferralStatus] = field(default_factory=dict)
    cases: dict[UUID, NewCase] = field(default_factory=dict)
    states: dict[UUID, NewState] = field(default_factory=dict)
    matters: list[Reclassified] = field(default_factory=list)
    """Cases that are other matters now, in order."""
    alerts: list[Alert] = field(default_factory=list)
    settled: list[ReceivedFeedback] = field(default_factory=list)
    parked: list[ReceivedFeedback] = field(default_factory=list)
    refused_feedback: list[RefusedFeedback] = field(default_factory=list)
    windows: dict[UUID, list[UUID]] = field(default_factory=dict)
    """By case, the open clocks of its window."""
    steps: dict[UUID, dict[str, datetime]] = field(default_factory=dict)
    """By case, what is known to have happened to its lead."""
    new_steps: dict[tuple[UUID, str], datetime] = field(default_factory=dict)
    traceparent: str | None = None
    """Of the record that is being applied."""


def apply_facts(facts: ClockFacts, event: CaseBound, received_at: datetime, projection: BatchProjection) -> None:
    """The timer after its owner started or changed the clock; a breach that was not sent yet comes first."""
    at = None if isinstance(facts, ClockStarted) else moment_of(event)
    moment = received_at if at is None else at
    before = projection.timers.get(facts.clock_id)
    begun = before.traceparent if before is not None else None
    timer = new_timer(facts, event.case_id, projection.policy.calendar, begun or projection.traceparent)
    if before is not None and at is not None and timer.version > before.version and timing.is_breach_missed(before, at):
        alert = breach_alert(before, projection.now, projection.policy)
        projection.alerts.append(alert)
        started = escalating.start_escalation(
            projection.escalations.get(timer.clock_id), before, alert.kind, projection.policy
        )
        if started is not None:
            projection.escalations[timer.clock_id] = started
        before = alert.after
    if before is None and facts.continues is not None:
        _take_over(facts.continues, timer, moment, projection)
        return
    known = before
    if before is not None and at is not None and timer.version > before.version and _was_kept(before, at):
        known = timing.without_breach(before)
    after = timing.updated(known, timer, moment)
    projection.timers[timer.clock_id] = after
    if before is not None:
        _clear(before, after, moment, projection)
        _change_escalation(before, after, projection, paused=facts.due_at is None, at=moment)
    _meet(after, projection.steps.get(event.case_id, {}), projection)


def record_step(case_id: UUID, what: str, at: datetime, projection: BatchProjection) -> None:
    """Something happened to the lead: clocks of the window wait for it, and who hears of them later knows it."""
    if what not in awaited_steps(projection.policy):
        return
    projection.new_steps[case_id, what] = at
    for clock_id in projection.windows.get(case_id, ()):
        _meet(projection.timers[clock_id], {what: at}, projection)


def _meet(timer: Timer, steps: Mapping[str, datetime], projection: BatchProjection) -> None:
    at = met_by(timer, steps, projection.policy)
    if at is not None:
        _end(timer, timing.met(timer, at), at, projection)


def _take_over(earlier: UUID, timer: Timer, at: datetime, projection: BatchProjection) -> None:
    """Another office goes on: what was late there is late here, and its escalation goes on from where it stood."""
    after = timing.taken_over(projection.timers.get(earlier), timer, at)
    projection.timers[timer.clock_id] = after
    if after.status is ClockStatus.BREACHED:
        current = escalating.taken_over(projection.escalations.get(earlier), after, projection.policy)
        if current is not None:
            projection.escalations[timer.clock_id] = current


def apply_stop(stop: ClockStop, projection: BatchProjection) -> None:
    ended = timing.met if isinstance(stop, ClockMet) else timing.cancelled
    before = projection.timers.get(stop.clock_id)
    if before is not None:
        _end(before, ended(before, stop.at), stop.at, projection)


def _end(before: Timer, after: Timer, at: datetime, projection: BatchProjection) -> None:
    _clear(before, after, at, projection)
    projection.timers[before.clock_id] = after
    _change_escalation(before, after, projection, paused=False, at=at)


def _was_kept(timer: Timer, at: datetime) -> bool:
    return timer.status is ClockStatus.BREACHED and timing.is_in_time(timer, at)


def _clear(before: Timer, after: Timer, at: datetime, projection: BatchProjection) -> None:
    """A breach that was sent is taken back when what was read later shows that the clock was kept."""
    if timing.is_cleared(before, after, at):
        log.warning("breach taken back", case_id=str(before.case_id), clock_id=str(before.clock_id))
        projection.alerts.append(cleared_alert(before, after, at, projection.now, projection.policy))


def _change_escalation(before: Timer, after: Timer, projection: BatchProjection, *, paused: bool, at: datetime) -> None:
    current = projection.escalations.get(after.clock_id)
    if current is not None and after is not before:
        projection.escalations[after.clock_id] = escalating.after_clock_change(
            current, after, paused=paused, at=at, policy=projection.policy
        )


def new_timer(facts: ClockFacts, case_id: UUID, calendar: Calendar, traceparent: str | None = None) -> Timer:
    """The timer of a clock that is new here. An older owner names one warning, without a level."""
    pending: tuple[timing.PlannedAlert, ...] = ()
    if facts.due_at is not None and facts.kind not in WINDOWS:
        warnings = [(warning.level, warning.at.astimezone(UTC)) for warning in facts.warnings]
        if not warnings and facts.due_soon_at is not None:
            warnings = [("", facts.due_soon_at)]
        pending = timing.planned_alerts(warnings, started_at=facts.started_at, due_at=facts.due_at, calendar=calendar)
    status, next_alert, next_fire_at = timing.initial_state(facts.kind, facts.due_at, pending)
    return Timer(
        clock_id=facts.clock_id,
        case_id=case_id,
        referral_id=facts.referral_id,
        kind=facts.kind,
        office=facts.office,
        area=facts.area,
        version=facts.version,
        started_at=facts.started_at,
        due_soon_at=facts.due_soon_at,
        due_at=facts.due_at,
        provisional=facts.provisional,
        status=status,
        next_alert=next_alert,
        next_fire_at=next_fire_at,
        pending=pending,
        traceparent=traceparent,
    )
