"""`yimen demo` from the wheel, outside of any checkout: a small city, two months, and nothing wrong at the end."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from contracts.codes import Field

ROOT = Path(__file__).parents[2]
PACKED = ("console", "contracts", "deploy", "libraries", "services", "pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys, setuptools.build_meta as backend; print(backend.build_wheel(sys.argv[1]))"
CASES = 40
# A day in a second: few cases leave the machine time enough.
ASKED = ("--cases", str(CASES), "--speed", "86400", "--seed", "11")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder that the wheel would become: with packs, the broker's pom, templates and migrations."""
    source, installed = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    for name in PACKED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, source / name)
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    with zipfile.ZipFile(next(tmp_path.glob("yimen-*.whl"))) as wheel:
        wheel.extractall(installed)
    shutil.rmtree(source)
    return installed


@pytest.mark.engines
@pytest.mark.timeout(400)
def test_a_small_city_is_played_to_its_end(tmp_path: Path, installed: Path) -> None:
    file = tmp_path / "demo.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    environment |= {"COLUMNS": "160", "PYTHONPATH": str(installed)}
    where = [sys.executable, "-c", "import console, services.intake as i; print(console.__file__, i.__file__)"]
    found = subprocess.run(where, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.count(str(installed)) == 2
    command = [sys.executable, "-m", "console", "demo", "--json", str(file), *ASKED]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=380
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
