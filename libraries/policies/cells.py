"""What people write in a cell or behind a key, read as it was meant where that is certain."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from contracts.offices import ROLE
from contracts.submissions import EMAIL, PHONE

KEPT_AS_TEXT: Final = re.compile(r"""='?"(?P<quoted>[^"]*)"|'(?P<marked>.*)""")
"""How a spreadsheet keeps digits as text: `="130702"` or `'130702`."""
WRITTEN_OUT: Final = re.compile(r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})")
WITH_ZEROS: Final = re.compile(r"([0-9]+)\.0+")
PARTS: Final = re.compile(r"[\s,，、;；]+")
DAYS: Final = re.compile(r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?")
HOUR: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
FLAGS: Final = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}


@dataclass(frozen=True, slots=True)
class Form:
    """How codes of a kind are written, and how that is told."""

    pattern: re.Pattern[str]
    message: str

    def fits(self, value: str) -> bool:
        return self.pattern.fullmatch(value) is not None


ROLE_FORM: Final = Form(re.compile(rf"(?=.{{1,64}}\Z){ROLE}"), "a role has only small letters a to z and _")
AREA_FORM: Final = Form(
    re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}"), "must have 2, 4, 6, 9 or 12 digits"
)
CODE_FORM: Final = Form(re.compile(r"[a-z][a-z0-9_]{0,63}"), "a code has only small letters, digits and _")
CATEGORY_FORM: Final = Form(
    re.compile(r"[a-z][a-z_]{0,31}\.[a-z][a-z0-9_]{0,63}"), "a matter is field.name, in small letters, digits and _"
)
NAME_FORM: Final = Form(re.compile(r"[a-z0-9][a-z0-9_.-]{0,95}"), "only small letters, digits, _, - and . are used")
EMAIL_FORM: Final = Form(
    re.compile(EMAIL), "must be an e-mail address in ASCII, for example petition@yunling.example; {code} is the area's"
)
PHONE_FORM: Final = Form(re.compile(PHONE), "must be a phone number of digits, with + before a country code")
PACK_FORM: Final = Form(
    re.compile(r"[a-z0-9][a-z0-9_-]{0,63}"),
    "is the name of a folder beside this one, in small letters, digits, _ and -",
)
ZONE_FORM: Final = Form(
    re.compile(r"UTC|(?!posix/|right/)[A-Z][A-Za-z_]{0,31}(/[A-Z][A-Za-z0-9_+-]{0,31}){1,2}"),
    "is the name of a time zone of the tz database, for example Asia/Urumqi",
)
COUNTRY_FORM: Final = Form(
    re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?"), "is a country of ISO 3166, or a part of one, for example IE or CA-NS"
)


def code(text: str) -> str:
    """Full-width letters as narrow ones, and without what a spreadsheet adds to digits."""
    if text.isascii() and text.isdigit():
        return text
    narrow = unicodedata.normalize("NFKC", text).strip()
    kept = KEPT_AS_TEXT.fullmatch(narrow)
    if kept is not None:
        narrow = (kept["quoted"] if kept["quoted"] is not None else kept["marked"]).strip()
    if (zeros := WITH_ZEROS.fullmatch(narrow)) is not None:
        return zeros[1]
    written = WRITTEN_OUT.fullmatch(narrow)
    # Of a number with fewer digits than its size has, the last ones are lost.
    if written is not None and len(written[2] or "") == int(written[3]):
        return written[1] + (written[2] or "")
    return narrow


def why_rounded(value: str) -> str:
    """Why a code came out of a spreadsheet as a number."""
    if WRITTEN_OUT.fullmatch(value) is None:
        return ""
    return (
        "a spreadsheet has made a number of the code and its last digits are lost; give the column the format Text,"
        " fill in the code again and save"
    )


def parts(text: str) -> list[str]:
    return [part.strip() for part in PARTS.split(text) if part.strip()]


def limit(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return FLAGS.get(unicodedata.normalize("NFKC", value).strip().lower()) if isinstance(value, str) else None


def day(text: str) -> date | None:
    """Year, month and day in this order, with any of the usual marks between them."""
    found = DAYS.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def why_no_day(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "; a spreadsheet has made a number of it"
    if isinstance(value, str) and DAYS.fullmatch("".join(value.split())):
        return "; this one is in no calendar"
    return ""


def hour(text: str) -> time | None:
    found = HOUR.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return time(int(found[1]), int(found[2])) if found is not None else None
