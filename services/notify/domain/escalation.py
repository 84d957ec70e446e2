"""How one late clock escalates (督办), level by level, and when that stops. Nothing here knows what time it is."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.codes import AreaLevel, ClockKind, ClockStatus, SupervisionLevel
from libraries.deadlines import Calendar, CountingRules, Limit, Unit, due
from libraries.policies import Office, Policy
from libraries.policies.escalation import ANCHOR_OF, Anchor, EscalationRule, rule_for
from services.notify.domain.timers import AlertKind, Timer

COORDINATOR: Final = "civil_affairs"
GOVERNMENT: Final = "government_office"
OPS: Final = "ops"
"""Whoever runs the installation: told of what no office could be told of."""
BREACH_LEVELS: Final = tuple(level for level, anchor in ANCHOR_OF.items() if anchor is Anchor.BREACH)
"""The levels above a breach, in order."""
AS_WRITTEN: Final = CountingRules(roll_last_day=False)
"""People are told in working hours anyway; the count itself is not moved."""
INSTANT: Final = timedelta(microseconds=1)
KIND_CACHE_SIZE: Final = 256
DAY_CACHE_SIZE: Final = 4096
"""Most clocks of a day end at the same hour, so few entries answer nearly all."""


class Escalation(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Which level one clock has reached. `version` is that of the clock whose last day came or whose limit broke."""

    clock_id: UUID
    case_id: UUID
    referral_id: UUID | None
    kind: ClockKind
    office: str
    area: str
    version: int
    due_at: datetime
    level: SupervisionLevel = SupervisionLevel.NONE
    """The level that was reached."""
    reached_at: datetime | None = None
    notified: tuple[str, ...] = ()
    """Offices that were told of that level."""
    next_level: SupervisionLevel | None = None
    next_at: datetime | None = None
    paused_seconds: int = 0
    """How long the escalation was paused, by lawful pauses after the breach."""
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    """When its cause was gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """A level that is reached now; `scheduled_at` is when it should have been."""

    after: Escalation
    rule: EscalationRule
    at: datetime
    scheduled_at: datetime

    @property
    def late_seconds(self) -> int:
        return max(0, int((self.at - self.scheduled_at).total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """Not now: people are asleep, or the policy has no such level any more."""

    after: Escalation


def start_escalation(before: Escalation | None, timer: Timer, alert: AlertKind, policy: Policy) -> Escalation | None:
    """The escalation after an alert of the timer; `None` where the escalation policy has no level for it.

    The last day brings the reminder, the breach the levels above. A clock that ended meanwhile does not escalate.
    """
    if alert not in (AlertKind.LAST_DAY, AlertKind.BREACHED) or timer.due_at is None:
        return None
    if timer.has_ended:
        return None
    escalation = before
    if escalation is None or escalation.version != timer.version or escalation.ended_at is not None:
        escalation = Escalation(
            clock_id=timer.clock_id,
            case_id=timer.case_id,
            referral_id=timer.referral_id,
            kind=timer.kind,
            office=timer.office,
            area=timer.area,
            version=timer.version,
            due_at=timer.due_at,
        )
    if alert is AlertKind.LAST_DAY:
        after = _waiting_for(
            escalation, rule_for(policy.escalation_rules, SupervisionLevel.REMINDED, timer.kind), policy
        )
    else:
        after = _with_next_level(escalation, policy)
    return after if after.next_level is not None or escalation is before else None


def backfilled(before: Escalation | None, timer: Timer, policy: Policy) -> Escalation | None:
    """The escalation of a clock that was late before the policy had such a level; `None` if nothing changes.

    The version of the timer is the one whose breach was sent.
    """
    if timer.status is not ClockStatus.BREACHED:
        return None
    stands = before is not None and before.ended_at is None
    if before is not None and stands and (before.next_level in BREACH_LEVELS or before.paused_at is not None):
        return None
    after = start_escalation(before, timer, AlertKind.BREACHED, policy)
    return after if after is not None and after.next_level is not None else None


class EscalationStart(NamedTuple):
    """The first level that a clock reaches, and when."""

    level: SupervisionLevel
    at: datetime


def escalation_start(timer: Timer, alert: AlertKind, policy: Policy) -> EscalationStart | None:
    """The escalation that an alert of a timer starts, whatever was sent of the clock before."""
    if timer.due_at is None or timer.has_ended:
        return None
    rule = _first_rule(alert, timer.kind, policy)
    if rule is None:
        return None
    if rule.after is not None and rule.after.unit is Unit.HOUR:
        return EscalationStart(rule.level, _level_at(rule, timer.due_at, timer.office, 0, policy))
    return _start_on_day(policy.calendar.civil_day(timer.due_at), alert, timer.kind, timer.office, policy)


def taken_over(before: Escalation | None, timer: Timer, policy: Policy) -> Escalation | None:
    """Of a clock that was late when another office went on with it: no level that was reached is reached again."""
    escalation = start_escalation(None, timer, AlertKind.BREACHED, policy)
    if escalation is None or before is None:
        return escalation
    reached = replace(
        escalation,
        level=before.level,
        reached_at=before.reached_at,
        notified=before.notified,
        paused_seconds=before.paused_seconds,
    )
    return _with_next_level(reached, policy)


@lru_cache(maxsize=KIND_CACHE_SIZE)
def _first_rule(alert: AlertKind, kind: ClockKind, policy: Policy) -> EscalationRule | None:
    match alert:
        case AlertKind.LAST_DAY:
            return rule_for(policy.escalation_rules, SupervisionLevel.REMINDED, kind)
        case AlertKind.BREACHED:
            return _rule_above(SupervisionLevel.NONE, kind, policy)
        case _:
            return None


@lru_cache(maxsize=DAY_CACHE_SIZE)
def _start_on_day(day: int, alert: AlertKind, kind: ClockKind, office: str, policy: Policy) -> EscalationStart | None:
    """The same for all clocks of an office that end on one day."""
    rule = _first_rule(alert, kind, policy)
    return (
        EscalationStart(rule.level, _level_at(rule, policy.calendar.midnight(day), office, 0, policy))
        if rule is not None
        else None
    )


def has_level_above(level: SupervisionLevel, kind: ClockKind, policy: Policy) -> bool:
    """Whether the escalation policy has a level above the level for such a clock."""
    return _rule_above(level, kind, policy) is not None


def escalate(
    escalation: Escalation, now: datetime, policy: Policy, *, holder: str | None = None
) -> Escalated | Postponed:
    """One level, if its moment has come and those whom it is for are at work.

    `holder` has the matter in the place of the clock's office: who decides on its return is notified instead of it.
    """
    office = holder or escalation.office
    level = escalation.next_level
    rule = rule_for(policy.escalation_rules, level, escalation.kind) if level is not None else None
    if level is SupervisionLevel.REMINDED and (rule is None or now > escalation.due_at):
        # Nobody is reminded of a day that has passed. What follows a breach begins with the breach.
        return Postponed(after=_stopped(escalation))
    if level is None or rule is None:
        return Postponed(after=_with_next_level(escalation, policy))
    level_at = _level_at(rule, escalation.due_at, office, escalation.paused_seconds, policy)
    at_work = into_hours(now, rule, days_of(rule, office, policy))
    if max(level_at, at_work) > now:
        return Postponed(after=replace(escalation, next_at=max(level_at, at_work)))
    notified = recipients_of(rule, office, escalation.area, policy)
    reached = replace(escalation, level=level, reached_at=now, notified=notified)
    above = _stopped(reached) if level is SupervisionLevel.REMINDED else _with_next_level(reached, policy)
    return Escalated(after=above, rule=rule, at=now, scheduled_at=level_at)


def after_clock_change(
    escalation: Escalation, after: Timer, *, paused: bool, at: datetime, policy: Policy
) -> Escalation:
    """The escalation after its clock changed: it stops for good when the cause is gone, and stands while paused."""
    if (escalation.office, escalation.area) != (after.office, after.area):
        escalation = replace(escalation, office=after.office, area=after.area)
    if after.status is not ClockStatus.BREACHED and _is_same_last_day(escalation, after, policy.calendar):
        return _still_reminded(escalation, after, policy)
    if escalation.ended_at is not None:
        return escalation
    if after.has_ended or after.status is not ClockStatus.BREACHED:
        return replace(_stopped(escalation), ended_at=at, paused_at=None)
    if paused:
        return escalation if escalation.paused_at is not None else replace(_stopped(escalation), paused_at=at)
    if escalation.paused_at is None:
        return escalation
    paused_seconds = escalation.paused_seconds + max(0, int((at - escalation.paused_at).total_seconds()))
    return _with_next_level(replace(escalation, paused_at=None, paused_seconds=paused_seconds), policy)


def _is_same_last_day(escalation: Escalation, after: Timer, calendar: Calendar) -> bool:
    """Whether the day that was said to be the last still is, or is again: then nobody is reminded once more."""
    if after.has_ended or after.due_at is None or escalation.level in BREACH_LEVELS:
        return False
    sent = any(one.kind is AlertKind.LAST_DAY for one in after.sent)
    coming = any(one.kind is AlertKind.LAST_DAY for one in after.pending)
    return sent and not coming and calendar.civil_day(after.due_at) == calendar.civil_day(escalation.due_at)


def _still_reminded(escalation: Escalation, after: Timer, policy: Policy) -> Escalation:
    """Whom nobody has reminded of this day yet is reminded under the version that now counts."""
    due_at = after.due_at or escalation.due_at
    today = replace(escalation, version=after.version, due_at=due_at, paused_seconds=0, paused_at=None, ended_at=None)
    if today.reached_at is not None:
        return today
    return _waiting_for(today, rule_for(policy.escalation_rules, SupervisionLevel.REMINDED, today.kind), policy)


def may_be_escalated(timer: Timer) -> bool:
    """Its last day has come, or its limit broke."""
    pressing = timer.status in (ClockStatus.DUE_SOON, ClockStatus.BREACHED)
    return not timer.has_ended and (pressing or any(one.kind is AlertKind.LAST_DAY for one in timer.sent))


def recipients_of(rule: EscalationRule, office: str, area: str, policy: Policy) -> tuple[str, ...]:
    """Offices by code. What nobody holds goes to the coordinator, so no level is reached unheard."""
    found = []
    holder = policy.office_now(office)
    for recipient in rule.recipients:
        if recipient.role is None:
            found.append(holder.code if holder is not None else "")
        else:
            tiers = [above.code for above in policy.upwards(area) if above.level is recipient.tier]
            near = policy.office_near(recipient.role, tiers[0] if tiers else area)
            found.append(near.code if near is not None else "")
    notified = tuple(dict.fromkeys(code for code in found if code))
    return notified if notified and holder is not None else tuple(dict.fromkeys((*notified, last_resort(area, policy))))


def last_resort(area: str, policy: Policy) -> str:
    """Who is notified where nobody else is: the coordinator up the tree, any office of the city, those who run it."""
    near = policy.office_near(COORDINATOR, area) or policy.office_near(GOVERNMENT, area)
    if near is None:
        highest = list(AreaLevel)
        offices = sorted(policy.offices.values(), key=lambda one: (highest.index(_level(one, policy)), one.code))
        near = next((one for one in offices if one.role in (COORDINATOR, GOVERNMENT)), None)
    return near.code if near is not None else OPS


def _level(office: Office, policy: Policy) -> AreaLevel:
    return policy.areas[office.area].level


def days_of(rule: EscalationRule, office: str, policy: Policy) -> Calendar:
    """Those of the office where nobody else is notified, else those of the nation: the others' days may differ."""
    alone = all(recipient.role is None for recipient in rule.recipients)
    return policy.calendar_of(office) if alone else policy.calendar


def into_hours(at: datetime, rule: EscalationRule, calendar: Calendar) -> datetime:
    """The moment itself if people may be notified then, else the next at which they may."""
    return _into_hours(at, rule.opens, rule.closes, calendar)


def _into_hours(at: datetime, opens: time | None, closes: time | None, calendar: Calendar) -> datetime:
    if opens is None or closes is None:
        return at
    civil = calendar.local(at)
    day = calendar.civil_day(at)
    if calendar.works(day) and civil.time() < closes:
        if civil.time() >= opens:
            return at
    else:
        day = calendar.working_day_after(day, 1)
    return calendar.opening(day, opens)


def _level_at(rule: EscalationRule, due_at: datetime, office: str, paused_seconds: int, policy: Policy) -> datetime:
    """When the level is due, in the hours and days of those who are notified."""
    calendar = days_of(rule, office, policy)
    at = due_at + INSTANT
    if rule.level is SupervisionLevel.REMINDED:
        at = calendar.midnight(calendar.civil_day(due_at))
    elif rule.after is not None and rule.after.unit is Unit.HOUR:
        at += timedelta(hours=rule.after.number)
    elif rule.after is not None:
        return _after_days(calendar.civil_day(due_at), rule.after, paused_seconds, rule.opens, rule.closes, calendar)
    return into_hours(at + timedelta(seconds=paused_seconds), rule, calendar)


@lru_cache(maxsize=DAY_CACHE_SIZE)
def _after_days(
    day: int, limit: Limit, paused_seconds: int, opens: time | None, closes: time | None, calendar: Calendar
) -> datetime:
    """The moment after so many whole days, which do not ask at what hour the first of them was."""
    last = due(calendar.midnight(day), limit, calendar=calendar, rules=AS_WRITTEN).due_at
    if last is None:
        raise ValueError("only a pause makes a limit endless")
    return _into_hours(last + INSTANT + timedelta(seconds=paused_seconds), opens, closes, calendar)


def _with_next_level(escalation: Escalation, policy: Policy) -> Escalation:
    """It waits for the first level above that the escalation policy has for such a clock."""
    return _waiting_for(escalation, _rule_above(escalation.level, escalation.kind, policy), policy)


@lru_cache(maxsize=KIND_CACHE_SIZE)
def _rule_above(level: SupervisionLevel, kind: ClockKind, policy: Policy) -> EscalationRule | None:
    above = BREACH_LEVELS[BREACH_LEVELS.index(level) + 1 :] if level in BREACH_LEVELS else BREACH_LEVELS
    rules = (rule_for(policy.escalation_rules, one, kind) for one in above)
    return next((rule for rule in rules if rule is not None), None)


def _waiting_for(escalation: Escalation, rule: EscalationRule | None, policy: Policy) -> Escalation:
    if rule is None:
        return _stopped(escalation)
    at = _level_at(rule, escalation.due_at, escalation.office, escalation.paused_seconds, policy)
    return replace(escalation, next_level=rule.level, next_at=at)


def _stopped(escalation: Escalation) -> Escalation:
    return replace(escalation, next_level=None, next_at=None)
