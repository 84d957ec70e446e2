"""The AsyncAPI document under the official parser."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from contracts.render import CONTRACTS

HERE = Path(__file__).parent / "asyncapi"

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="needs Node.js and npm for @asyncapi/parser"
)


@pytest.fixture(scope="module")
def parser() -> Path:
    """The folder with the parser, installed once per version."""
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]["@asyncapi/parser"]
    cache = Path(os.environ.get("YIMEN_CACHE") or Path.home() / ".cache" / "yimen")
    folder = cache / f"asyncapi-parser-{wanted}"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", folder)
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        subprocess.run(["npm", "install", "--silent", *options], cwd=folder, check=True, timeout=100)
        (folder / "installed").touch()
    return folder


def findings(parser: Path, document: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", HERE / "check.js", parser], input=document, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_official_parser_accepts_the_document(parser: Path) -> None:
    done = findings(parser, (CONTRACTS / "asyncapi.json").read_text("utf-8"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_parser_would_find_a_fault(parser: Path) -> None:
    document = json.loads((CONTRACTS / "asyncapi.json").read_bytes())
    del document["info"]["version"]
    assert findings(parser, json.dumps(document)).returncode == 1
