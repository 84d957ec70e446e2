"""When an alert goes out, when it must wait, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from contracts.codes import WORK, ClockKind, ClockStatus, Doubt, SupervisionLevel
from contracts.events.clocks import SilentWriter
from libraries.policies import Policy
from libraries.policies.escalation import rule_for
from services.notify.domain.escalation import EscalationStart, escalation_start, last_resort, recipients_of
from services.notify.domain.timers import AlertKind, Timer, after_alert, met
from services.notify.domain.window import met_by
from services.notify.domain.writers import Writers, needs

BACK_OFF_DIVISOR = 4
"""A deferred breach is looked at again after this part of the time that it has already waited."""
CACHE_SIZE = 4096
"""Offices and areas come again and again."""

FEEDBACK_SETTLED: Final = 0
FEEDBACK_EXPIRED: Final = 1
FEEDBACK_PENDING: Final = 2
"""What is known of feedback that came in time: settled, stuck for so long that nobody waits any more, on its way."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A timer whose moment has come."""

    timer: Timer
    unread: bool
    """Not everything that had arrived by its moment was read."""
    feedback: int | None
    """The worst state of the feedback that came in time and could stop it."""
    steps: dict[str, datetime] | None = None
    """What has happened to the lead of the case, of a breach at its window."""

    @property
    def must_wait(self) -> bool:
        return self.unread or self.feedback == FEEDBACK_PENDING


class Alert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An alert that goes out, and the timer after it. `scheduled_at` is when it should have."""

    kind: AlertKind
    level: str = ""
    scheduled_at: datetime
    before: Timer
    after: Timer
    fired_at: datetime
    recipients: tuple[str, ...]
    escalation_start: EscalationStart | None = None
    """The escalation that it starts."""
    doubts: tuple[Doubt, ...] = ()
    """Of a breach: why it is preliminary."""
    silent: tuple[SilentWriter, ...] = ()
    """Of a breach: whom nobody waited for any longer."""

    @property
    def late_seconds(self) -> int:
        return max(0, int((self.fired_at - self.scheduled_at).total_seconds()))


class Deferred(msgspec.Struct, frozen=True, kw_only=True):
    """Not now: whether the limit was broken is decided by what is on its way to us, or not read yet."""

    timer: Timer
    retry_at: datetime


class MetInTime(msgspec.Struct, frozen=True, kw_only=True):
    """No alert is needed: what it waited for had happened in time, and was known before the clock was."""

    before: Timer
    after: Timer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """How often a deferred breach is looked at again, in business time."""

    shortest: timedelta
    longest: timedelta
    """For feedback, which may take an hour."""
    longest_for_reading: timedelta
    """For what is being read: after an outage everything is long due, and known within seconds."""


def decide_alert(
    candidate: Candidate, now: datetime, back_off: BackOff, policy: Policy, writers: Writers
) -> Alert | Deferred | MetInTime:
    """One alert for one version and level of a clock. Only a breach is deferred: a reminder accuses nobody."""
    timer = candidate.timer
    alert = timer.next_alert
    if alert is None or timer.due_at is None:
        raise ValueError("a timer without an alert was claimed")
    match alert:
        case AlertKind.DUE_SOON | AlertKind.LAST_DAY:
            scheduled_at, level = _next_planned(timer, now)
            after = after_alert(timer)
        case AlertKind.DUE:
            scheduled_at, level = timer.due_at, ""
            after = replace(timer, status=ClockStatus.MET, ended_at=timer.due_at, next_alert=None, next_fire_at=None)
        case AlertKind.BREACHED:
            return _breach(candidate, timer.due_at, now, back_off, policy, writers)
        case AlertKind.CLEARED:
            raise ValueError("nothing waits for being cleared")
        case _:
            assert_never(alert)
    return Alert(
        kind=alert,
        level=level,
        scheduled_at=scheduled_at,
        before=timer,
        after=after,
        fired_at=now,
        recipients=recipients_of_alert(alert, timer.kind, timer.office, timer.area, policy),
        escalation_start=escalation_start(timer, alert, policy),
    )


def _breach(
    candidate: Candidate, due_at: datetime, now: datetime, back_off: BackOff, policy: Policy, writers: Writers
) -> Alert | Deferred | MetInTime:
    """Said when all who could know otherwise have come past its moment; for the time being, if one stands still."""
    timer = candidate.timer
    met_at = met_by(timer, candidate.steps or {}, policy)
    if met_at is not None:
        after = met(timer, met_at)
        if after.next_alert is None:
            return MetInTime(before=timer, after=after, at=met_at)
        timer = after
    wanted = needs(timer.kind, policy)
    if candidate.must_wait or writers.waits_for(wanted, due_at):
        waited = (now - due_at) / BACK_OFF_DIVISOR
        longest = back_off.longest if candidate.feedback == FEEDBACK_PENDING else back_off.longest_for_reading
        return Deferred(timer=timer, retry_at=now + max(back_off.shortest, min(waited, longest)))
    silent = writers.silent(wanted, due_at)
    doubts = (Doubt.ANSWER,) * (candidate.feedback == FEEDBACK_EXPIRED) + (Doubt.WRITER,) * bool(silent)
    return breach_alert(timer, now, policy, doubts=doubts, silent=silent)


def _next_planned(timer: Timer, now: datetime) -> tuple[datetime, str]:
    """When and at which level the next alert goes out; a timer from before there were levels has one without a name."""
    for one in timer.pending:
        return one.at, one.level
    return timer.next_fire_at or now, ""


def breach_alert(
    timer: Timer,
    now: datetime,
    policy: Policy,
    *,
    doubts: tuple[Doubt, ...] = (),
    silent: tuple[SilentWriter, ...] = (),
) -> Alert:
    """The breach of a timer whose limit has passed, sent now."""
    if timer.due_at is None:
        raise ValueError("a clock that stands still is not late")
    after = replace(timer, status=ClockStatus.BREACHED, breached_at=now, pending=(), next_alert=None, next_fire_at=None)
    return Alert(
        kind=AlertKind.BREACHED,
        scheduled_at=timer.due_at,
        before=timer,
        after=after,
        fired_at=now,
        recipients=recipients_of_alert(AlertKind.BREACHED, timer.kind, timer.office, timer.area, policy),
        escalation_start=escalation_start(timer, AlertKind.BREACHED, policy),
        doubts=doubts,
        silent=silent,
    )


def cleared_alert(broken: Timer, after: Timer, at: datetime, now: datetime, policy: Policy) -> Alert:
    """The alert that a breach turned out to be none; `at` is when what it waited for had come."""
    return Alert(
        kind=AlertKind.CLEARED,
        scheduled_at=at,
        before=broken,
        after=after,
        fired_at=now,
        recipients=recipients_of_alert(AlertKind.BREACHED, broken.kind, broken.office, broken.area, policy),
    )


@lru_cache(maxsize=CACHE_SIZE)
def recipients_of_alert(
    alert_kind: AlertKind, kind: ClockKind, office: str, area: str, policy: Policy
) -> tuple[str, ...]:
    """Offices that an alert concerns, beside those who read all; the escalation policy says who else is told later."""
    if alert_kind is AlertKind.DUE:
        return ()
    if alert_kind is AlertKind.BREACHED:
        holder = policy.office_now(office)
        others = (last_resort(area, policy),) if kind in WORK or holder is None else ()
        return tuple(dict.fromkeys((*((holder.code,) if holder is not None else ()), *others)))
    level = SupervisionLevel.WARNED if alert_kind is AlertKind.DUE_SOON else SupervisionLevel.REMINDED
    rule = rule_for(policy.escalation_rules, level, kind)
    if rule is None:
        # A clock that is not supervised is its office's own matter, and still has a last day.
        holder = policy.office_now(office)
        return (holder.code if holder is not None else last_resort(area, policy),)
    return recipients_of(rule, office, area, policy)
