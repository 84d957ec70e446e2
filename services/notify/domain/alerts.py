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
from libraries.policies.escalation import rung_of
from services.notify.domain.escalation import Begins, begins, last_resort, recipients_of
from services.notify.domain.timers import Alert, Watch, met, told
from services.notify.domain.window import met_by
from services.notify.domain.writers import Writers, needs

PATIENCE = 4
"""A held breach is looked at again after this part of the time that it already waits."""
MANY = 4096
"""So many answers are kept of the same questions: offices and areas come again and again."""


SETTLED: Final = 0
LAPSED: Final = 1
HOLDS: Final = 2
"""What is known of the answers that came in time: settled, stuck for so long that nobody waits any more, on the way."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A watch whose moment has come."""

    watch: Watch
    unread: bool
    """Not everything that had arrived by its moment was read."""
    answer: int | None
    """The worst of the answers that came in time and could stop it."""
    steps: dict[str, datetime] | None = None
    """What has happened to the lead of the case, of a breach at its window."""

    @property
    def held(self) -> bool:
        return self.unread or self.answer == HOLDS


class Fired(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An alert that goes out, and the watch after it. `moment` is when it should have."""

    alert: Alert
    level: str = ""
    moment: datetime
    before: Watch
    after: Watch
    fired_at: datetime
    recipients: tuple[str, ...]
    begins: Begins | None = None
    """What it brings to the ladder."""
    doubts: tuple[Doubt, ...] = ()
    """Of a breach: why it is said for the time being."""
    silent: tuple[SilentWriter, ...] = ()
    """Of a breach: whom nobody waited for any longer."""

    @property
    def late_seconds(self) -> int:
        return max(0, int((self.fired_at - self.moment).total_seconds()))


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Not now: whether the limit was broken is decided by what is on its way to us, or not read yet."""

    watch: Watch
    look_again_at: datetime


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is to be said: what it waited for had happened in time, and was heard of before the clock was."""

    before: Watch
    after: Watch
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How often a held breach is looked at again, in business time."""

    shortest: timedelta
    longest: timedelta
    """For an answer, which may take an hour."""
    longest_for_reading: timedelta
    """For what is being read: after an outage everything is long due, and known within seconds."""


def decide(candidate: Candidate, now: datetime, waits: Waits, policy: Policy, writers: Writers) -> Fired | Held | Kept:
    """One alert for one version and level of a clock. Only a breach is held: a reminder accuses nobody."""
    watch = candidate.watch
    alert = watch.next_alert
    if alert is None or watch.due_at is None:
        raise ValueError("a watch without an alert was claimed")
    match alert:
        case Alert.DUE_SOON | Alert.LAST_DAY:
            moment, level = _first(watch, now)
            after = told(watch)
        case Alert.DUE:
            moment, level = watch.due_at, ""
            after = replace(watch, status=ClockStatus.MET, ended_at=watch.due_at, next_alert=None, next_fire_at=None)
        case Alert.BREACHED:
            return _breach(candidate, watch.due_at, now, waits, policy, writers)
        case Alert.CLEARED:
            raise ValueError("nothing waits for being cleared")
        case _:
            assert_never(alert)
    return Fired(
        alert=alert,
        level=level,
        moment=moment,
        before=watch,
        after=after,
        fired_at=now,
        recipients=told_of(alert, watch.kind, watch.office, watch.area, policy),
        begins=begins(watch, alert, policy),
    )


def _breach(
    candidate: Candidate, due_at: datetime, now: datetime, waits: Waits, policy: Policy, writers: Writers
) -> Fired | Held | Kept:
    """Said when all who could know otherwise have come past its moment; for the time being, if one stands still."""
    watch = candidate.watch
    met_at = met_by(watch, candidate.steps or {}, policy)
    if met_at is not None:
        after = met(watch, met_at)
        if after.next_alert is None:
            return Kept(before=watch, after=after, at=met_at)
        watch = after
    wanted = needs(watch.kind, policy)
    if candidate.held or writers.waits_for(wanted, due_at):
        waited = (now - due_at) / PATIENCE
        longest = waits.longest if candidate.answer == HOLDS else waits.longest_for_reading
        return Held(watch=watch, look_again_at=now + max(waits.shortest, min(waited, longest)))
    silent = writers.silent(wanted, due_at)
    doubts = (Doubt.ANSWER,) * (candidate.answer == LAPSED) + (Doubt.WRITER,) * bool(silent)
    return overdue(watch, now, policy, doubts=doubts, silent=silent)


def _first(watch: Watch, now: datetime) -> tuple[datetime, str]:
    """Moment and level of what is said next; a watch from before there were levels has one without a name."""
    for one in watch.ahead:
        return one.at, one.level
    return watch.next_fire_at or now, ""


def overdue(
    watch: Watch,
    now: datetime,
    policy: Policy,
    *,
    doubts: tuple[Doubt, ...] = (),
    silent: tuple[SilentWriter, ...] = (),
) -> Fired:
    """The breach of a watch whose limit has passed, said now."""
    if watch.due_at is None:
        raise ValueError("a clock that stands still is not late")
    after = replace(watch, status=ClockStatus.BREACHED, breached_at=now, ahead=(), next_alert=None, next_fire_at=None)
    return Fired(
        alert=Alert.BREACHED,
        moment=watch.due_at,
        before=watch,
        after=after,
        fired_at=now,
        recipients=told_of(Alert.BREACHED, watch.kind, watch.office, watch.area, policy),
        begins=begins(watch, Alert.BREACHED, policy),
        doubts=doubts,
        silent=silent,
    )


def cleared(broken: Watch, after: Watch, at: datetime, now: datetime, policy: Policy) -> Fired:
    """What is said when a breach turns out to be none; `at` is when what it waited for had come."""
    return Fired(
        alert=Alert.CLEARED,
        moment=at,
        before=broken,
        after=after,
        fired_at=now,
        recipients=told_of(Alert.BREACHED, broken.kind, broken.office, broken.area, policy),
    )


@lru_cache(maxsize=MANY)
def told_of(alert: Alert, kind: ClockKind, office: str, area: str, policy: Policy) -> tuple[str, ...]:
    """Offices that an alert concerns, beside those who read all. Who is urged or supervised is the ladder's."""
    if alert is Alert.DUE:
        return ()
    if alert is Alert.BREACHED:
        holder = policy.office_now(office)
        others = (last_resort(area, policy),) if kind in WORK or holder is None else ()
        return tuple(dict.fromkeys((*((holder.code,) if holder is not None else ()), *others)))
    level = SupervisionLevel.WARNED if alert is Alert.DUE_SOON else SupervisionLevel.REMINDED
    rung = rung_of(policy.ladder, level, kind)
    if rung is None:
        # A clock that is not supervised is its office's own matter, and still has a last day.
        holder = policy.office_now(office)
        return (holder.code if holder is not None else last_resort(area, policy),)
    return recipients_of(rung, office, area, policy)
