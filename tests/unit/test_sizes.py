"""Files and functions stay short enough to be read at once."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMITS = {"console": 400, "contracts": 400, "libraries": 400, "services": 400, "tests": 600}
LONGEST_FUNCTION = 60
EXCEPTIONS: dict[str, str] = {}
"""Path to the reason why it may be longer."""

FILES = [path for room in LIMITS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_and_its_functions_are_short(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    source = path.read_text("utf-8")
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    too_long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION]
    assert name in EXCEPTIONS or not too_long
    assert name in EXCEPTIONS or source.count("\n") <= LIMITS[name.split("/", maxsplit=1)[0]]
