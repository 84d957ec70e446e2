"""A second, deliberately naive counter: it walks day by day and shares no code with the real one."""

from datetime import date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
"""No daylight saving since 1991, so a fixed offset will do here."""


def naive_due(
    start: datetime, number: int, unit: str, holidays: dict[date, bool], pauses: list[tuple[datetime, datetime]]
) -> datetime:
    """Due date of a limit in `d` or `wd`; `holidays` says of each special day whether it works."""

    def works(day: date) -> bool:
        return holidays.get(day, day.weekday() < 5)

    def stands(day: date) -> bool:
        end_of_day = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(days=1)
        return any(begin < end_of_day <= end for begin, end in pauses)

    day = start.astimezone(SHANGHAI).date()
    left = number
    while left:
        day += timedelta(days=1)
        if (unit == "d" or works(day)) and not stands(day):
            left -= 1
    while not works(day) or stands(day):
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999999, tzinfo=SHANGHAI)
