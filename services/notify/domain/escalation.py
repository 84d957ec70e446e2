"""How the supervision of one clock climbs (督办), and when it stops. Nothing here knows what time it is."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.codes import AreaLevel, ClockKind, ClockStatus, SupervisionLevel
from libraries.deadlines import CIVIL_TIME, Calendar, CountingRules, Limit, Unit, due
from libraries.deadlines.limits import civil_day, midnight
from libraries.policies import Office, Policy
from libraries.policies.escalation import ANCHOR_OF, Anchor, Rung, rung_of
from services.notify.domain.timers import Alert, Watch

COORDINATOR: Final = "civil_affairs"
GOVERNMENT: Final = "government_office"
OPS: Final = "ops"
"""Whoever runs the installation: told of what no office could be told of."""
LATE: Final = tuple(level for level, anchor in ANCHOR_OF.items() if anchor is Anchor.BREACH)
"""The rungs above a breach, in order."""
AS_WRITTEN: Final = CountingRules(roll_last_day=False)
"""Whom people are told in working hours anyway; the count itself is not moved."""
INSTANT: Final = timedelta(microseconds=1)
KINDS: Final = 256
DAYS: Final = 4096
"""So many answers are kept of the same questions: most clocks of a day end at the same hour."""


class Supervision(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Where one clock stands on the ladder. `version` is that of the clock whose last day came or whose limit broke."""

    clock_id: UUID
    case_id: UUID
    referral_id: UUID | None
    kind: ClockKind
    office: str
    area: str
    version: int
    due_at: datetime
    level: SupervisionLevel = SupervisionLevel.NONE
    """The rung that was reached."""
    reached_at: datetime | None = None
    told: tuple[str, ...] = ()
    """Offices that heard of that rung."""
    next_level: SupervisionLevel | None = None
    next_at: datetime | None = None
    stood_seconds: int = 0
    """How long the ladder stood still, by lawful pauses after the breach."""
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    """When its cause was gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """A rung that is reached now; `moment` is when it should have been."""

    after: Supervision
    rung: Rung
    at: datetime
    moment: datetime

    @property
    def late_seconds(self) -> int:
        return max(0, int((self.at - self.moment).total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Not now: people are asleep, or the rung is none any more."""

    after: Supervision


def begun(before: Supervision | None, watch: Watch, alert: Alert, policy: Policy) -> Supervision | None:
    """The supervision after an alert of the watch; `None` where the ladder has no rung for it.

    The last day brings the reminder, the breach the rungs above. A clock that ended meanwhile is not supervised.
    """
    if alert not in (Alert.LAST_DAY, Alert.BREACHED) or watch.due_at is None:
        return None
    if watch.has_ended:
        return None
    standing = before
    if standing is None or standing.version != watch.version or standing.ended_at is not None:
        standing = Supervision(
            clock_id=watch.clock_id,
            case_id=watch.case_id,
            referral_id=watch.referral_id,
            kind=watch.kind,
            office=watch.office,
            area=watch.area,
            version=watch.version,
            due_at=watch.due_at,
        )
    if alert is Alert.LAST_DAY:
        after = _waiting(standing, rung_of(policy.ladder, SupervisionLevel.REMINDED, watch.kind), policy)
    else:
        after = _upwards(standing, policy)
    return after if after.next_level is not None or standing is before else None


def taken_up(before: Supervision | None, watch: Watch, policy: Policy) -> Supervision | None:
    """What begins or goes on for a clock that was late before the ladder had such a rung; `None` if nothing does.

    The version of the watch is the one whose breach was said.
    """
    if watch.status is not ClockStatus.BREACHED:
        return None
    stands = before is not None and before.ended_at is None
    if before is not None and stands and (before.next_level in LATE or before.paused_at is not None):
        return None
    after = begun(before, watch, Alert.BREACHED, policy)
    return after if after is not None and after.next_level is not None else None


class Begins(NamedTuple):
    """The rung with which a clock begins to climb, and its moment."""

    level: SupervisionLevel
    at: datetime


def begins(watch: Watch, alert: Alert, policy: Policy) -> Begins | None:
    """What an alert of a watch brings to the ladder, whatever the clock has heard before."""
    if watch.due_at is None or watch.has_ended:
        return None
    rung = _first(alert, watch.kind, policy)
    if rung is None:
        return None
    if rung.after is not None and rung.after.unit is Unit.HOUR:
        return Begins(rung.level, _moment(rung, watch.due_at, watch.office, 0, policy))
    return _begins_on(civil_day(watch.due_at), alert, watch.kind, watch.office, policy)


def taken_over(before: Supervision | None, watch: Watch, policy: Policy) -> Supervision | None:
    """Of a clock that was late when another office went on with it: no rung that was climbed is climbed again."""
    standing = begun(None, watch, Alert.BREACHED, policy)
    if standing is None or before is None:
        return standing
    reached = replace(
        standing,
        level=before.level,
        reached_at=before.reached_at,
        told=before.told,
        stood_seconds=before.stood_seconds,
    )
    return _upwards(reached, policy)


@lru_cache(maxsize=KINDS)
def _first(alert: Alert, kind: ClockKind, policy: Policy) -> Rung | None:
    match alert:
        case Alert.LAST_DAY:
            return rung_of(policy.ladder, SupervisionLevel.REMINDED, kind)
        case Alert.BREACHED:
            return _above(SupervisionLevel.NONE, kind, policy)
        case _:
            return None


@lru_cache(maxsize=DAYS)
def _begins_on(day: int, alert: Alert, kind: ClockKind, office: str, policy: Policy) -> Begins | None:
    """The same for all clocks of an office that end on one day."""
    rung = _first(alert, kind, policy)
    return Begins(rung.level, _moment(rung, midnight(day), office, 0, policy)) if rung is not None else None


def goes_on(level: SupervisionLevel, kind: ClockKind, policy: Policy) -> bool:
    """Whether the ladder has a rung above the level for such a clock."""
    return _above(level, kind, policy) is not None


def climb(standing: Supervision, now: datetime, policy: Policy, *, holder: str | None = None) -> Climbed | Waits:
    """One rung, if its moment has come and those whom it is for are at work.

    `holder` has the matter in the place of the clock's office: who decides on its return is told instead of it.
    """
    office = holder or standing.office
    level = standing.next_level
    rung = rung_of(policy.ladder, level, standing.kind) if level is not None else None
    if level is SupervisionLevel.REMINDED and (rung is None or now > standing.due_at):
        # Nobody is reminded of a day that has passed. What follows a breach begins with the breach.
        return Waits(after=_still(standing))
    if level is None or rung is None:
        return Waits(after=_upwards(standing, policy))
    moment = _moment(rung, standing.due_at, office, standing.stood_seconds, policy)
    at_work = into_hours(now, rung, days_of(rung, office, policy))
    if max(moment, at_work) > now:
        return Waits(after=replace(standing, next_at=max(moment, at_work)))
    told = recipients_of(rung, office, standing.area, policy)
    reached = replace(standing, level=level, reached_at=now, told=told)
    above = _still(reached) if level is SupervisionLevel.REMINDED else _upwards(reached, policy)
    return Climbed(after=above, rung=rung, at=now, moment=moment)


def follow(standing: Supervision, after: Watch, *, paused: bool, at: datetime, policy: Policy) -> Supervision:
    """The supervision after its clock changed: it stops for good when the cause is gone, and stands while paused."""
    if (standing.office, standing.area) != (after.office, after.area):
        standing = replace(standing, office=after.office, area=after.area)
    if after.status is not ClockStatus.BREACHED and _is_last_day(standing, after):
        return _reminded(standing, after, policy)
    if standing.ended_at is not None:
        return standing
    if after.has_ended or after.status is not ClockStatus.BREACHED:
        return replace(_still(standing), ended_at=at, paused_at=None)
    if paused:
        return standing if standing.paused_at is not None else replace(_still(standing), paused_at=at)
    if standing.paused_at is None:
        return standing
    stood = standing.stood_seconds + max(0, int((at - standing.paused_at).total_seconds()))
    return _upwards(replace(standing, paused_at=None, stood_seconds=stood), policy)


def _is_last_day(standing: Supervision, after: Watch) -> bool:
    """Whether the day that was said to be the last still is, or is again: then it is not said once more."""
    if after.has_ended or after.due_at is None or standing.level in LATE:
        return False
    said = any(one.alert is Alert.LAST_DAY for one in after.heard)
    coming = any(one.alert is Alert.LAST_DAY for one in after.ahead)
    return said and not coming and civil_day(after.due_at) == civil_day(standing.due_at)


def _reminded(standing: Supervision, after: Watch, policy: Policy) -> Supervision:
    """Whom nobody has reminded of this day yet is reminded under the version that now counts."""
    due_at = after.due_at or standing.due_at
    today = replace(standing, version=after.version, due_at=due_at, stood_seconds=0, paused_at=None, ended_at=None)
    if today.reached_at is not None:
        return today
    return _waiting(today, rung_of(policy.ladder, SupervisionLevel.REMINDED, today.kind), policy)


def may_be_supervised(watch: Watch) -> bool:
    """Its last day has come, or its limit broke."""
    pressing = watch.status in (ClockStatus.DUE_SOON, ClockStatus.BREACHED)
    return not watch.has_ended and (pressing or any(one.alert is Alert.LAST_DAY for one in watch.heard))


def recipients_of(rung: Rung, office: str, area: str, policy: Policy) -> tuple[str, ...]:
    """Offices by code. What nobody holds goes to the coordinator, so no rung is climbed unheard."""
    found = []
    holder = policy.office_now(office)
    for recipient in rung.recipients:
        if recipient.role is None:
            found.append(holder.code if holder is not None else "")
        else:
            tiers = [above.code for above in policy.upwards(area) if above.level is recipient.tier]
            near = policy.office_near(recipient.role, tiers[0] if tiers else area)
            found.append(near.code if near is not None else "")
    told = tuple(dict.fromkeys(code for code in found if code))
    return told if told and holder is not None else tuple(dict.fromkeys((*told, last_resort(area, policy))))


def last_resort(area: str, policy: Policy) -> str:
    """Who is told where nobody else is: the coordinator up the tree, any office of the city, those who run it."""
    near = policy.office_near(COORDINATOR, area) or policy.office_near(GOVERNMENT, area)
    if near is None:
        highest = list(AreaLevel)
        offices = sorted(policy.offices.values(), key=lambda one: (highest.index(_level(one, policy)), one.code))
        near = next((one for one in offices if one.role in (COORDINATOR, GOVERNMENT)), None)
    return near.code if near is not None else OPS


def _level(office: Office, policy: Policy) -> AreaLevel:
    return policy.areas[office.area].level


def days_of(rung: Rung, office: str, policy: Policy) -> Calendar:
    """Those of the office where nobody else is told, else those of the nation: the others' days may differ."""
    alone = all(recipient.role is None for recipient in rung.recipients)
    return policy.calendar_of(office) if alone else policy.calendar


def into_hours(at: datetime, rung: Rung, calendar: Calendar) -> datetime:
    """The moment itself if people may be told then, else the next at which they may."""
    return _between(at, rung.opens, rung.closes, calendar)


def _between(at: datetime, opens: time | None, closes: time | None, calendar: Calendar) -> datetime:
    if opens is None or closes is None:
        return at
    civil = at.astimezone(CIVIL_TIME)
    day = civil_day(at)
    if calendar.works(day) and civil.time() < closes:
        if civil.time() >= opens:
            return at
    else:
        day = calendar.working_day_after(day, 1)
    opening = midnight(day).replace(hour=opens.hour, minute=opens.minute)
    return opening.astimezone(UTC)


def _moment(rung: Rung, due_at: datetime, office: str, stood: int, policy: Policy) -> datetime:
    """When the rung is due, in the hours and days of those who are told."""
    calendar = days_of(rung, office, policy)
    at = due_at + INSTANT
    if rung.level is SupervisionLevel.REMINDED:
        at = midnight(civil_day(due_at)).astimezone(UTC)
    elif rung.after is not None and rung.after.unit is Unit.HOUR:
        at += timedelta(hours=rung.after.number)
    elif rung.after is not None:
        return _after_days(civil_day(due_at), rung.after, stood, rung.opens, rung.closes, calendar)
    return into_hours(at + timedelta(seconds=stood), rung, calendar)


@lru_cache(maxsize=DAYS)
def _after_days(
    day: int, limit: Limit, stood: int, opens: time | None, closes: time | None, calendar: Calendar
) -> datetime:
    """The moment after so many whole days, which do not ask at what hour the first of them was."""
    last = due(midnight(day), limit, calendar=calendar, rules=AS_WRITTEN).due_at
    if last is None:
        raise ValueError("only a pause makes a limit endless")
    return _between(last + INSTANT + timedelta(seconds=stood), opens, closes, calendar)


def _upwards(standing: Supervision, policy: Policy) -> Supervision:
    """It waits for the first rung above that the ladder has for such a clock."""
    return _waiting(standing, _above(standing.level, standing.kind, policy), policy)


@lru_cache(maxsize=KINDS)
def _above(level: SupervisionLevel, kind: ClockKind, policy: Policy) -> Rung | None:
    above = LATE[LATE.index(level) + 1 :] if level in LATE else LATE
    rungs = (rung_of(policy.ladder, one, kind) for one in above)
    return next((rung for rung in rungs if rung is not None), None)


def _waiting(standing: Supervision, rung: Rung | None, policy: Policy) -> Supervision:
    if rung is None:
        return _still(standing)
    at = _moment(rung, standing.due_at, standing.office, standing.stood_seconds, policy)
    return replace(standing, next_level=rung.level, next_at=at)


def _still(standing: Supervision) -> Supervision:
    return replace(standing, next_level=None, next_at=None)
