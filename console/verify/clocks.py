"""Every clock is watched, every breach is said once, and none is said that was none."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, ReceivedFeedbackRow, Snapshot, TimerRow
from console.verify.timelines import Timeline, Version, breaches, broken_before, cleared, decoded, timelines
from contracts.codes import WINDOWS, ClockKind, ClockStatus, ReferralRole
from contracts.events.clocks import ClockAlert
from contracts.events.referrals import ReferralDispatched, ReferralEvent, ReferralReworkRequested

OPEN = frozenset({ClockStatus.RUNNING, ClockStatus.PAUSED})


@check("every clock has a timer with its version and date, and every timer has its clock")
def every_clock_has_a_timer(snapshot: Snapshot) -> Iterator[Fault | None]:
    timers = {timer.clock_id: timer for timer in snapshot.timers}
    clocks = timelines(snapshot)
    for clock in clocks.values():
        if clock.case_id in snapshot.settled:
            wrong = _wrong_with(clock, timers.get(clock.clock_id))
            yield None if wrong is None else _fault(wrong, clock.case_id, clock.clock_id)
    if not snapshot.truncated:
        for timer in snapshot.timers:
            if timer.clock_id not in clocks:
                yield _fault("a timer of a clock that nobody has", timer.case_id, timer.clock_id)


def _wrong_with(clock: Timeline, timer: TimerRow | None) -> str | None:
    if timer is None:
        return "it has no timer"
    if clock.ended_at is not None:
        return None if timer.ended_at is not None else f"it ended at {clock.ended_at}, its timer is {timer.status}"
    if timer.version != clock.latest.number:
        return f"it is at version {clock.latest.number}, its timer at {timer.version}"
    if timer.status != ClockStatus.BREACHED and timer.due_at != clock.latest.due_at:
        return f"it is due at {clock.latest.due_at}, its timer says {timer.due_at}"
    if timer.ended_at is not None and clock.kind not in WINDOWS:
        return f"it is open, its timer is {timer.status}"
    return None


@check("routing's clocks stand as routing has said")
def clocks_as_said(snapshot: Snapshot) -> Iterator[Fault | None]:
    published = timelines(snapshot)
    kept = {row.clock_id for row in snapshot.clocks}
    for timeline in published.values():
        if timeline.service == "routing" and timeline.clock_id not in kept:
            yield _fault("routing spoke of it and does not have it", timeline.case_id, timeline.clock_id)
    for row in snapshot.clocks:
        clock = published.get(row.clock_id)
        if clock is None:
            if not snapshot.truncated:
                yield _fault("routing has a clock that it never spoke of", row.case_id, row.clock_id)
        elif (row.status in OPEN) != (clock.ended_at is None):
            yield _fault(
                f"it is {row.status}, but was said to have ended at {clock.ended_at}", row.case_id, row.clock_id
            )
        elif row.status in OPEN and (row.version, row.due_at) != (clock.latest.number, clock.latest.due_at):
            detail = f"version {row.version} due {row.due_at}, said: {clock.latest.number} due {clock.latest.due_at}"
            yield _fault(detail, row.case_id, row.clock_id)
        else:
            yield None


@check("no alert was fired twice for one version and level of a clock")
def fired_once(snapshot: Snapshot) -> Iterator[Fault | None]:
    fired: Counter[tuple[UUID, UUID, str, int, str]] = Counter()
    for (service, case_id), rows in snapshot.journal_of.items():
        for row in rows if service == "notify" else ():
            event = decoded(row) if row.type.startswith("yimen.clock.") else None
            if isinstance(event, ClockAlert):
                fired[case_id, event.clock_id, event.TYPE, event.version, event.level] += 1
    kept = Counter((alert.case_id, alert.clock_id, alert.type, alert.version, alert.level) for alert in snapshot.alerts)
    for key in fired.keys() | kept.keys():
        case_id, clock_id, kind, version, level = key
        named = f"{kind} {level}".rstrip()
        if fired[key] > 1:
            yield _fault(f"{named} of version {version} was said {fired[key]} times", case_id, clock_id)
        elif fired[key] != kept[key] and not snapshot.truncated:
            detail = f"{named} of version {version} was said {fired[key]} times and listed {kept[key]} times"
            yield _fault(detail, case_id, clock_id)
        else:
            yield None


@check("no alert is overdue")
def none_overdue(snapshot: Snapshot) -> Iterator[Fault | None]:
    unanswered: dict[tuple[UUID | None, str], list[ReceivedFeedbackRow]] = defaultdict(list)
    for feedback in snapshot.received_feedback:
        unanswered[feedback.referral_id, feedback.office].append(feedback)
    for timer in snapshot.timers:
        # Only a breach is looked at again later than its own moment.
        breaks = timer.next_alert == "breached"
        moment, limit = (
            (timer.due_at, snapshot.breaches_until)
            if breaks
            else (timer.next_fire_at, snapshot.now - snapshot.tolerance)
        )
        if timer.next_alert is None or moment is None:
            continue
        # Only a breach waits for answers, and only for those of its own office, and not for ever.
        answers = unanswered[timer.referral_id, timer.office] if breaks else ()
        deferred = any(
            one.received_at <= moment and timer.kind in one.stops and one.defers_until > limit for one in answers
        )
        late = moment < limit and not deferred
        detail = f"{timer.next_alert} was due at {moment} and was not said by {snapshot.now}"
        yield _fault(detail, timer.case_id, timer.clock_id) if late else None


@check("every answer of an office to its referral was settled in its time")
def answers_settled(snapshot: Snapshot) -> Iterator[Fault | None]:
    offices = {referral.referral_id: referral for referral in snapshot.referrals}
    for feedback in snapshot.received_feedback:
        referral = offices.get(feedback.referral_id)
        if referral is None or referral.office != feedback.office:
            continue
        late = feedback.defers_until < snapshot.now - snapshot.tolerance
        ids = {"referral_id": str(feedback.referral_id), "office": feedback.office}
        detail = f"an answer came at {feedback.received_at}, and nothing was said of it by {snapshot.now}"
        yield Fault(detail=detail, case_id=referral.case_id, ids=ids) if late else None


@check("no breach was said of a clock that was answered or changed in time")
def no_false_breach(snapshot: Snapshot) -> Iterator[Fault | None]:
    clocks, taken_back = timelines(snapshot), cleared(snapshot)
    for clock_id, published in breaches(snapshot).items():
        clock = clocks.get(clock_id)
        for breach in published:
            if clock is None:
                wrong = None if snapshot.truncated else "a breach of a clock that nobody has"
            elif breach.doubts and clock_id in taken_back:
                wrong = None
            else:
                wrong = _false(clock.version(breach.version), breach.due_at, breach.fired_at)
            detail = f"breach of version {breach.version}: {wrong}"
            yield None if wrong is None else _fault(detail, breach.case_id, clock_id)


@check("no breach was said of a case that had gone to its lead in time")
def sent_on_in_time(snapshot: Snapshot) -> Iterator[Fault | None]:
    """Routing's own word counts, whether intake has heard of it or not."""
    clocks, taken_back = timelines(snapshot), cleared(snapshot)
    for clock_id, published in breaches(snapshot).items():
        clock = clocks.get(clock_id)
        if clock is None or clock.kind is not ClockKind.DISPATCH or clock_id in taken_back:
            continue
        sent = [event.at for event in _of_routing(snapshot, clock.case_id) if _is_sent(event)]
        for breach in published:
            in_time = [at for at in sent if clock.started_at <= at <= breach.due_at]
            detail = f"breach of version {breach.version}: due at {breach.due_at}, with its lead since {in_time}"
            yield _fault(detail, breach.case_id, clock_id) if in_time else None


def _of_routing(snapshot: Snapshot, case_id: UUID) -> Iterator[ReferralEvent]:
    for row in snapshot.journal_of.get(("routing", case_id), ()):
        if isinstance(event := decoded(row), ReferralEvent):
            yield event


def _is_sent(event: ReferralEvent) -> bool:
    return event.role is ReferralRole.LEAD and isinstance(event, ReferralDispatched | ReferralReworkRequested)


def _false(version: Version | None, due_at: datetime, fired_at: datetime) -> str | None:
    if version is None:
        return "the clock never had this version"
    if version.due_at != due_at:
        return f"due at {due_at} by the alert, {version.due_at} by the clock"
    if version.until is not None and version.until <= due_at:
        return f"due at {due_at}, answered at {version.until}"
    if fired_at <= due_at:
        return f"said at {fired_at}, before {due_at} had passed"
    return None


@check("a clock that ran out unanswered was said to be broken")
def no_missed_breach(snapshot: Snapshot) -> Iterator[Fault | None]:
    published, clocks = breaches(snapshot), timelines(snapshot)
    for clock in clocks.values():
        if clock.kind in WINDOWS or clock.case_id not in snapshot.settled:
            continue
        broken = {breach.version: breach.due_at for breach in published.get(clock.clock_id, ())}
        latest = broken_before(clock, clocks, published)
        for version in clock.versions:
            latest = broken.get(version.number, latest)
            missed = _missed_breach(version, latest, snapshot)
            detail = f"version {version.number} was due at {version.due_at}, and no breach was said"
            yield _fault(detail, clock.case_id, clock.clock_id) if missed else None


def _missed_breach(version: Version, latest: datetime | None, snapshot: Snapshot) -> bool:
    """A breach that was said before covers every later version that gave no more time."""
    if version.due_at is None or (latest is not None and version.due_at <= latest):
        return False
    until = version.until if version.until is not None else snapshot.now
    return until > version.due_at and snapshot.breaches_until > version.due_at


def _fault(detail: str, case_id: UUID, clock_id: UUID) -> Fault:
    return Fault(detail=detail, case_id=case_id, ids={"clock_id": str(clock_id)})
