"""The code of a receipt: with the number of the case it opens the status page, and nothing else."""

import hmac
from typing import Final

DIGITS: Final = 12
"""As people read them out and type them on a phone; a million tries find one in a million cases."""
GROUP: Final = 4
_DIGITS: Final = {0xFF10 + digit: str(digit) for digit in range(10)}
_HYPHENS: Final = dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-")
_BLANKS: Final = dict.fromkeys(map(ord, " \t\u3000\u00a0"))


def code_of(digest: bytes) -> str:
    """For example `4821-0937-5562`. The digest is long enough that no code is likelier than another."""
    digits = f"{int.from_bytes(digest) % 10**DIGITS:0{DIGITS}d}"
    return "-".join(digits[start : start + GROUP] for start in range(0, DIGITS, GROUP))


def is_code(typed: str, code: str) -> bool:
    """With or without hyphens and blanks, also in full-width digits; takes the same time however much is right."""
    return hmac.compare_digest(_plain(typed).encode(), _plain(code).encode())


def plain_number(typed: str) -> str:
    """A case number as somebody typed it who reads it from paper."""
    return typed.translate(_DIGITS | _HYPHENS | _BLANKS)


def _plain(text: str) -> str:
    return plain_number(text).replace("-", "")
