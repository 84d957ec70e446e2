"""Turns a pack and its parents into one `Policy`, or names everything that is wrong with it."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path

from libraries.policies.areas_and_offices import areas, office_rows, periods
from libraries.policies.calendars import local_calendars, local_days
from libraries.policies.categories import (
    approvers,
    attributes,
    categories,
    late_reports,
    limits,
    materials,
    purposes,
    question_words,
    reasons,
    reopening,
    rules,
)
from libraries.policies.cells import CATEGORY_FORM, NAME_FORM, PACK_FORM
from libraries.policies.checks import check
from libraries.policies.clock_rules import FILE, clock_rules
from libraries.policies.documents import document_templates
from libraries.policies.escalation import escalation_rules
from libraries.policies.heading import Place, place_of
from libraries.policies.law import Guard
from libraries.policies.messages import message_rows, message_templates
from libraries.policies.model import Period, Policy
from libraries.policies.pack_files import HEADING, LISTS, TABLES, fingerprint, unknown_files
from libraries.policies.reviews import FILE as REVIEWS
from libraries.policies.reviews import review_rules
from libraries.policies.rows import Fault, PolicyRefused, Row, read_heading, read_rows
from libraries.policies.sign_in import group_rows
from libraries.policies.years import with_published_years

DEEPEST = 8
MOST_FAULTS = 200
"""Of one file; so many are enough to mend it."""

Read = tuple[Policy | None, list[Fault]]


def load_policy(folder: Path, day: date | None = None, *, at: datetime | None = None) -> Policy:
    """The policy of a pack folder; its parents stand beside it. Raises `PolicyRefused` with every fault.

    Its areas and offices are those of the day, or of the place's day at a moment, or of today.
    """
    policy, faults = read_policy(folder, day, at=at)
    if policy is None or faults:
        raise PolicyRefused(faults)
    return policy


def read_policy(folder: Path, day: date | None = None, *, at: datetime | None = None) -> Read:
    """What can be read of a pack, and every fault; none of a pack of which a file cannot be read."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 -- a link to a folder stays where its parents stand beside it
    faults: list[Fault] = []
    headings = _chain(folder, faults)
    packs = [pack for pack, _ in headings]
    faults.extend(_strays(packs))

    @cache
    def read(name: str) -> list[Row]:
        """The rows of all packs, the most local first."""
        return [entry for pack in packs for entry in read_rows(pack, name, faults)]

    for name in (*TABLES, *LISTS):
        read(name)
    if any(fault.whole for fault in faults):
        # What is in the other files cannot be held against one that nobody can read.
        return None, _once(faults)
    known = areas(read("areas.csv"))
    found = periods(known, office_rows(read("offices.yaml"), known))
    place = place_of([entry for _, entry in headings])
    period = _period_of(day or place.calendar.date_of(at or datetime.now(UTC)), found)
    by_clerk = {code for _, entry in headings for code in entry.codes("accepted_by_clerk", CATEGORY_FORM)}
    checklist, asked = materials(read("materials.yaml")), read("attributes.yaml")
    matters = categories(read("categories.csv"), by_clerk, checklist, attributes(asked), question_words(asked))
    effective = [entry.day("effective_from") or date.min for _, entry in headings]
    policy = Policy(
        pack=folder.name,
        version=f"{folder.name}-{fingerprint(packs)}",
        effective_from=effective[0],
        tree=found[period].tree,
        offices={code: office for period in found for code, office in period.offices.items()},
        periods=found,
        categories=matters,
        limits=limits(read("limits.yaml"), read("categories.csv")),
        reasons=reasons(read("reasons.yaml")),
        rules=rules(read("rules.yaml"), read("categories.csv")),
        clocks=clock_rules(read(FILE)),
        calendar=place.calendar,
        language=place.language,
        escalation_rules=escalation_rules(read("escalation.yaml")),
        late_reports=late_reports([entry for _, entry in headings]),
        reopening=reopening([entry for _, entry in headings]),
        approvers=approvers(read("approvers.yaml")),
        purposes=purposes(read("purposes.yaml")),
        reviews=review_rules(read(REVIEWS)),
        documents=document_templates(read("documents.yaml")),
        messages=message_rows(read("messages.yaml")),
        message_templates=message_templates(read("message_templates.yaml")),
        groups=group_rows(read("sign_in.yaml")),
    )
    national = with_published_years(policy.calendar, packs, faults)
    days = tuple(local_days(read("calendars.yaml"), policy, national))
    calendar, calendars = local_calendars(days, policy, national)
    policy = dataclasses.replace(policy, calendar=calendar, calendars=calendars).in_period(period)
    for _, entry in headings:
        entry.done()
    faults.extend(check(policy, f"{folder.name}/{HEADING}"))
    faults.extend(Guard(policy, [pack.name for pack in packs], days).faults())
    return policy, _once(faults)


def _strays(packs: Sequence[Path]) -> Iterator[Fault]:
    for pack in packs:
        for name, reason in unknown_files(pack):
            yield Fault(file=f"{pack.name}/{name}", line=1, reason=reason)


def _period_of(day: date, known: Sequence[Period]) -> int:
    """The number of the last that has begun."""
    return max(number for number, one in enumerate(known) if one.since <= day)


def place_of_pack(folder: Path) -> Place:
    """Where a pack holds, without reading the rest of it."""
    return place_of([entry for _, entry in _chain(Path(os.path.abspath(folder)), [])])  # noqa: PTH100 -- as above


def time_zone_of(folder: Path) -> tzinfo:
    """By whose clocks the days of a pack begin and end."""
    return place_of_pack(folder).zone


def pack_chain(folder: Path) -> list[Path]:
    """The pack and its parents, the most local first."""
    return [pack for pack, _ in _chain(folder, [])]


def _chain(folder: Path, faults: list[Fault]) -> list[tuple[Path, Row]]:
    chain: list[tuple[Path, Row]] = []
    pack: Path | None = folder
    while pack is not None:
        if any(pack == seen for seen, _ in chain) or len(chain) == DEEPEST:
            circle = len(chain) < DEEPEST
            why = "the packs inherit in a circle" if circle else f"more than {DEEPEST} packs inherit from each other"
            chain[-1][1].refuse(f"parent {pack.name}: {why}", "parent")
            break
        entry = read_heading(pack, faults)
        chain.append((pack, entry))
        parent = entry.code("parent", PACK_FORM, "")
        if entry.values:
            entry.code("name", NAME_FORM)
            entry.text("zh", ""), entry.text("en", "")
        pack = folder.parent / parent if parent and PACK_FORM.fits(parent) else None
        if pack is not None and not pack.is_dir():
            line, reason = entry.lines.get("parent", 1), f"parent {parent}: there is no such folder beside this one"
            faults.append(Fault(file=entry.file, line=line, reason=reason, whole=True))
            pack = None
    return chain


def _once(faults: list[Fault]) -> list[Fault]:
    """In order, each one once, and of a file no more than anybody reads."""

    def order(fault: Fault) -> tuple[str, int, str]:
        return fault.file, fault.line, fault.reason

    number: Counter[str] = Counter()
    found: list[Fault] = []
    for fault in sorted(set(faults), key=order):
        number[fault.file] += 1
        if number[fault.file] <= MOST_FAULTS:
            found.append(fault)
    more = {file: count - MOST_FAULTS for file, count in number.items() if count > MOST_FAULTS}
    found += [Fault(file=file, line=1, reason=f"{count} more faults") for file, count in more.items()]
    return sorted(found, key=order)


__all__ = ["fingerprint", "load_policy", "pack_chain", "read_policy"]
