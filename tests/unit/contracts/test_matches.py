"""Who matches over events decides on each: an event that is added is nowhere passed over by accident."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from contracts.events import EVENTS, Event, Known

ROOT = Path(__file__).parents[3]
FILES = [path for room in ("console", "services") for path in sorted((ROOT / room).rglob("*.py"))]
NAMES = {kind.__name__ for event in EVENTS.values() for kind in event.__mro__ if issubclass(kind, Event)}


def test_the_closed_union_holds_every_event() -> None:
    assert set(get_args(Known)) == set(EVENTS.values())


def over_events(tree: ast.AST) -> Iterator[ast.Match]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Match):
            patterns = [one for case in node.cases for one in ast.walk(case.pattern) if isinstance(one, ast.MatchClass)]
            if any(ast.unparse(one.cls).rpartition(".")[2] in NAMES for one in patterns):
                yield node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_match_over_events_ends_with_nothing_left(path: Path) -> None:
    for match in over_events(ast.parse(path.read_text("utf-8"))):
        last = match.cases[-1]
        assert ast.unparse(last.pattern) == "_", match.lineno
        assert ast.unparse(last.body[0]).startswith("assert_never("), match.lineno


def test_the_rule_looks_at_something() -> None:
    assert sum(1 for path in FILES for _ in over_events(ast.parse(path.read_text("utf-8")))) >= 8
