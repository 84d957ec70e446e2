"""What a page tells people to paste does what the page shows."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from console.engines.brokers import java_and_maven
from tests.acceptance.test_up import Up, up  # noqa: F401 -- a fixture

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-it.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
CHANGES = re.compile(
    r"\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?|\d{6}-\d{8}-\d{5}-\d|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<=,)(true|false),\"[^\"]*\"(?=\])"  # whether a day counts, and why
)
NEEDED = ("bash", "curl", "jq")
SEPARATOR = "-- next block --"


def steady(text: str) -> str:
    """Without what another day, another case or another weekend changes."""
    return CHANGES.sub("…", text).strip()


@pytest.mark.engines
@pytest.mark.timeout(300)
@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}")
def test_the_commands_of_run_it_answer_as_shown(up: Up, tmp_path: Path) -> None:  # noqa: F811 -- a fixture
    with_kcat = bool(shutil.which("kcat")) and java_and_maven()
    up.start("--kafka", "apache" if with_kcat else "embedded")
    page = PAGE.read_text("utf-8")
    blocks = BLOCK.findall(page if with_kcat else page.partition("## With kcat")[0])
    script = f"\necho; echo '{SEPARATOR}'\n".join(commands for commands, _ in blocks)
    environment = os.environ | {"YIMEN_DATA": str(up.folder), "no_proxy": "*"}
    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    answers = ran.stdout.split(SEPARATOR)
    assert [steady(answer) for answer in answers] == [steady(shown) for _, shown in blocks], ran.stderr
    assert up.stop() == 0
