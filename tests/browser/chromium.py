"""Debian's Chromium for the browser tests; `python -m tests.browser.chromium` installs it where it is missing."""

import os
import shutil
import subprocess
import sys
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
DEMANDED: Final = "YIMEN_REQUIRE_CHROMIUM"
FLAGS: Final = (
    "--no-sandbox",  # as root there is none; the pages are ours and come from this machine
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
COMMANDS: Final = (
    ["apt-get", "update", "-qq"],
    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
)


def find() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> str | None:
    """With the system's own package manager, and only as root; what goes wrong is told."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return "no Chromium here; install the package `chromium` to have the browser tests run"
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    for command in COMMANDS:
        ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **quiet)
        if ran.returncode:
            return f"{' '.join(command)} failed: {ran.stderr.strip()[-300:]}"
    return None


if __name__ == "__main__":
    found = find()
    fault = None if found else install()
    sys.stdout.write(f"browser tests: {fault or find()}\n")
    sys.exit(1 if fault and os.environ.get(DEMANDED) else 0)
