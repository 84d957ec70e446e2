"""Tutorials: every step says something that can be done, both languages do the same, pictures are few and small."""

import re
from pathlib import Path

import pytest

from tests.browser.guide import STEP, steps

FOLDER = Path(__file__).parents[2] / "docs" / "tutorials"
ENGLISH = sorted(path for path in FOLDER.glob("*.md") if not path.name.endswith(".zh-CN.md"))
LARGEST = 60 * 1024


def chinese(page: Path) -> Path:
    return page.with_name(page.name.replace(".md", ".zh-CN.md"))


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.stem)
def test_every_step_can_be_followed(page: Path) -> None:
    for language in (page, chinese(page)):
        text = language.read_text("utf-8")
        assert len(STEP.findall(text)) == len(re.findall(r"^\d+\. ", text, re.MULTILINE)) > 0
        assert [] not in list(steps(text))


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.stem)
def test_both_languages_do_the_same(page: Path) -> None:
    """But for the switch of the language."""
    switch = ("English",)
    english, other = (
        [[deed.name for deed in step if deed.values != switch] for step in steps(one.read_text("utf-8"))]
        for one in (page, chinese(page))
    )
    assert english == other


def test_pictures_are_small_and_each_is_shown() -> None:
    text = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.md"))
    pictures = sorted((FOLDER / "pictures").rglob("*.*"))
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < LARGEST, picture
        assert f"({picture.relative_to(FOLDER).as_posix()})" in text
