"""What pack.yaml says of the place itself: by whose clocks its days begin and end."""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from libraries.policies.cells import ZONE_FORM
from libraries.policies.rows import Fault, Row, read_heading

DEFAULTS: Final = "defaults"
TIME_ZONE: Final = "time_zone"


def time_zone(packs: Sequence[Row]) -> tzinfo:
    """What the most local pack says, or else what held before packs said it."""
    for entry in packs:
        # Each is looked at, so that a wrong one above is no surprise for whoever inherits from it.
        entry.asked.add(TIME_ZONE)
    named = next((entry for entry in packs if TIME_ZONE in entry.values), None)
    return _zone(named) if named is not None else default_time_zone()


@cache
def default_time_zone() -> tzinfo:
    """Also of commands that read no pack."""
    faults: list[Fault] = []
    folder = resources.files("libraries.policies") / DEFAULTS
    with resources.as_file(folder) as path:
        return _zone(read_heading(Path(path), faults))


def _zone(entry: Row) -> tzinfo:
    name = entry.code(TIME_ZONE, ZONE_FORM)
    if not ZONE_FORM.fits(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        entry.refuse(f"{TIME_ZONE} {name}: {ZONE_FORM.message}", TIME_ZONE)
        return UTC
