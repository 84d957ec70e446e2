"""Turns a pack and its parents into one `Policy`, or names everything that is wrong with it."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from services.deadlines import statutory_calendar
from services.deadlines.limits import civil_day
from services.policies.calendars import local_calendars
from services.policies.checks import check
from services.policies.kinds import FILE, clock_rules
from services.policies.ladder import ladder
from services.policies.matters import (
    approvers,
    attributes,
    categories,
    late_reports,
    limits,
    materials,
    purposes,
    reasons,
    rules,
)
from services.policies.model import Policy
from services.policies.places import areas, eras, stands
from services.policies.reading import Entry, Fault, PolicyRefused, entries, heading
from services.policies.years import with_published_years

DEEPEST = 8


def load_policy(folder: Path, day: date | None = None) -> Policy:
    """The policy of a pack folder; its parents stand beside it. Raises `PolicyRefused` with every fault.

    Its areas and offices are those of the day, or of today.
    """
    faults: list[Fault] = []
    headings = _chain(folder, faults)
    if faults:
        raise PolicyRefused(faults)
    packs = [pack for pack, _ in headings]
    top = headings[0][1]

    def read(name: str) -> list[Entry]:
        """The rows of all packs, the most local first."""
        return [entry for pack in packs for entry in entries(pack, name, faults)]

    known = areas(read("areas.csv"))
    found = eras(known, stands(read("offices.yaml"), known))
    era = max(n for n, one in enumerate(found) if one.since <= (day or date.fromordinal(civil_day(datetime.now(UTC)))))
    by_clerk = {code for _, entry in headings for code in entry.texts("accepted_by_clerk")}
    matters = categories(
        read("categories.csv"), by_clerk, materials(read("materials.yaml")), attributes(read("attributes.yaml"))
    )
    effective = top.values.get("effective_from")
    if not isinstance(effective, date):
        top.refuse("effective_from must be a date")
        effective = date.min
    policy = Policy(
        pack=folder.name,
        version=f"{folder.name}-{fingerprint(packs)}",
        effective_from=effective,
        tree=found[era].tree,
        offices={code: office for era in found for code, office in era.offices.items()},
        eras=found,
        categories=matters,
        limits=limits(read("limits.yaml"), read("categories.csv")),
        reasons=reasons(read("reasons.yaml")),
        rules=rules(read("rules.yaml"), read("categories.csv")),
        clocks=clock_rules(read(FILE)),
        calendar=statutory_calendar(),
        ladder=ladder(read("ladder.yaml")),
        late_reports=late_reports([entry for _, entry in headings]),
        approvers=approvers(read("approvers.yaml")),
        purposes=purposes(read("purposes.yaml")),
    )
    national = with_published_years(policy.calendar, packs, faults)
    calendar, calendars = local_calendars(read("calendars.yaml"), policy, national)
    policy = dataclasses.replace(policy, calendar=calendar, calendars=calendars)
    policy = policy.in_era(era)
    faults.extend(check(policy, f"{folder.name}/pack.yaml"))
    if faults:
        raise PolicyRefused(_once(faults))
    return policy


def pack_chain(folder: Path) -> list[Path]:
    """The pack and its parents, the most local first."""
    return [pack for pack, _ in _chain(folder, [])]


def fingerprint(packs: Sequence[Path]) -> str:
    """Twelve hex digits of the content of all files."""
    digest = hashlib.sha256()
    for pack in packs:
        for path in sorted(pack.glob("*.*")):
            digest.update(f"{pack.name}/{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _chain(folder: Path, faults: list[Fault]) -> list[tuple[Path, Entry]]:
    chain: list[tuple[Path, Entry]] = []
    pack: Path | None = folder
    while pack is not None:
        if len(chain) == DEEPEST or any(pack == seen for seen, _ in chain):
            faults.append(Fault(file=f"{folder.name}/pack.yaml", line=1, reason="the packs inherit in a circle"))
            break
        entry = heading(pack, faults)
        entry.text("name")
        chain.append((pack, entry))
        parent = entry.text("parent", "")
        pack = folder.parent / parent if parent else None
    return chain


def _once(faults: list[Fault]) -> list[Fault]:
    order: Callable[[Fault], tuple[str, int, str]] = lambda fault: (fault.file, fault.line, fault.reason)  # noqa: E731
    return sorted(set(faults), key=order)


__all__ = ["fingerprint", "load_policy", "pack_chain"]
