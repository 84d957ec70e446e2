"""Documentation stays easy to read side by side with its changes: lines of its source are short."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 120
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
