"""By whose clocks a command shows moments: those of the pack that an installation was begun with."""

import os
from datetime import tzinfo
from pathlib import Path

from console.target import find_target
from console.topics import DEFAULT_POLICY
from libraries.policies.load import time_zone_of


def zone_here(data: Path | None) -> tzinfo:
    """Without an installation to be found here, those of the pack that the environment names."""
    target = find_target(data)
    return time_zone_of(target.policy if target is not None else default_pack())


def default_pack() -> Path:
    return Path(os.environ.get("YIMEN_POLICY_DIR") or DEFAULT_POLICY)
