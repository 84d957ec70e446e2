"""A day as people at the window say it."""

from datetime import date, datetime, tzinfo


def civil_day(moment: datetime, seen: datetime, zone: tzinfo) -> tuple[str, str]:
    """A day as people at the window say it: with its year where that is another than when they said it."""
    day, today = (at.astimezone(zone).date() for at in (moment, seen))
    if day.year == today.year:
        return day_zh(day), day_en(day)
    return f"{day.year}年{day_zh(day)}", f"{day_en(day)} {day.year}"


def day_zh(day: date) -> str:
    return f"{day.month}月{day.day}日"


def day_en(day: date) -> str:
    return f"{day:%d %B}".lstrip("0")
