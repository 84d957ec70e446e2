"""Documentation stays easy to read, alone and side by side with its changes: sentences and lines are short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 120
MOST_WORDS = 40
PAGES = sorted(path for folder in (ROOT / "docs", ROOT / "deploy") for path in folder.rglob("*.md")) + sorted(
    path
    for path in ROOT.glob("*.md")
    if path.name != "README.zh-CN.md"  # Chinese has no blanks to break lines at
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_are_short(path: Path) -> None:
    """But for tables, whose rows are lines, and code, which stands as it is typed."""
    parts = path.read_text("utf-8").split("```")
    long = [
        line
        for text in parts[::2]
        for line in text.splitlines()
        if len(line) > LONGEST and not line.lstrip().startswith("|")
    ]
    assert long == []


def sentences(text: str) -> list[str]:
    """Of English prose. A colon and a semicolon end one too, and so does the dot between items of a list in a line."""
    prose = re.sub(r"^#.*$", "\n", "\n\n".join(text.split("```")[::2]), flags=re.MULTILINE)
    prose = re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`]*`", "code", prose))
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:[-*>]|\d+\.) )|\||<br>", prose)
    return [one for block in blocks for one in re.split(r"(?<=[.!?:;])\s+|\s·\s", " ".join(block.split()))]


def words(sentence: str) -> int:
    return sum(re.search("[A-Za-z0-9]", word) is not None for word in sentence.split())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_are_short(path: Path) -> None:
    """But for the changelog, where each entry was written once."""
    found = sentences(path.read_text("utf-8")) if path.name != "CHANGELOG.md" else []
    assert [one for one in found if words(one) > MOST_WORDS] == []


def test_a_long_sentence_is_found() -> None:
    long = " ".join(["word"] * (MOST_WORDS + 1))
    text = f"# {long}\n\nShort. {long}\nends here.\n\n```\n{long}\n```\n- {long[:50]}\n- [{long[:50]}]({long})\n"
    assert [words(one) > MOST_WORDS for one in sentences(text) if one] == [False, True, False, False]
