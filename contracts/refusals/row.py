"""A row of the table of refusals."""

from string import Formatter
from typing import NamedTuple


class Refusal(NamedTuple):
    """`zh` and `en` say what is wrong and what to do next.

    Names in braces are facts: rules, dates, who may; never what was sent.
    """

    code: str
    status: int
    zh: str
    en: str

    @property
    def facts(self) -> frozenset[str]:
        """The names that both sentences are filled with."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.zh + self.en) if name)
