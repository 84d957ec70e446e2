"""Ids that outsiders choose travel in events, logs and keys: none of them may be a person.

Three things are refused (`personal_id`): a resident identity number, a mainland mobile number, a Chinese character.
"""

import re
from datetime import date
from typing import Final

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS: Final = "10X98765432"
YEARS: Final = range(1850, 2101)
"""In which people who have such a number were born."""
_IDENTITY = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
# Not beside a letter that a hexadecimal id may have: such ids hold eleven digits in a row now and then.
_MOBILE = re.compile(r"(?<![0-9A-Fa-f])(?:0{0,2}86)?1[3-9][0-9]{9}(?![0-9A-Fa-f])")
_CHINESE = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HASH = re.compile(r"(?<![0-9A-Za-z])(?=[0-9]*[a-fA-F][0-9]*[a-fA-F])[0-9a-fA-F]{24,}(?![0-9A-Za-z])")


def is_identity_number(text: str) -> bool:
    """Whether these are the 18 characters of a resident identity number (GB 11643-1999): birth date and check digit."""
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", text, re.ASCII):
        return False
    year, month, day = int(text[6:10]), int(text[10:12]), int(text[12:14])
    try:
        date(year, month, day)
    except ValueError:
        return False
    return year in YEARS and check_character(text[:17]) == text[17].upper()


def check_character(first_17: str) -> str:
    """The last character of an identity number (ISO 7064 MOD 11-2)."""
    return CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True)) % 11]


def is_personal(text: str) -> bool:
    """Whether a string that an outsider chose names a person, alone or within more."""
    if _CHINESE.search(text):
        return True
    rest = _HASH.sub(" ", _UUID.sub(" ", text))
    return bool(_MOBILE.search(rest)) or any(is_identity_number(found) for found in _IDENTITY.findall(rest))
