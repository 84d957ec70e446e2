"""Legal clocks as pure functions: working-day calendar, limits, due dates and their explanation.

No I/O, no clock of its own.
"""

from services.deadlines.calendar import Calendar, DayFacts, DayReason, Notice, Override, statutory_calendar
from services.deadlines.counting import Due, due, moment_at_share
from services.deadlines.explanation import DayCounted, Explanation, explain
from services.deadlines.limits import CIVIL_TIME, DEFAULT_RULES, BadQuestion, CountingRules, Limit, Pause, Unit

__all__ = [
    "CIVIL_TIME",
    "DEFAULT_RULES",
    "BadQuestion",
    "Calendar",
    "CountingRules",
    "DayCounted",
    "DayFacts",
    "DayReason",
    "Due",
    "Explanation",
    "Limit",
    "Notice",
    "Override",
    "Pause",
    "Unit",
    "due",
    "explain",
    "moment_at_share",
    "statutory_calendar",
]
