"""What one batch makes of watches, legs and cases, and what facts about clocks do to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog

from contracts.clocks import ClockFacts, ClockMet, ClockStarted, ClockStop
from contracts.codes import WINDOWS, ClockStatus
from contracts.events.base import CaseBound, moment_of
from libraries.policies import Policy
from services.notify.domain import escalation
from services.notify.domain import timers as watching
from services.notify.domain.alerts import Fired, cleared, overdue
from services.notify.domain.escalation import Supervision
from services.notify.domain.referral_status import Leg
from services.notify.domain.timers import Watch
from services.notify.domain.window import awaited_steps, met_by
from services.notify.watching.received_feedback import Receipt
from services.notify.watching.store import NewCase, NewState, Refusal

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Tally:
    """Written once at the end of the batch. `policy` and `now` are those of its beginning."""

    policy: Policy
    now: datetime
    watches: dict[UUID, Watch] = field(default_factory=dict)
    supervisions: dict[UUID, Supervision] = field(default_factory=dict)
    legs: dict[UUID, Leg] = field(default_factory=dict)
    cases: dict[UUID, NewCase] = field(default_factory=dict)
    states: dict[UUID, NewState] = field(default_factory=dict)
    owed: list[Fired] = field(default_factory=list)
    answered: list[Receipt] = field(default_factory=list)
    parked: list[Receipt] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    windows: dict[UUID, list[UUID]] = field(default_factory=dict)
    """By case, the open clocks of its window."""
    steps: dict[UUID, dict[str, datetime]] = field(default_factory=dict)
    """By case, what is known to have happened to its lead."""
    new_steps: dict[tuple[UUID, str], datetime] = field(default_factory=dict)


def renew(facts: ClockFacts, event: CaseBound, said_at: datetime, tally: Tally) -> None:
    """The watch after its owner started or changed the clock; a breach that nobody has said yet comes first."""
    at = None if isinstance(facts, ClockStarted) else moment_of(event)
    moment = said_at if at is None else at
    watch = watch_over(facts, event.case_id)
    before = tally.watches.get(watch.clock_id)
    if before is not None and at is not None and watch.version > before.version and watching.is_owed(before, at):
        fired = overdue(before, tally.now, tally.policy)
        tally.owed.append(fired)
        begun = escalation.begun(tally.supervisions.get(watch.clock_id), before, fired.alert, tally.policy)
        if begun is not None:
            tally.supervisions[watch.clock_id] = begun
        before = fired.after
    if before is None and facts.continues is not None:
        _take_over(facts.continues, watch, moment, tally)
        return
    known = before
    if before is not None and at is not None and watch.version > before.version and _was_none(before, at):
        known = watching.unbroken(before)
    after = watching.renewed(known, watch, moment)
    tally.watches[watch.clock_id] = after
    if before is not None:
        _clear(before, after, moment, tally)
        _follow(before, after, tally, paused=facts.due_at is None, at=moment)
    _meet(after, tally.steps.get(event.case_id, {}), tally)


def step(case_id: UUID, what: str, at: datetime, tally: Tally) -> None:
    """Something happened to the lead: clocks of the window wait for it, and who hears of them later knows it."""
    if what not in awaited_steps(tally.policy):
        return
    tally.new_steps[case_id, what] = at
    for clock_id in tally.windows.get(case_id, ()):
        _meet(tally.watches[clock_id], {what: at}, tally)


def _meet(watch: Watch, steps: Mapping[str, datetime], tally: Tally) -> None:
    at = met_by(watch, steps, tally.policy)
    if at is not None:
        _end(watch, watching.met(watch, at), at, tally)


def _take_over(earlier: UUID, watch: Watch, at: datetime, tally: Tally) -> None:
    """Another office goes on: what was late there is late here, and its supervision climbs on from where it stood."""
    after = watching.taken_over(tally.watches.get(earlier), watch, at)
    tally.watches[watch.clock_id] = after
    if after.status is ClockStatus.BREACHED:
        standing = escalation.taken_over(tally.supervisions.get(earlier), after, tally.policy)
        if standing is not None:
            tally.supervisions[watch.clock_id] = standing


def end(stop: ClockStop, tally: Tally) -> None:
    ended = watching.met if isinstance(stop, ClockMet) else watching.cancelled
    before = tally.watches.get(stop.clock_id)
    if before is not None:
        _end(before, ended(before, stop.at), stop.at, tally)


def _end(before: Watch, after: Watch, at: datetime, tally: Tally) -> None:
    _clear(before, after, at, tally)
    tally.watches[before.clock_id] = after
    _follow(before, after, tally, paused=False, at=at)


def _was_none(watch: Watch, at: datetime) -> bool:
    return watch.status is ClockStatus.BREACHED and watching.is_in_time(watch, at)


def _clear(before: Watch, after: Watch, at: datetime, tally: Tally) -> None:
    """A breach that was said is taken back when what was read later shows that the clock was kept."""
    if watching.is_cleared(before, after, at):
        log.warning("breach taken back", case_id=str(before.case_id), clock_id=str(before.clock_id))
        tally.owed.append(cleared(before, after, at, tally.now, tally.policy))


def _follow(before: Watch, after: Watch, tally: Tally, *, paused: bool, at: datetime) -> None:
    standing = tally.supervisions.get(after.clock_id)
    if standing is not None and after is not before:
        tally.supervisions[after.clock_id] = escalation.follow(
            standing, after, paused=paused, at=at, policy=tally.policy
        )


def watch_over(facts: ClockFacts, case_id: UUID) -> Watch:
    """The watch of a clock that nobody has heard of. An older owner names one warning, without a level."""
    ahead: tuple[watching.Ahead, ...] = ()
    if facts.due_at is not None and facts.kind not in WINDOWS:
        warnings = [(warning.level, warning.at.astimezone(UTC)) for warning in facts.warnings]
        if not warnings and facts.due_soon_at is not None:
            warnings = [("", facts.due_soon_at)]
        ahead = watching.moments_of(warnings, started_at=facts.started_at, due_at=facts.due_at)
    status, next_alert, next_fire_at = watching.waiting_for(facts.kind, facts.due_at, ahead)
    return Watch(
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
        ahead=ahead,
    )
