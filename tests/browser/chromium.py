"""Debian's Chromium for the browser tests."""

from typing import Final

FLAGS: Final = (
    "--no-sandbox",  # as root there is none; the pages are ours and come from this machine
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
