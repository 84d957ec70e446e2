"""Bytes of a file as people save them, as text: which encoding it is, and what no text of ours may hold."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""By the mark at the beginning; the longer one of two that begin alike stands first."""
LONGEST_VALUE: Final = 4_000
"""Signs of one value. No name, source or code of a pack comes near."""
COMMON_SHARE: Final = 0.8
"""So much of a Chinese text in GB18030 lies within GB2312; what was written in another encoding reads as rare signs."""
FIRST_EASTERN: Final = "\u2e80"
SELDOM: Final = re.compile("[\u0300-\u07ff]")
"""Signs that two bytes of Chinese in GB18030 look like in UTF-8, and that no pack has need of."""
SHOW: Final = "save the file as UTF-8 (in Excel: CSV UTF-8)"
UNSEEN: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""Control characters, and those that nobody sees: they join, turn around or hide what stands beside them."""

Note = tuple[int, str]
"""A line, and what is wrong there."""


class UnreadableText(ValueError):
    """A file that cannot be read on from `line`."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def decoded(content: bytes) -> str:
    """The text, without a mark of its encoding. Raises `Unreadable`."""
    for mark, encoding in ENCODINGS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], encoding)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _chinese(content, error.start)
    odd = SELDOM.search(text)
    if odd is not None and not any(sign >= FIRST_EASTERN for sign in text) and _as_gb18030(content) is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise UnreadableText(line, f"cannot be read for certain: it may be UTF-8 or GB18030; {SHOW}")
    return text


def _chinese(content: bytes, wrong_at: int) -> str:
    """What is not UTF-8, if it certainly is GB18030."""
    line = content.count(b"\n", 0, wrong_at) + 1
    byte = f"byte 0x{content[wrong_at]:02x}"
    partly = content.decode("utf-8", "replace")
    # Where most of it is Chinese in UTF-8, a few wrong bytes are damage.
    if sum(sign >= FIRST_EASTERN for sign in partly) > 2 * partly.count("\ufffd"):
        raise UnreadableText(line, f"cannot be read: it is UTF-8 but for {byte} here; mend the line and {SHOW}")
    text = _as_gb18030(content)
    if text is None:
        raise UnreadableText(line, f"cannot be read: {byte} is not UTF-8, and as GB18030 it makes no sense; {SHOW}")
    return text


def _as_gb18030(content: bytes) -> str | None:
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    chinese = "".join(sign for sign in text if not sign.isascii())
    return text if len(chinese.encode("gb2312", "ignore")) >= 2 * COMMON_SHARE * len(chinese) else None


def unseen(text: str) -> Iterator[Note]:
    """Each line with signs that nobody sees, and which they are."""
    if UNSEEN.search(text) is None:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if found := UNSEEN.findall(line):
            names = sorted({_name(sign) for sign in found})
            yield number, f"holds a character that nobody sees: {', '.join(names)}; take it out"


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].decode(encoding, "replace").count("\n") + 1
        raise UnreadableText(line, f"cannot be read as {encoding}, which its first bytes say it is; {SHOW}") from None


def _name(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'control character').lower()}"
