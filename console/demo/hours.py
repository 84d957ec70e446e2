"""When people are at their desks: working days of the calendar, mornings and afternoons."""

from datetime import datetime, timedelta

from libraries.deadlines import CIVIL_TIME, Calendar
from libraries.deadlines.limits import civil_day, midnight

OPENS = timedelta(hours=8, minutes=30)
NOON = timedelta(hours=12)
AFTER_NOON = timedelta(hours=14)
CLOSES = timedelta(hours=17, minutes=30)
BACKLOG_SECONDS = 5400
"""What came in while nobody was there is taken up within so long after the desk opens."""


def at_desk(moment: datetime, calendar: Calendar) -> datetime:
    """The moment itself while the desk is open, else one soon after it opens again."""
    day = civil_day(moment)
    hour = moment - midnight(day)
    if calendar.works(day) and (OPENS <= hour < NOON or AFTER_NOON <= hour < CLOSES):
        return moment.astimezone(CIVIL_TIME)
    backlog = timedelta(seconds=moment.timestamp() * 7 % BACKLOG_SECONDS)
    if calendar.works(day) and hour < OPENS:
        return midnight(day) + OPENS + backlog
    if calendar.works(day) and hour < AFTER_NOON:
        return midnight(day) + AFTER_NOON + backlog
    return midnight(calendar.working_day_after(day, 1)) + OPENS + backlog
