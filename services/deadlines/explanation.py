"""Why a date is what it is: every day from the start to the end, counted or skipped, and for what reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.deadlines.calendar import Calendar
from services.deadlines.counting import (
    after_hours,
    closed_spans,
    due,
    last_day,
    split,
    standing_days,
)
from services.deadlines.limits import DEFAULT_RULES, CountingRules, Limit, Pause, Unit, civil_day


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounted:
    """One civil day of a clock."""

    date: date
    counts: bool
    reason: str
    """Stable code: start_day, hours, counted, make_up, weekend, holiday, paused, rolled, elapsed."""
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    due_at: datetime | None
    provisional: bool
    days: tuple[DayCounted, ...]


def explain(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    rules: CountingRules = DEFAULT_RULES,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
) -> Explanation:
    """The answer of `due`, day by day."""
    answer = due(start, limit, calendar=calendar, rules=rules, pauses=pauses, extensions=extensions)
    if answer.due_at is None:
        return Explanation(due_at=None, provisional=answer.provisional, days=())
    spans = closed_spans(start, pauses)
    standing = standing_days(spans)
    hours, parts = split(limit, extensions)
    first, end = civil_day(start), civil_day(answer.due_at)
    hours_end = civil_day(after_hours(start, hours, spans))
    ends = [hours_end]
    for part in parts:
        ends.append(last_day(ends[-1], [part], calendar, standing))
    reasons = {day: pause.reason for pause in pauses if pause.end for day in _run(pause)}
    days = []
    for day in range(first, end + 1):
        if parts and day > ends[-1]:
            days.append(_rolled(day, end, calendar))
        elif hours and day <= hours_end:
            days.append(_said(day, counts=True, reason="hours", zh="按小时计", en="hours run from the moment"))
        elif day == first:
            days.append(_said(day, counts=False, reason="start_day", zh="开始当日不计", en="start day, not counted"))
        elif any(day in run for run in standing):
            why = reasons.get(day, "")
            days.append(_said(day, counts=False, reason="paused", zh=f"暂停计时 {why}", en=f"clock paused {why}"))
        else:
            unit = next(part.unit for part, last in zip(parts, ends[1:], strict=True) if day <= last)
            days.append(_counted(day, unit, calendar))
    return Explanation(due_at=answer.due_at, provisional=answer.provisional, days=tuple(days))


def _run(pause: Pause) -> range:
    return range(civil_day(pause.start), civil_day(pause.end or pause.start))


def _said(day: int, *, counts: bool, reason: str, zh: str, en: str) -> DayCounted:
    return DayCounted(date=date.fromordinal(day), counts=counts, reason=reason, zh=zh.strip(), en=en.strip())


def _counted(day: int, unit: Unit, calendar: Calendar) -> DayCounted:
    facts = calendar.day(day)
    if unit is Unit.WORKING_DAY:
        reason = "counted" if facts.reason == "workday" else facts.reason.value
        return _said(day, counts=facts.works, reason=reason, zh=facts.zh, en=facts.en)
    return _said(day, counts=True, reason="counted", zh="自然日", en="calendar day")


def _rolled(day: int, end: int, calendar: Calendar) -> DayCounted:
    if day == end:
        return _said(day, counts=True, reason="rolled", zh="顺延至此工作日", en="rolled to this working day")
    facts = calendar.day(day)
    return _said(day, counts=False, reason=facts.reason.value, zh=f"顺延:{facts.zh}", en=f"rolled over: {facts.en}")
