"""Every clock is watched, every breach is said once, and none is said that was none."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Facts, Fault, ReceiptRow, WatchRow
from console.verify.timelines import Timeline, Version, breaches, broken_before, cleared, decoded, timelines
from contracts.codes import WINDOWS, ClockKind, ClockStatus, ReferralRole
from contracts.events.clocks import ClockAlert
from contracts.events.referrals import ReferralDispatched, ReferralEvent, ReferralReworkRequested

OPEN = frozenset({ClockStatus.RUNNING, ClockStatus.PAUSED})


@check("every clock has a watch with its version and date, and every watch has its clock")
def watched(facts: Facts) -> Iterator[Fault | None]:
    watches = {watch.clock_id: watch for watch in facts.watches}
    clocks = timelines(facts)
    for clock in clocks.values():
        if clock.case_id in facts.settled:
            wrong = _wrong_with(clock, watches.get(clock.clock_id))
            yield None if wrong is None else _fault(wrong, clock.case_id, clock.clock_id)
    if not facts.truncated:
        for watch in facts.watches:
            if watch.clock_id not in clocks:
                yield _fault("a watch over a clock that nobody has", watch.case_id, watch.clock_id)


def _wrong_with(clock: Timeline, watch: WatchRow | None) -> str | None:
    if watch is None:
        return "nobody watches it"
    if clock.ended_at is not None:
        return None if watch.ended_at is not None else f"it ended at {clock.ended_at}, its watch is {watch.status}"
    if watch.version != clock.latest.number:
        return f"it is at version {clock.latest.number}, its watch at {watch.version}"
    if watch.status != ClockStatus.BREACHED and watch.due_at != clock.latest.due_at:
        return f"it is due at {clock.latest.due_at}, its watch says {watch.due_at}"
    if watch.ended_at is not None and clock.kind not in WINDOWS:
        return f"it is open, its watch is {watch.status}"
    return None


@check("routing's clocks stand as routing has said")
def clocks_as_said(facts: Facts) -> Iterator[Fault | None]:
    said = timelines(facts)
    kept = {row.clock_id for row in facts.clocks}
    for timeline in said.values():
        if timeline.service == "routing" and timeline.clock_id not in kept:
            yield _fault("routing spoke of it and does not have it", timeline.case_id, timeline.clock_id)
    for row in facts.clocks:
        clock = said.get(row.clock_id)
        if clock is None:
            if not facts.truncated:
                yield _fault("routing has a clock that it never spoke of", row.case_id, row.clock_id)
        elif (row.status in OPEN) != (clock.ended_at is None):
            yield _fault(
                f"it is {row.status}, but was said to have ended at {clock.ended_at}", row.case_id, row.clock_id
            )
        elif row.status in OPEN and (row.version, row.due_at) != (clock.latest.number, clock.latest.due_at):
            told = f"version {row.version} due {row.due_at}, said: {clock.latest.number} due {clock.latest.due_at}"
            yield _fault(told, row.case_id, row.clock_id)
        else:
            yield None


@check("no alert was fired twice for one version and level of a clock")
def fired_once(facts: Facts) -> Iterator[Fault | None]:
    fired: Counter[tuple[UUID, UUID, str, int, str]] = Counter()
    for (service, case_id), rows in facts.said_of.items():
        for row in rows if service == "notify" else ():
            event = decoded(row) if row.type.startswith("yimen.clock.") else None
            if isinstance(event, ClockAlert):
                fired[case_id, event.clock_id, event.TYPE, event.version, event.level] += 1
    kept = Counter((alert.case_id, alert.clock_id, alert.type, alert.version, alert.level) for alert in facts.alerts)
    for key in fired.keys() | kept.keys():
        case_id, clock_id, kind, version, level = key
        named = f"{kind} {level}".rstrip()
        if fired[key] > 1:
            yield _fault(f"{named} of version {version} was said {fired[key]} times", case_id, clock_id)
        elif fired[key] != kept[key] and not facts.truncated:
            told = f"{named} of version {version} was said {fired[key]} times and listed {kept[key]} times"
            yield _fault(told, case_id, clock_id)
        else:
            yield None


@check("no alert is overdue")
def none_overdue(facts: Facts) -> Iterator[Fault | None]:
    unanswered: dict[tuple[UUID | None, str], list[ReceiptRow]] = defaultdict(list)
    for receipt in facts.receipts:
        unanswered[receipt.referral_id, receipt.office].append(receipt)
    for watch in facts.watches:
        # Only a breach is looked at again later than its own moment.
        breaks = watch.next_alert == "breached"
        moment, limit = (
            (watch.due_at, facts.breaches_until) if breaks else (watch.next_fire_at, facts.now - facts.tolerance)
        )
        if watch.next_alert is None or moment is None:
            continue
        # Only a breach waits for answers, and only for those of its own office, and not for ever.
        answers = unanswered[watch.referral_id, watch.office] if breaks else ()
        held = any(one.received_at <= moment and watch.kind in one.stops and one.holds_until > limit for one in answers)
        late = moment < limit and not held
        told = f"{watch.next_alert} was due at {moment} and was not said by {facts.now}"
        yield _fault(told, watch.case_id, watch.clock_id) if late else None


@check("every answer of an office to its referral was settled in its time")
def answers_settled(facts: Facts) -> Iterator[Fault | None]:
    offices = {referral.referral_id: referral for referral in facts.referrals}
    for receipt in facts.receipts:
        referral = offices.get(receipt.referral_id)
        if referral is None or referral.office != receipt.office:
            continue
        late = receipt.holds_until < facts.now - facts.tolerance
        ids = {"referral_id": str(receipt.referral_id), "office": receipt.office}
        told = f"an answer came at {receipt.received_at}, and nothing was said of it by {facts.now}"
        yield Fault(detail=told, case_id=referral.case_id, ids=ids) if late else None


@check("no breach was said of a clock that was answered or changed in time")
def no_false_breach(facts: Facts) -> Iterator[Fault | None]:
    clocks, taken_back = timelines(facts), cleared(facts)
    for clock_id, said in breaches(facts).items():
        clock = clocks.get(clock_id)
        for breach in said:
            if clock is None:
                wrong = None if facts.truncated else "a breach of a clock that nobody has"
            elif breach.doubts and clock_id in taken_back:
                wrong = None
            else:
                wrong = _false(clock.version(breach.version), breach.due_at, breach.fired_at)
            told = f"breach of version {breach.version}: {wrong}"
            yield None if wrong is None else _fault(told, breach.case_id, clock_id)


@check("no breach was said of a case that had gone to its lead in time")
def sent_on_in_time(facts: Facts) -> Iterator[Fault | None]:
    """Routing's own word counts, whether intake has heard of it or not."""
    clocks, taken_back = timelines(facts), cleared(facts)
    for clock_id, said in breaches(facts).items():
        clock = clocks.get(clock_id)
        if clock is None or clock.kind is not ClockKind.DISPATCH or clock_id in taken_back:
            continue
        sent = [event.at for event in _of_routing(facts, clock.case_id) if _is_sent(event)]
        for breach in said:
            in_time = [at for at in sent if clock.started_at <= at <= breach.due_at]
            told = f"breach of version {breach.version}: due at {breach.due_at}, with its lead since {in_time}"
            yield _fault(told, breach.case_id, clock_id) if in_time else None


def _of_routing(facts: Facts, case_id: UUID) -> Iterator[ReferralEvent]:
    for row in facts.said_of.get(("routing", case_id), ()):
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
def no_missed_breach(facts: Facts) -> Iterator[Fault | None]:
    said, clocks = breaches(facts), timelines(facts)
    for clock in clocks.values():
        if clock.kind in WINDOWS or clock.case_id not in facts.settled:
            continue
        broken = {breach.version: breach.due_at for breach in said.get(clock.clock_id, ())}
        latest = broken_before(clock, clocks, said)
        for version in clock.versions:
            latest = broken.get(version.number, latest)
            owed = _owed(version, latest, facts)
            told = f"version {version.number} was due at {version.due_at}, and no breach was said"
            yield _fault(told, clock.case_id, clock.clock_id) if owed else None


def _owed(version: Version, latest: datetime | None, facts: Facts) -> bool:
    """A breach that was said before covers every later version that gave no more time."""
    if version.due_at is None or (latest is not None and version.due_at <= latest):
        return False
    until = version.until if version.until is not None else facts.now
    return until > version.due_at and facts.breaches_until > version.due_at


def _fault(detail: str, case_id: UUID, clock_id: UUID) -> Fault:
    return Fault(detail=detail, case_id=case_id, ids={"clock_id": str(clock_id)})
