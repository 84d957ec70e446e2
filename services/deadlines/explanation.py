"""Why a date is what it is: every day from the start to the end, counted or skipped, and for what reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.deadlines.calendar import Calendar, Notice
from services.deadlines.counting import after_hours, closed_spans, due, in_time, last_day, split, standing_days
from services.deadlines.limits import DEFAULT_RULES, CountingRules, Limit, Pause, Unit, civil_day

Names = Mapping[str, tuple[str, str]]
"""What reasons and offices are called in Chinese and in English, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounted:
    """One civil day of a clock."""

    date: date
    counts: bool
    reason: str
    """Stable code: start_day, hours, counted, make_up, weekend, holiday, paused, rolled."""
    zh: str
    en: str
    extension: bool = False
    """The day belongs to the time that was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer with the question that it belongs to. While the clock stands still, the days that ran until then."""

    start: datetime
    limit: Limit
    extensions: tuple[Limit, ...]
    pauses: tuple[Pause, ...]
    rules: CountingRules
    due_at: datetime | None
    provisional: bool
    published_through: date
    settled_through: date
    notices: tuple[Notice, ...]
    """Of the years that its days lie in, as far as they are published."""
    calendar_version: str
    names: Names
    days: tuple[DayCounted, ...]


def explain(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    rules: CountingRules = DEFAULT_RULES,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
    names: Names | None = None,
) -> Explanation:
    """The answer of `due`, day by day."""
    answer = due(start, limit, calendar=calendar, rules=rules, pauses=pauses, extensions=extensions)
    named = names or {}
    given, pauses = pauses, in_time(start, limit, calendar=calendar, rules=rules, pauses=pauses, extensions=extensions)
    if answer.due_at is not None:
        end = civil_day(answer.due_at)
        days = tuple(_days(start, limit, end, calendar=calendar, pauses=pauses, extensions=extensions, names=named))
    else:
        days = tuple(_until_standing(start, limit, calendar, pauses, extensions, named))
    return Explanation(
        start=start,
        limit=limit,
        extensions=tuple(extensions),
        pauses=tuple(given),
        rules=rules,
        due_at=answer.due_at,
        provisional=answer.provisional,
        published_through=calendar.published_through,
        settled_through=calendar.settled_through,
        notices=tuple(calendar.notices_of(day.date for day in days)),
        calendar_version=calendar.version,
        names=named,
        days=days,
    )


def _until_standing(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    pauses: Sequence[Pause],
    extensions: Sequence[Limit],
    names: Names,
) -> Iterator[DayCounted]:
    """The days that ran before the clock stopped, and the one on which it did."""
    stops = min((pause for pause in pauses if pause.end is None), key=lambda pause: pause.start)
    closed = [pause for pause in pauses if pause.end is not None]
    ran = due(start, limit, calendar=calendar, pauses=closed, extensions=extensions).due_at
    end, standing = civil_day(ran) if ran else 0, civil_day(stops.start)
    yield from _days(
        start, limit, min(end, standing - 1), calendar=calendar, pauses=closed, extensions=extensions, names=names
    )
    yield _paused(standing, stops, names)


def _days(
    start: datetime,
    limit: Limit,
    end: int,
    *,
    calendar: Calendar,
    pauses: Sequence[Pause],
    extensions: Sequence[Limit],
    names: Names,
) -> Iterator[DayCounted]:
    spans = closed_spans(pauses)
    standing = standing_days(spans)
    hours, parts = split(limit, extensions)
    first, hours_end = civil_day(start), civil_day(after_hours(start, hours, spans))
    ends = _ends(hours_end, parts, calendar, standing)
    added = len(parts) - sum(extension.unit is not Unit.HOUR for extension in extensions)
    stopped = {day: pause for pause in pauses if pause.end for day in _run(pause)}
    part = 0
    for day in range(first, end + 1):
        if parts and day > ends[-1]:
            yield _paused(day, stopped[day], names) if day in stopped else _rolled(day, end, calendar)
        elif hours and day <= hours_end:
            yield _said(day, counts=True, reason="hours", zh="按小时计", en="hours run from the moment")
        elif day == first:
            yield _said(day, counts=False, reason="start_day", zh="开始当日不计", en="start day, not counted")
        elif day in stopped:
            yield _paused(day, stopped[day], names)
        else:
            while day > ends[part]:
                part += 1
            yield _counted(day, parts[part].unit, calendar, extension=part >= added)


def _ends(start: int, parts: Sequence[Limit], calendar: Calendar, standing: Sequence[range]) -> list[int]:
    ends: list[int] = []
    for part in parts:
        start = last_day(start, [part], calendar, standing)
        ends.append(start)
    return ends


def _run(pause: Pause) -> range:
    return range(civil_day(pause.start), civil_day(pause.end or pause.start))


def _said(day: int, *, counts: bool, reason: str, zh: str, en: str, extension: bool = False) -> DayCounted:
    return DayCounted(date=date.fromordinal(day), counts=counts, reason=reason, zh=zh, en=en, extension=extension)


def _counted(day: int, unit: Unit, calendar: Calendar, *, extension: bool) -> DayCounted:
    added = ("(延长期)", " (extension)") if extension else ("", "")
    if unit is not Unit.WORKING_DAY:
        zh, en = f"自然日{added[0]}", f"calendar day{added[1]}"
        return _said(day, counts=True, reason="counted", zh=zh, en=en, extension=extension)
    facts = calendar.day(day)
    reason = "counted" if facts.reason == "workday" else facts.reason.value
    zh, en = f"{facts.zh}{added[0]}", f"{facts.en}{added[1]}"
    return _said(day, counts=facts.works, reason=reason, zh=zh, en=en, extension=extension)


def _paused(day: int, pause: Pause, names: Names) -> DayCounted:
    (reason_zh, reason_en), (by_zh, by_en) = (names.get(code, (code, code)) for code in (pause.reason, pause.by))
    zh = "暂停计时" + (f":{reason_zh}" if reason_zh else "") + (f"({by_zh})" if by_zh else "")
    en = "clock paused" + (f": {reason_en}" if reason_en else "") + (f", by {by_en}" if by_en else "")
    return _said(day, counts=False, reason="paused", zh=zh, en=en)


def _rolled(day: int, end: int, calendar: Calendar) -> DayCounted:
    if day == end:
        return _said(day, counts=True, reason="rolled", zh="顺延至此工作日", en="rolled to this working day")
    facts = calendar.day(day)
    return _said(day, counts=False, reason=facts.reason.value, zh=f"顺延:{facts.zh}", en=f"rolled over: {facts.en}")
