"""The course of a clock: which of its days can count, how long its hours ran, and what each pause gave back."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from libraries.deadlines.calendar import Calendar
from libraries.deadlines.counting import Spans, after_hours, closed_spans, last_day, split, standing_days
from libraries.deadlines.limits import Limit, Pause, Unit


class WhyNothing(StrEnum):
    """Why a pause gave nothing back."""

    LASTS = "lasts"
    """It is not over yet."""
    BEGAN_LATE = "began_late"
    """It began after the limit had ended."""
    WITHIN_A_DAY = "within_a_day"
    """It was over before the day ended, and the day counts."""
    NOTHING_RAN = "nothing_ran"
    """Whatever lies in it does not count, or another pause has given it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """A pause with what it gave back: days that would have counted, or time of hours that would have run.

    Never both: hours come first, and do not end before a pause that they meet is over.
    """

    pause: Pause
    days: int = 0
    time: timedelta = timedelta()
    nothing: WhyNothing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTimeline:
    """A limit laid out over the calendar: its hours first, then its other parts, one after the other."""

    start: datetime
    hours: int
    hours_end: datetime
    """When the hours have run, or when the clock stopped before that. In UTC, as the start."""
    hours_day: int
    """The day on which the hours end; if there are none, the start day."""
    parts: tuple[Limit, ...]
    ends: tuple[int, ...]
    """The last day of each part."""
    spans: Spans
    pauses: tuple[Pause, ...]
    """Those that are over, in the order of their beginning."""
    standing: Mapping[int, int]
    """By day at whose end the clock stood still: which of the pauses held it, the first of several."""
    calendar: Calendar

    def unit_of(self, day: int) -> Unit:
        """Of the part that the day belongs to. A day after the last part gives way to the next working day."""
        part = bisect_left(self.ends, day)
        return self.parts[part].unit if part < len(self.parts) else Unit.WORKING_DAY

    def can_count(self, day: int) -> bool:
        """Whether the day would count if the clock ran."""
        return day > self.hours_day and (self.unit_of(day) is not Unit.WORKING_DAY or self.calendar.works(day))

    def ran_until(self, moment: datetime) -> timedelta:
        """How much of the hours has run by then."""
        until = min(max(moment.astimezone(UTC), self.start), self.hours_end)
        return until - self.start - sum((_overlap(span, self.start, until) for span in self.spans), timedelta())

    def ran_on(self, day: int) -> timedelta:
        return self.ran_until(self.calendar.midnight(day + 1)) - self.ran_until(self.calendar.midnight(day))

    def stood_on(self, day: int) -> timedelta:
        """How long the hours stood still on the day."""
        begin, end = max(self.calendar.midnight(day), self.start), min(self.calendar.midnight(day + 1), self.hours_end)
        return sum((_overlap(span, begin, end) for span in self.spans), timedelta())

    def given_back(self, pauses: Sequence[Pause], last: int, due_at: datetime | None) -> Iterator[GivenBack]:
        """What each pause gave back by the last day, in the order in which they are asked for."""
        found: dict[Pause, tuple[int, timedelta]] = {}
        for pause, gift in zip(self.pauses, self._gifts(last), strict=True):
            found.setdefault(pause, gift)
        for pause in pauses:
            days, time = found.pop(pause, (0, timedelta()))
            nothing = None if days or time else self._why_nothing(pause, last, due_at)
            yield GivenBack(pause=pause, days=days, time=time, nothing=nothing)

    def _gifts(self, last: int) -> Iterator[tuple[int, timedelta]]:
        """Of pauses that overlap, the first gives back what they share."""
        days = [0] * len(self.pauses)
        for day, number in self.standing.items():
            days[number] += day <= last and self.can_count(day)
        given = self.start
        for pause, counted in zip(self.pauses, days, strict=True):
            end = min(pause.end or pause.start, self.hours_end).astimezone(UTC)
            time = max(end - max(pause.start.astimezone(UTC), given), timedelta())
            given = max(given, end)
            yield counted, time if self.hours else timedelta()

    def _why_nothing(self, pause: Pause, last: int, due_at: datetime | None) -> WhyNothing:
        if due_at is not None and pause.start > due_at:
            return WhyNothing.BEGAN_LATE
        if pause.end is None:
            return WhyNothing.LASTS
        day = self.calendar.civil_day(pause.start)
        within = (
            day == self.calendar.civil_day(pause.end)
            and day <= last
            and day not in self.standing
            and self.can_count(day)
        )
        return WhyNothing.WITHIN_A_DAY if within else WhyNothing.NOTHING_RAN


def timeline_of(
    start: datetime, limit: Limit, *, calendar: Calendar, pauses: Sequence[Pause], extensions: Sequence[Limit]
) -> LimitTimeline:
    """Laid out by the pauses that are over; the hours end where one begins that is not."""
    closed = sorted((pause for pause in pauses if pause.end is not None), key=lambda pause: pause.start)
    spans = closed_spans(closed)
    hours, parts = split(limit, extensions)
    end = after_hours(start, hours, spans, calendar)
    stops = min((pause.start for pause in pauses if pause.end is None), default=end)
    ends, day = [], calendar.civil_day(end)
    for part in parts:
        day = last_day(day, [part], calendar, standing_days(spans, calendar))
        ends.append(day)
    standing: dict[int, int] = {}
    for number, pause in enumerate(closed):
        for each in range(calendar.civil_day(pause.start), calendar.civil_day(pause.end or pause.start)):
            standing.setdefault(each, number)
    return LimitTimeline(
        start=start.astimezone(UTC),
        hours=hours,
        hours_end=min(end, stops).astimezone(UTC),
        hours_day=calendar.civil_day(end),
        parts=tuple(parts),
        ends=tuple(ends),
        spans=spans,
        pauses=tuple(closed),
        standing=standing,
        calendar=calendar,
    )


def _overlap(span: tuple[datetime, datetime], begin: datetime, end: datetime) -> timedelta:
    # In UTC: two moments of one zone are subtracted by their wall clocks.
    first, last = (moment.astimezone(UTC) for moment in span)
    return max(min(last, end.astimezone(UTC)) - max(first, begin), timedelta())
