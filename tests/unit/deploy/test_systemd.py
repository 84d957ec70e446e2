"""The units for a machine without containers: systemd takes them, they are fenced in, and their settings are known."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from libraries.runtime.settings import ProcessSettings, RuntimeSettings
from services.intake.app import IntakeSettings
from services.notify.app import NotifySettings
from services.portal.app import PortalSettings
from tests.programs import SYSTEMD_ANALYZE

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "systemd"
SETTINGS: dict[str, type[ProcessSettings]] = {
    "intake": IntakeSettings,
    "routing": RuntimeSettings,
    "notify": NotifySettings,
    "portal": PortalSettings,
}
UNITS = ["yimen-migrate.service", "yimen.target", *(f"yimen@{service}.service" for service in SETTINGS)]
MOST_EXPOSED = 15
"""Tenths on the scale of `systemd-analyze security`, which ends at 100; without any fence a service has 96."""
SYSTEMS_OWN = Path("/usr/lib/systemd/system")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root folder with the units, the targets of a system, and programs where the units look for them."""
    units, own, programs = (
        tmp_path / path for path in ("etc/systemd/system", SYSTEMS_OWN.as_posix()[1:], "opt/yimen/bin")
    )
    for folder in (units, own, programs):
        folder.mkdir(parents=True)
    for unit in FOLDER.iterdir():
        shutil.copy(unit, units)
    for target in SYSTEMS_OWN.glob("*.target"):
        shutil.copy(target, own, follow_symlinks=False)
    for name in ("python", "yimen"):
        (programs / name).touch(mode=0o755)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SYSTEMD_ANALYZE.demand(), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_unit(machine: Path, unit: str) -> None:
    done = analyze("verify", f"--root={machine}", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_find_a_fault(machine: Path) -> None:
    unit = machine / "etc/systemd/system/yimen@.service"
    unit.write_text(unit.read_text("utf-8").replace("ProtectHome=yes", "ProtectHouse=yes"), "utf-8")
    assert "ProtectHouse" in analyze("verify", f"--root={machine}", "--man=no", "yimen@intake.service").stderr


@pytest.mark.parametrize("unit", ["yimen@.service", "yimen-migrate.service"])
def test_a_service_may_do_little(unit: str) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(FOLDER / unit))
    assert done.returncode == 0, done.stdout


def test_both_kinds_of_processes_are_fenced_in_alike() -> None:
    fences = [(FOLDER / name).read_text("utf-8").partition("AmbientCapabilities=")[2] for name in UNITS[:1]]
    fences.append((FOLDER / "yimen@.service").read_text("utf-8").partition("AmbientCapabilities=")[2])
    assert fences[0].strip() == fences[1].partition("[Install]")[0].strip()


@pytest.mark.parametrize("service", SETTINGS)
def test_the_example_settings_are_those_that_the_service_reads(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {}
    for name in ("yimen", service):
        lines = (FOLDER / f"{name}.env").read_text("utf-8").splitlines()
        values |= dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    empty = {name for name, value in values.items() if not value}
    keys = {"YIMEN_TOKEN_KEY": "t" * 32, "YIMEN_SEALING_KEY": "a" * 43 + "=", "YIMEN_AUDIT_KEY": "a" * 43 + "="}
    assert empty == keys.keys(), "an example has no keys"
    for name, value in (values | keys).items():
        monkeypatch.setenv(name, value)
    settings = SETTINGS[service]()
    assert settings.http_port == int(values["YIMEN_HTTP_PORT"])
    known = set(re.findall("`(YIMEN_[A-Z_]+)`", (ROOT / "docs/reference/settings.md").read_text("utf-8")))
    assert values.keys() <= known


def test_the_target_starts_every_service() -> None:
    wanted = (FOLDER / "yimen.target").read_text("utf-8").split("Wants=")[1].splitlines()[0].split()
    assert wanted == [f"yimen@{service}.service" for service in SETTINGS]
    assert all(find_spec(f"services.{service}.__main__") for service in SETTINGS)
