"""Days that differ from the plain week, 2007 to 2026, from a source that shares nothing with the product.

`moved_days.csv` was written from the package `chinesecalendar`: `rest` is a weekday off, `work` a worked weekend.
"""

import csv
from datetime import date
from pathlib import Path

FILE = Path(__file__).parent / "moved_days.csv"

with FILE.open(encoding="utf-8") as file:
    MOVED = {date.fromisoformat(row["date"]): row["day"] == "work" for row in csv.DictReader(file)}


def works(day: date) -> bool:
    return MOVED.get(day, day.weekday() < 5)
