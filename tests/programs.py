"""Programs other than Python packages that some tests need; `python -m tests.programs` installs what is missing."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Found by any of its names; else it comes from Debian's package."""

    names: tuple[str, ...]
    package: str
    demanded: str
    """The environment variable that makes it a fault not to have it."""
    needed_for: str
    asked_for: str | None = None
    """Installed only where this environment variable is set: more than one would expect of a test run."""
    file: str = ""
    """Where it is no program: the file that is there with it."""

    def find(self) -> str | None:
        if self.file:
            return self.file if os.path.exists(self.file) else None  # noqa: PTH110 -- paths are strings here
        places = os.environ.get("PATH", os.defpath) + ":/usr/sbin"
        return next((path for name in self.names if (path := shutil.which(name, path=places))), None)

    def demand(self) -> str:
        """Its path; without it the test is skipped, or fails where it was demanded."""
        if (found := self.find()) is not None:
            return found
        if os.environ.get(self.demanded):
            pytest.fail(f"{self.demanded} is set, and there is no {self.names[0]}")
        pytest.skip(f"no {self.names[0]}: install the package {self.package}")


CHROMIUM: Final = Program(
    names=("chromium", "chromium-browser", "google-chrome"),
    package="chromium",
    demanded="YIMEN_REQUIRE_CHROMIUM",
    needed_for="browser tests",
)
CHINESE: Final = Program(
    names=("Chinese fonts",),
    package="fonts-noto-cjk",
    demanded="YIMEN_REQUIRE_FONTS",
    needed_for="pages as people see them, and pictures of them",
    file="/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
PROMTOOL: Final = Program(
    names=("promtool",), package="prometheus", demanded="YIMEN_REQUIRE_PROMTOOL", needed_for="tests of alert rules"
)
SYSTEMD_ANALYZE: Final = Program(
    names=("systemd-analyze",), package="systemd", demanded="YIMEN_REQUIRE_SYSTEMD", needed_for="tests of units"
)
CLAMD: Final = Program(
    names=("clamd",), package="clamav-daemon", demanded="YIMEN_REQUIRE_CLAMD", needed_for="tests of the virus scanner"
)
CONTAINERS: Final = tuple(
    Program(
        names=(name,),
        package=package,
        demanded="YIMEN_REQUIRE_DOCKER",
        needed_for="tests of the image",
        asked_for="YIMEN_INSTALL_DOCKER",
    )
    for name, package in (
        ("dockerd", "docker.io"),
        ("docker-compose", "docker-compose"),
        ("debootstrap", "debootstrap"),
    )
)
PROGRAMS: Final = (CHROMIUM, CHINESE, PROMTOOL, SYSTEMD_ANALYZE, CLAMD, *CONTAINERS)


def install(programs: list[Program]) -> str | None:
    """With the system's own package manager, and only as root; what goes wrong is told."""
    packages = [program.package for program in programs]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return f"install {', '.join(packages)}"
    # A daemon that comes with a package is not to be started.
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}, "stdout": subprocess.DEVNULL}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **quiet)
        if ran.returncode:
            return f"{' '.join(command)} failed: {ran.stderr.strip()[-300:]}"
    return None


def main() -> int:
    wanted = [one for one in PROGRAMS if one.asked_for is None or os.environ.get(one.asked_for)]
    missing = [program for program in wanted if program.find() is None]
    fault = install(missing) if missing else None
    for program in wanted:
        sys.stdout.write(f"{program.needed_for}: {program.find() or fault or 'not there'}\n")
    return int(any(program.find() is None and os.environ.get(program.demanded) for program in wanted))


if __name__ == "__main__":
    sys.exit(main())
