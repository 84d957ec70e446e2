"""What the pages say: one file of texts per language, Chinese first."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import yaml

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@cache
def texts(language: Language) -> Mapping[str, str]:
    raw = (resources.files("services.portal") / "texts" / f"{language}.yaml").read_text("utf-8")
    return {
        f"{group}.{name}": str(text) for group, found in yaml.safe_load(raw).items() for name, text in found.items()
    }


def say(language: Language, key: str, **facts: Any) -> str:
    """Raises `KeyError` for a text that is missing: a page with a hole is a fault, and tests find it."""
    text = texts(language)[key]
    return text.format(**facts) if facts else text
