"""Legal clocks as pure functions: working-day calendar, limits, due dates and their explanation.

No I/O, no clock of its own.
"""

from services.deadlines.calendar import Calendar, DayFacts, DayReason, Override, statutory_calendar
from services.deadlines.counting import Due, due, moment_at_share
from services.deadlines.explanation import DayCounted, Explanation, explain
from services.deadlines.limits import CIVIL_TIME, DEFAULT_RULES, BadQuestion, CountingRules, Limit, Pause, Unit
from services.deadlines.notices import Notice
from services.deadlines.questions import Question, read_moment, read_question
from services.deadlines.telling import BY_ANALOGY, Basis, as_html, as_json, as_text

__all__ = [
    "BY_ANALOGY",
    "CIVIL_TIME",
    "DEFAULT_RULES",
    "BadQuestion",
    "Basis",
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
    "Question",
    "Unit",
    "as_html",
    "as_json",
    "as_text",
    "due",
    "explain",
    "moment_at_share",
    "read_moment",
    "read_question",
    "statutory_calendar",
]
