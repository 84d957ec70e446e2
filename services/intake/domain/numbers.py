"""Case numbers that people read out and type: county, day, serial, check digit."""

from datetime import datetime
from uuid import UUID

from libraries.deadlines import Calendar

SERIAL_DIGITS = 5


def county_of(area: str) -> str:
    return area[:6]


def day_of(moment: datetime, calendar: Calendar) -> str:
    return f"{calendar.date_of(moment):%Y%m%d}"


def case_number(county: str, day: str, serial: int) -> str:
    """For example `130722-20260302-00017-7`."""
    body = f"{county}-{day}-{serial:0{SERIAL_DIGITS}d}"
    return f"{body}-{check_digit(body)}"


def check_digit(body: str) -> int:
    """ISO/IEC 7064 MOD 11,10 over the digits: finds every wrong digit and nearly every transposition."""
    rest = 10
    for digit in filter(str.isdigit, body):
        total = (rest + int(digit)) % 10 or 10
        rest = total * 2 % 11
    return (11 - rest) % 10


def id_or_number(text: str) -> UUID | str | None:
    """How a case is asked for: by its id, or by its number as it is; `None` for what can be neither."""
    if is_case_number(text):
        return text
    try:
        return UUID(text)
    except ValueError:
        return None


def is_case_number(text: str) -> bool:
    """Whether the text can be a case number at all: form and check digit."""
    county, _, rest = text.partition("-")
    parts = rest.split("-")
    if len(parts) != 3 or not text.isascii():
        return False
    day, serial, digit = parts
    if not (len(county) == 6 and len(day) == 8 and len(serial) >= SERIAL_DIGITS and len(digit) == 1):
        return False
    return all(part.isdigit() for part in (county, *parts)) and int(digit) == check_digit(f"{county}-{day}-{serial}")
