"""A second, deliberately naive counter: it walks by minutes and by days and shares no code with the real one."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo

SHANGHAI = timezone(timedelta(hours=8))
"""No daylight saving since 1991, so a fixed offset will do here."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Spans = list[tuple[datetime, datetime]]
Parts = list[tuple[int, str]]


def naive_due(
    start: datetime,
    parts: Parts,
    works: Callable[[date], bool],
    pauses: Spans,
    *,
    roll: bool = True,
    closes: time | None = None,
    zone: tzinfo = SHANGHAI,
) -> datetime:
    """Pauses one after the other, until one begins only after the end."""
    begun: Spans = []
    end = ends(start, parts, works, begun, roll=roll, closes=closes, zone=zone)
    for span in sorted(pauses):
        if span[0] > end:
            break
        begun.append(span)
        end = ends(start, parts, works, begun, roll=roll, closes=closes, zone=zone)
    return end


def ends(
    start: datetime,
    parts: Parts,
    works: Callable[[date], bool],
    pauses: Spans,
    *,
    roll: bool,
    closes: time | None,
    zone: tzinfo = SHANGHAI,
) -> datetime:
    """Hours first, a minute at a time; then every other part, a day at a time; then on to a day that works."""
    hours = sum(number for number, unit in parts if unit == "h")
    days = [(number, unit) for number, unit in parts if unit != "h"]
    moment = walked(start, hours * 60, pauses)
    if not days:
        return moment
    day = moment.astimezone(zone).date()
    for number, unit in days:
        day = last_day_of(day, number, unit, works, pauses, zone)
    while roll and (not works(day) or stands(day, pauses, zone)):
        day += DAY
    return datetime.combine(day, closes or time(23, 59, 59, 999999), zone)


def walked(moment: datetime, minutes: int, pauses: Spans) -> datetime:
    while minutes:
        if not any(begin <= moment < end for begin, end in pauses):
            minutes -= 1
        moment += MINUTE
    return moment


def last_day_of(
    day: date, number: int, unit: str, works: Callable[[date], bool], pauses: Spans, zone: tzinfo = SHANGHAI
) -> date:
    if unit in ("mo", "y"):
        number, unit = (anniversary(day, number * 12 if unit == "y" else number) - day).days, "d"
    while number:
        day += DAY
        if (unit == "d" or works(day)) and not stands(day, pauses, zone):
            number -= 1
    return day


def anniversary(day: date, months: int) -> date:
    """The same day so many months later; if the month has no such day, its last."""
    month, year = day.month, day.year
    for _ in range(months):
        month += 1
        if month == 13:
            month, year = 1, year + 1
    number = day.day
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def stands(day: date, pauses: Spans, zone: tzinfo = SHANGHAI) -> bool:
    """Whether the clock stood still at the end of the day."""
    midnight = datetime.combine(day + DAY, time(), zone)
    return any(begin < midnight <= end for begin, end in pauses)


def seconds_run(start: datetime, hours: int, pauses: Spans, until: datetime | None = None) -> dict[date, int]:
    """How many seconds of the hours run on which day, a minute at a time, until the clock stops for good."""
    found: dict[date, int] = {}
    moment, minutes = start, hours * 60
    while minutes and moment != until:
        if not any(begin <= moment < end for begin, end in pauses):
            day = moment.astimezone(SHANGHAI).date()
            found[day] = found.get(day, 0) + 60
            minutes -= 1
        moment += MINUTE
    return found


def days_counted(day: date, parts: Parts, works: Callable[[date], bool], pauses: Spans) -> list[list[date]]:
    """The days that count after the day, for each part in whole days."""
    found: list[list[date]] = []
    for number, unit in parts:
        last = last_day_of(day, number, unit, works, pauses)
        counted = []
        while day < last:
            day += DAY
            if (unit != "wd" or works(day)) and not stands(day, pauses):
                counted.append(day)
        found.append(counted)
    return found
