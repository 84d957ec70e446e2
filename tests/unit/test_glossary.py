"""The glossary is in order, and speaks of names that the code has."""

import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([^`]+)` \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", [row[2] for row in ROWS])
def test_every_name_is_in_the_code(name: str) -> None:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            # A field without a default stands in the annotations alone.
            found = getattr(found, part, None) or found.__annotations__[part]
        return
    pytest.fail(f"there is no {name}")


def test_terms_stand_in_alphabetical_order_each_once_and_in_both_languages() -> None:
    terms = [row[0].lower() for row in ROWS]
    assert terms == sorted(set(terms))
    assert len(terms) == PAGE.read_text("utf-8").count("\n| ") - 1, "each line has all of its parts"
    assert [row for row in ROWS if not re.search(r"[\u4e00-\u9fff]", row[1])] == []
