"""`yimen demo` as a person starts it: a small city, the whole two months, and nothing wrong at the end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.codes import Field

CASES = 40
# A day in a second: few cases leave the machine time enough.
ASKED = ("--cases", str(CASES), "--speed", "86400", "--seed", "11")


@pytest.mark.engines
@pytest.mark.timeout(400)
def test_a_small_city_is_played_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    command = [sys.executable, "-m", "console", "demo", "--json", str(file), *ASKED]
    done = subprocess.run(
        command, env=environment | {"COLUMNS": "160"}, capture_output=True, text=True, check=False, timeout=380
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    told = json.loads(file.read_bytes())
    assert told.keys() == {"seed", "cases", "by_field", "seconds", "verify"}
    assert (told["seed"], told["cases"], told["verify"]["faults"]) == (11, CASES, [])
    assert told["verify"]["checked"] > 10 * CASES
    assert 0 < told["seconds"] < 380
    assert told["by_field"].keys() == set(Field)
    figures = told["by_field"].values()
    for each in figures:
        assert each.keys() == {"cases", "dispatched", "returned", "on_time", "late", "median_days"}
        assert each["on_time"] + each["late"] <= each["dispatched"] <= each["cases"]
    assert sum(each["cases"] for each in figures) == CASES
    assert sum(each["on_time"] for each in figures) > CASES / 4
    assert "合计 total" in done.stdout
    assert "顺利办结" in done.stdout or "超期" in done.stdout
