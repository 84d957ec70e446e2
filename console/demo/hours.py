"""When people are at their desks: working days of the calendar, mornings and afternoons."""

from datetime import datetime, time, timedelta

from libraries.deadlines import Calendar

OPENS = time(8, 30)
NOON = time(12)
AFTER_NOON = time(14)
CLOSES = time(17, 30)
BACKLOG_SECONDS = 5400
"""What came in while nobody was there is taken up within so long after the desk opens."""


def at_desk(moment: datetime, calendar: Calendar) -> datetime:
    """The moment itself while the desk is open, else one soon after it opens again."""
    day, local = calendar.civil_day(moment), calendar.local(moment)
    hour = local.time()
    if calendar.works(day) and (OPENS <= hour < NOON or AFTER_NOON <= hour < CLOSES):
        return local
    backlog = timedelta(seconds=moment.timestamp() * 7 % BACKLOG_SECONDS)
    if calendar.works(day) and hour < OPENS:
        return calendar.opening(day, OPENS) + backlog
    if calendar.works(day) and hour < AFTER_NOON:
        return calendar.opening(day, AFTER_NOON) + backlog
    return calendar.opening(calendar.working_day_after(day, 1), OPENS) + backlog
