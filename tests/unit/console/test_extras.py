"""Without the extra `local` a command that needs it says so, and the others work."""

import sys

import pytest
from click.testing import CliRunner

from console.main import LOCAL, main


@pytest.fixture
def without_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an installation whose extra packages were never there."""
    for name in [
        name for name in sys.modules if name.partition(".")[0] in {"console", *LOCAL} and name != "console.main"
    ]:
        monkeypatch.delitem(sys.modules, name)
    for name in LOCAL:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_local")
@pytest.mark.parametrize("arguments", [("up",), ("demo", "--cases", "3"), ("up", "--data", "x")])
def test_a_command_whose_packages_are_missing_says_how_to_get_them(arguments: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 2
    assert f"`yimen {arguments[0]}` needs more packages: pip install 'yimen[local]'" in ran.output


@pytest.mark.usefixtures("without_local")
def test_commands_for_installations_elsewhere_need_nothing_more() -> None:
    ran = CliRunner().invoke(main, ["--help"])
    assert ran.exit_code == 0
    missing = [line.split()[0] for line in ran.output.splitlines() if "yimen[local]" in line]
    assert missing == ["case", "demo", "up"]
