"""Pages lead somewhere: what a relative link of the documentation names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def relative_links(page: Path) -> list[str]:
    found = LINK.findall(page.read_text("utf-8"))
    return [link for link in found if not re.match(r"[a-z]+:|#", link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = [link for link in relative_links(page) if not (page.parent / link.partition("#")[0]).exists()]
    assert not missing


def test_both_readmes_name_the_same_commands_rooms_and_pages() -> None:
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    own = {"README.md", "README.zh-CN.md"}
    assert sorted({*relative_links(english)} - own) == sorted({*relative_links(chinese)} - own)
    first, second = (set(re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))) for page in (english, chinese))
    assert sorted(first) == sorted(second)
