"""Why a date is what it is: every day from the start to the end, counted or skipped, and for what reason."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from libraries.deadlines.calendar import Calendar
from libraries.deadlines.counting import due, in_time
from libraries.deadlines.limit_timeline import GivenBack, LimitTimeline, timeline_of
from libraries.deadlines.limits import DEFAULT_RULES, CountingRules, Limit, Pause, Unit
from libraries.deadlines.notices import Notice

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
    ran: timedelta = timedelta()
    """How much of a limit in hours ran on the day."""
    notice: Notice | None = None
    """Whose word decided whether the day counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer with the question that it belongs to. While the clock stands still, the days that ran until then."""

    start: datetime
    limit: Limit
    extensions: tuple[Limit, ...]
    pauses: tuple[GivenBack, ...]
    rules: CountingRules
    due_at: datetime | None
    provisional: bool
    published_through: date
    settled_through: date
    zone: tzinfo
    notices: tuple[Notice, ...]
    """By which the years of its days are arranged, as far as they are published, and any other that speaks of a day."""
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
    counted = in_time(start, limit, calendar=calendar, rules=rules, pauses=pauses, extensions=extensions)
    timeline = timeline_of(start, limit, calendar=calendar, pauses=counted, extensions=extensions)
    named = names or {}
    if answer.due_at is not None:
        end = calendar.civil_day(answer.due_at)
        days = tuple(_days(timeline, calendar.civil_day(start), end, named, extensions, rolled_to=end))
    else:
        opened = min((pause for pause in counted if pause.end is None), key=lambda pause: pause.start)
        end = calendar.civil_day(opened.start) - 1
        days = (*_days(timeline, calendar.civil_day(start), end, named, extensions), _stopped(timeline, opened, named))
    return Explanation(
        start=start,
        limit=limit,
        extensions=tuple(extensions),
        pauses=tuple(timeline.given_back(pauses, end, answer.due_at)),
        rules=rules,
        due_at=answer.due_at,
        provisional=answer.provisional,
        published_through=calendar.published_through,
        settled_through=calendar.settled_through,
        zone=calendar.zone,
        notices=tuple(calendar.notices_of(day.date for day in days)),
        calendar_version=calendar.version,
        names=named,
        days=days,
    )


def _days(
    timeline: LimitTimeline,
    first: int,
    last: int,
    names: Names,
    extensions: Sequence[Limit],
    *,
    rolled_to: int | None = None,
) -> Iterator[DayCounted]:
    added = len(timeline.parts) - sum(extension.unit is not Unit.HOUR for extension in extensions)
    for day in range(first, last + 1):
        part = bisect_left(timeline.ends, day)
        if timeline.hours and day <= timeline.hours_day:
            yield _of_hours(timeline, day, names)
        elif day == first:
            yield _said(day, counts=False, reason="start_day", zh="开始当日不计", en="start day, not counted")
        elif day in timeline.standing:
            yield _paused(day, timeline.pauses[timeline.standing[day]], names)
        elif part == len(timeline.parts):
            yield _rolled(day, rolled_to, timeline.calendar)
        else:
            yield _counted(day, timeline.unit_of(day), timeline.calendar, extension=part >= added)


def _stopped(timeline: LimitTimeline, opened: Pause, names: Names) -> DayCounted:
    """The day on which the clock stopped, with the hours that had run on it by then."""
    day = timeline.calendar.civil_day(opened.start)
    paused = _paused(day, opened, names)
    if day > timeline.hours_day or timeline.ran_on(day) == timedelta():
        return paused
    ran = _of_hours(timeline, day, names)
    return replace(ran, zh=f"{ran.zh}，其后{paused.zh}", en=f"{ran.en}, then {paused.en}")


def _of_hours(timeline: LimitTimeline, day: int, names: Names) -> DayCounted:
    ran, stood = timeline.ran_on(day), timeline.stood_on(day)
    if ran:
        # Of what has run by then, so that the rounded times add up.
        first, last = (whole_seconds(timeline.ran_until(timeline.calendar.midnight(each))) for each in (day, day + 1))
        (zh, en), still = time_in_words(last - first), time_in_words(stood)
        paused = (f"，暂停 {still[0]}", f", paused for {still[1]}") if stood else ("", "")
        said = _said(day, counts=True, reason="hours", zh=f"按小时计：{zh}{paused[0]}", en=f"{en} run{paused[1]}")
        return replace(said, ran=ran)
    if day in timeline.standing:
        return _paused(day, timeline.pauses[timeline.standing[day]], names)
    return _said(day, counts=False, reason="hours", zh="按小时计：0 时计满", en="the hours have run at 00:00")


def whole_seconds(span: timedelta) -> timedelta:
    return timedelta(seconds=span // timedelta(seconds=1))


def time_in_words(span: timedelta) -> tuple[str, str]:
    """Hours, minutes and seconds in Chinese and English, as far as there are any."""
    minutes, seconds = divmod(span // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    amounts = [(hours, "小时", "h"), (minutes, "分", "min"), (seconds, "秒", "s")]
    said = [amount for amount in amounts if amount[0]] or amounts[-1:]
    return " ".join(f"{n} {zh}" for n, zh, _ in said), " ".join(f"{n} {en}" for n, _, en in said)


def _said(day: int, *, counts: bool, reason: str, zh: str, en: str, extension: bool = False) -> DayCounted:
    return DayCounted(date=date.fromordinal(day), counts=counts, reason=reason, zh=zh, en=en, extension=extension)


def _counted(day: int, unit: Unit, calendar: Calendar, *, extension: bool) -> DayCounted:
    added = ("（延长期）", " (extension)") if extension else ("", "")
    if unit is not Unit.WORKING_DAY:
        zh, en = f"自然日{added[0]}", f"calendar day{added[1]}"
        return _said(day, counts=True, reason="counted", zh=zh, en=en, extension=extension)
    facts = calendar.day(day)
    reason = "counted" if facts.reason == "workday" else facts.reason.value
    zh, en = f"{facts.zh}{added[0]}", f"{facts.en}{added[1]}"
    said = _said(day, counts=facts.works, reason=reason, zh=zh, en=en, extension=extension)
    return replace(said, notice=facts.notice)


def _paused(day: int, pause: Pause, names: Names) -> DayCounted:
    (reason_zh, reason_en), (by_zh, by_en) = (names.get(code, (code, code)) for code in (pause.reason, pause.by))
    zh = "暂停计时" + (f"：{reason_zh}" if reason_zh else "") + (f"（{by_zh}）" if by_zh else "")
    en = "clock paused" + (f": {reason_en}" if reason_en else "") + (f", by {by_en}" if by_en else "")
    return _said(day, counts=False, reason="paused", zh=zh, en=en)


def _rolled(day: int, to: int | None, calendar: Calendar) -> DayCounted:
    if day == to:
        return _said(day, counts=True, reason="rolled", zh="顺延至此工作日", en="rolled to this working day")
    facts = calendar.day(day)
    zh, en = f"顺延：{facts.zh}", f"rolled over: {facts.en}"
    return replace(_said(day, counts=False, reason=facts.reason.value, zh=zh, en=en), notice=facts.notice)
