"""`yimen policy`: check a pack, and that everything has an owner."""

import sys
from collections import Counter
from pathlib import Path

import click
import msgspec

from services.console.main import told
from services.policies import Policy, PolicyRefused, load_policy
from services.policies.checks import unowned

Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def policy() -> None:
    """Policy packs: the rules of a place, as data."""


def _load(folder: Path, *, as_json: bool) -> Policy:
    try:
        return load_policy(folder)
    except PolicyRefused as error:
        if as_json:
            faults = [{"file": fault.file, "line": fault.line, "reason": fault.reason} for fault in error.faults]
            told(msgspec.json.encode({"ok": False, "faults": faults}).decode())
        else:
            told(f"{error}\n{len(error.faults)} fault(s): mend the files and run the command again")
        sys.exit(1)


@policy.command()
@click.argument("folder", type=Folder)
@click.option("--json", "as_json", is_flag=True)
def check(*, folder: Path, as_json: bool) -> None:
    """Name everything that is wrong with a pack, with file and line."""
    found = _load(folder, as_json=as_json)
    counts = {
        "areas": len(found.areas),
        "offices": len(found.offices),
        "categories": len(found.categories),
        "limits": len(found.limits),
        "rules": len(found.rules),
    }
    if as_json:
        told(msgspec.json.encode({"ok": True, "version": found.version, **counts}).decode())
    else:
        told(f"{found.version}: " + ", ".join(f"{number} {name}" for name, number in counts.items()))


@policy.command()
@click.argument("folder", type=Folder)
@click.option("--json", "as_json", is_flag=True)
def coverage(*, folder: Path, as_json: bool) -> None:
    """Look for matters that would have no owner in some township."""
    found = _load(folder, as_json=as_json)
    gaps = Counter(category for _, category in unowned(found))
    townships = sum(area.level == "township" for area in found.areas.values())
    pairs = townships * len(found.categories)
    if as_json:
        told(msgspec.json.encode({"pairs": pairs, "without_owner": gaps.total(), "by_category": gaps}).decode())
    else:
        told(f"{pairs} pairs of township and matter, {gaps.total()} without an owner")
        for category, number in gaps.items():
            told(f"  {category}: {number} townships; add an office of role {found.categories[category].lead_role}")
    sys.exit(1 if gaps else 0)
