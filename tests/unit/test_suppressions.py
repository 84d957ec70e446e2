"""Whoever silences a tool says why, on the same line."""

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("console", "contracts", "libraries", "services", "tests")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
SUPPRESSES = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b")
WITH_REASON = re.compile(r"# ((noqa: [A-Z0-9, ]+|pragma: no cover) -- |type: ignore\[[a-z, -]+\]  # )\w.+")


def without_reason(path: Path) -> list[str]:
    with tokenize.open(path) as file:
        comments = [token for token in tokenize.generate_tokens(file.readline) if token.type == tokenize.COMMENT]
    return [
        f"{path.name}:{token.start[0]} {token.string}"
        for token in comments
        if SUPPRESSES.search(token.string) and not WITH_REASON.search(token.string)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_every_suppression_has_a_reason(room: str) -> None:
    found = [line for path in FILES if path.is_relative_to(ROOT / room) for line in without_reason(path)]
    assert found == []


@pytest.mark.parametrize("line", ["x = 1  # noqa: F401", "x = 1  # noqa", "x = 1  # type: ignore[misc]", "#noqa: E501"])
def test_one_without_is_found(tmp_path: Path, line: str) -> None:
    (path := tmp_path / "sample.py").write_text(f"{line}\n", "utf-8")
    assert len(without_reason(path)) == 1
