"""What a browser sent, as it was typed; and what is wrong with it, each at its field."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

MOST_FIELDS: Final = 300
SEEN_FIELD: Final = "seen"
"""The version of what the person saw when the form was made."""


class BadForm(ValueError):
    """No form of ours."""


class Form:
    """Fields in the order in which they were sent; a name may stand several times."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self.pairs = tuple(pairs)

    @classmethod
    def read(cls, body: bytes) -> "Form":
        """Raises `BadForm`."""
        try:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError:
            raise BadForm from None
        return cls.of(pairs)

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "Form":
        """Raises `BadForm`."""
        # PostgreSQL keeps no NUL, and no person types one.
        if any("\0" in name or "\0" in value for name, value in pairs):
            raise BadForm
        return cls([(name, value.replace("\r\n", "\n")) for name, value in pairs])

    def get(self, name: str) -> str:
        """Without blanks around; empty where there is none."""
        return next((value.strip() for known, value in self.pairs if known == name), "")

    def typed(self, name: str) -> str:
        """As it was typed, for a password."""
        return next((value for known, value in self.pairs if known == name), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.pairs if known == name]

    def below(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Fields whose name begins so, without the beginning."""
        for name, value in self.pairs:
            if name.startswith(prefix):
                yield name.removeprefix(prefix), value

    def without(self, *names: str) -> "Form":
        return Form([(name, value) for name, value in self.pairs if name not in names])
