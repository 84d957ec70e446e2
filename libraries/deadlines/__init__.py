"""Legal clocks as pure functions: working-day calendar, limits, due dates and their explanation.

No I/O, no clock of its own.
"""

from libraries.deadlines.calendar import Calendar, DayFacts, DayReason, Override
from libraries.deadlines.china import statutory_calendar
from libraries.deadlines.counting import Due, due, moment_at_share
from libraries.deadlines.explanation import DayCounted, Explanation, explain
from libraries.deadlines.limits import DEFAULT_RULES, BadQuestion, CountingRules, Limit, Pause, Unit
from libraries.deadlines.notices import Notice
from libraries.deadlines.questions import Question, read_moment, read_question
from libraries.deadlines.rendering import BY_ANALOGY, Basis, as_html, as_json, as_text

__all__ = [
    "BY_ANALOGY",
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
