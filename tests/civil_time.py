"""The clocks of the packs that most tests read."""

from typing import Final
from zoneinfo import ZoneInfo

from libraries.deadlines import statutory_calendar

CIVIL_TIME: Final = ZoneInfo("Asia/Shanghai")
CALENDAR: Final = statutory_calendar(CIVIL_TIME)
