"""Tables and colours for a terminal, from a package that only the extra `local` brings: looked for when needed."""

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

PIPED_COLUMNS: Final = 140


def console() -> "Console":
    """As wide as the terminal; wide enough for our tables where there is none."""
    from rich.console import Console  # noqa: PLC0415 -- commands that print JSON do without it

    wide = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if wide else PIPED_COLUMNS)
