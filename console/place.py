"""Clocks and language in which a command answers: those of the pack that an installation was begun with."""

import os
from pathlib import Path

from console.target import find_target
from console.topics import DEFAULT_POLICY
from libraries.policies.heading import Place
from libraries.policies.load import place_of_pack


def place_here(data: Path | None) -> Place:
    """Without an installation to be found here, that of the pack that the environment names."""
    target = find_target(data)
    return place_of_pack(target.policy if target is not None else default_pack())


def default_pack() -> Path:
    return Path(os.environ.get("YIMEN_POLICY_DIR") or DEFAULT_POLICY)
