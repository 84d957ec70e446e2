"""When a limit ends. The start day is not counted, hours run from the moment, pauses stand outside.

A civil day does not count if the clock stood still at its end (24:00): whole days are given back as whole days.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from libraries.deadlines.calendar import Calendar
from libraries.deadlines.limits import (
    DEFAULT_RULES,
    LAST_DAY,
    LAST_YEAR,
    BadQuestion,
    CountingRules,
    Limit,
    Pause,
    Unit,
    outside,
)

Spans = tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The last instant in time, in UTC; `None` while an open pause holds the clock that began before it."""

    due_at: datetime | None
    provisional: bool = False


def due(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    rules: CountingRules = DEFAULT_RULES,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
) -> Due:
    """When the limit, with its extensions, ends."""
    calendar.sound("start", start)
    if any(pause.start < start for pause in pauses):
        raise BadQuestion("pause", "pause_before_start")
    counted = in_time(start, limit, calendar=calendar, rules=rules, pauses=pauses, extensions=extensions)
    return _due(start, limit, calendar=calendar, rules=rules, pauses=counted, extensions=extensions)


def _due(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    rules: CountingRules,
    pauses: Sequence[Pause],
    extensions: Sequence[Limit],
) -> Due:
    if any(pause.end is None for pause in pauses):
        return Due(due_at=None)
    spans = closed_spans(pauses)
    hours, days = split(limit, extensions)
    moment = after_hours(start, hours, spans, calendar)
    if not days:
        return Due(due_at=moment)
    standing = standing_days(spans, calendar)
    last = last_day(calendar.civil_day(moment), days, calendar, standing)
    if rules.roll_last_day:
        last = roll(last, calendar, standing)
    unsettled = last > calendar.settled_through.toordinal()
    exact = all(part.unit is not Unit.WORKING_DAY for part in days) and not rules.roll_last_day
    return Due(due_at=calendar.last_instant(last, rules), provisional=unsettled and not exact)


def in_time(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    rules: CountingRules = DEFAULT_RULES,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
) -> Sequence[Pause]:
    """The pauses that began before the limit had ended: a later one neither gives time back nor takes the date away."""
    if not pauses or (rules.close_of_business is None and all(pause.end is not None for pause in pauses)):
        # Whole days end with the day, and then a pause that begins later changes nothing by itself.
        return pauses

    def ended() -> datetime | None:
        return _due(start, limit, calendar=calendar, rules=rules, pauses=kept, extensions=extensions).due_at

    kept: list[Pause] = []
    end = ended()
    for pause in sorted(pauses, key=lambda one: one.start):
        if end is not None and pause.start > end:
            end = ended()
            if end is not None and pause.start > end:
                break
        kept.append(pause)
    return kept


def closed_spans(pauses: Sequence[Pause]) -> Spans:
    """Pauses in order and in UTC, with those that overlap or touch made one."""
    if not pauses:
        return ()
    merged: list[tuple[datetime, datetime]] = []
    ended = ((one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in pauses if one.end is not None)
    for begin, end in sorted(ended):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)


def standing_days(spans: Spans, calendar: Calendar) -> tuple[range, ...]:
    """Runs of civil days at whose end the clock stood still."""
    runs = (range(calendar.civil_day(begin), calendar.civil_day(end)) for begin, end in spans)
    return tuple(run for run in runs if run)


def split(limit: Limit, extensions: Sequence[Limit]) -> tuple[int, list[Limit]]:
    """Hours first, from the moment; then whole days, months and years, from the day that the hours end on."""
    parts = (limit, *extensions)
    hours = sum(part.number for part in parts if part.unit is Unit.HOUR)
    return hours, [part for part in parts if part.unit is not Unit.HOUR]


def after_hours(start: datetime, hours: int, spans: Spans, calendar: Calendar) -> datetime:
    """The moment in UTC at which so many hours have run, pauses left out; an hour lasts an hour whatever clocks do."""
    moment = start.astimezone(UTC)
    if not hours:
        return moment
    if hours > 24 * (LAST_DAY + 1 - calendar.civil_day(start)):
        raise outside("limit")
    moment += timedelta(hours=hours)
    for begin, end in spans:
        if begin < moment:
            moment += end - begin
    _within(calendar.civil_day(moment))
    return moment


def last_day(start: int, parts: Sequence[Limit], calendar: Calendar, standing: Sequence[range]) -> int:
    """The day on which the last of the limits, one after the other, ends."""
    for part in parts:
        begin, lost = start, 0
        while True:
            end = _advance(begin, part, lost, calendar)
            found = sum(_lost(run, begin, end, part.unit, calendar) for run in standing)
            if found == lost:
                break
            lost = found
        start = end
    return start


def _advance(day: int, part: Limit, lost: int, calendar: Calendar) -> int:
    match part.unit:
        case Unit.WORKING_DAY:
            return calendar.working_day_after(day, part.number + lost)
        case Unit.DAY:
            return _within(day + part.number + lost)
        case Unit.MONTH:
            return _within(_months_later(day, part.number) + lost)
        case Unit.YEAR:
            return _within(_months_later(day, 12 * part.number) + lost)
        case _:
            raise AssertionError(part.unit)


def _lost(run: range, begin: int, end: int, unit: Unit, calendar: Calendar) -> int:
    """How many days of the run would have counted after `begin` through `end`."""
    first, last = max(run.start, begin + 1), min(run.stop - 1, end)
    if first > last:
        return 0
    if unit is Unit.WORKING_DAY:
        return calendar.working_days_until(last) - calendar.working_days_until(first - 1)
    return last - first + 1


def _months_later(day: int, months: int) -> int:
    """The same day of the month, or its last day where there is none such (民法典 202)."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > LAST_YEAR:
        raise outside("limit")
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


def _within(day: int) -> int:
    if day > LAST_DAY:
        raise outside("limit")
    return day


def roll(day: int, calendar: Calendar, standing: Sequence[range]) -> int:
    """The next working day on which the clock runs, or the day itself."""
    day = calendar.working_day_from(day)
    while any(day in run for run in standing):
        day = calendar.working_day_after(day, 1)
    return day


def moment_at_share(
    start: datetime,
    limit: Limit,
    share: float,
    *,
    calendar: Calendar,
    rules: CountingRules = DEFAULT_RULES,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
) -> datetime | None:
    """When this share of the limit is used up: a warning falls due here, always before the limit ends."""
    end = due(start, limit, calendar=calendar, rules=rules, pauses=pauses, extensions=extensions).due_at
    if end is None:
        return None
    part = int(limit.number * share)
    if limit.unit in (Unit.DAY, Unit.WORKING_DAY) and part and not extensions:
        standing = standing_days(closed_spans(pauses), calendar)
        day = last_day(calendar.civil_day(start), [Limit(part, limit.unit)], calendar, standing)
        return min(end, calendar.midnight(day + 1))
    return start.astimezone(UTC) + (end - start) * share
