"""The reference pages are fresh, and explain every code that there is."""

import ast
from pathlib import Path

import pytest

from console.render import REFERENCE, rendered
from console.render.codes import PARKED
from contracts.refusals import REFUSALS

ROOT = Path(__file__).parents[3]
SAYS = {"Rejected", "Undecodable", "BadEnvelope", "Unreadable"}
COMPUTED = {"behind", "sequence_gap", "handler_failed", "handler_timeout", "too_large", "unreadable_batch"}
"""Told by the guard, by a bound or by the kind of failure, not by a call with a literal."""
PAGES = rendered()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_rendered_page_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path], "run `make contracts`, that is python -m console.render"


def said(source: str) -> set[str]:
    """Codes that stand as text in calls which set aside."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in SAYS:
            values = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
            found |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    return found


def test_every_code_is_explained_and_every_explanation_has_its_code() -> None:
    rooms = [ROOT / name for name in ("contracts", "libraries", "services")]
    there = set[str]().union(*(said(path.read_text("utf-8")) for room in rooms for path in room.rglob("*.py")))
    explained = {one.code for one in PARKED}
    assert there - REFUSALS.keys() - explained == set(), "explain them in console/render/codes.py"
    assert explained - there - COMPUTED == set(), "no code says these any more"


def test_pages_stand_in_the_reference() -> None:
    assert {path.parent for path in PAGES} == {REFERENCE, REFERENCE / "pack-schemas"}
