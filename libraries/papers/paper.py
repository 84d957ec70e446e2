"""A paper in one language: a title, rows of names and values, and paragraphs. It is plain text throughout."""

import unicodedata
from typing import Final

import msgspec

UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Categories of characters that print nothing, or turn the order of what stands around them (Unicode 16, 4.5)."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    name: str
    value: str


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what stands on it; nothing is looked up when it is printed again."""

    title: str
    rows: tuple[Row, ...]
    paragraphs: tuple[str, ...]

    def lines(self) -> list[str]:
        """In the order in which they are read."""
        return [self.title, *(text for row in self.rows for text in (row.name, row.value)), *self.paragraphs]


def plain(text: str) -> str:
    """The text on one line, with each character that cannot be seen written as its code point in brackets."""
    # Nearly all is: to look at each character costs more than all else that registering a case does.
    return text if text.isprintable() else "".join(_seen(sign) for sign in text)


def _seen(sign: str) -> str:
    if sign in "\n\r\t":
        return " "
    return spelt(sign) if unicodedata.category(sign) in UNSEEN else sign


def spelt(sign: str) -> str:
    """As an official writes a character that the machine cannot print: 〔U+20BB7〕."""
    return f"〔U+{ord(sign):04X}〕"
