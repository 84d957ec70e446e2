"""`yimen policy`: check a pack, that everything has an owner, and what it makes of a matter."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from console import activating, comparing, explaining, showing
from console.activating import LEAD_SECONDS
from console.main import echo, quiet
from console.target import Target, find_target, of_installation
from console.topics import DEFAULT_POLICY
from libraries.deadlines import CIVIL_TIME
from libraries.policies import Area, Category, Policy, PolicyRefused, load_policy
from libraries.policies.checks import unowned
from libraries.policies.merged import PARTS
from libraries.policies.watch import SINCE_EVER

STARTS = "When it is accepted, ISO 8601 with offset; now, if not given."
Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def policy() -> None:
    """Policy packs: the rules of a place, as data."""


def _load(folder: Path, *, as_json: bool) -> Policy:
    try:
        return load_policy(folder)
    except PolicyRefused as error:
        _refused(error, as_json=as_json)


def _refused(error: PolicyRefused, *, as_json: bool) -> NoReturn:
    if as_json:
        faults = [{"file": fault.file, "line": fault.line, "reason": fault.reason} for fault in error.faults]
        echo(msgspec.json.encode({"ok": False, "faults": faults}).decode())
    else:
        echo(f"{error}\n{len(error.faults)} fault(s): mend the files and run the command again")
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
        echo(msgspec.json.encode({"ok": True, "version": found.version, **counts}).decode())
    else:
        echo(f"{found.version}: " + ", ".join(f"{number} {name}" for name, number in counts.items()))


@policy.command()
@click.argument("folder", type=Folder)
@click.option("--start", help=STARTS)
@click.option("--json", "as_json", is_flag=True)
def coverage(*, folder: Path, start: str | None, as_json: bool) -> None:
    """Look for matters that no rule would give to an office in some township."""
    found = _load(folder, as_json=as_json)
    gaps = Counter(category for _, category in unowned(found, _moment(start)))
    townships = sum(area.level == "township" for area in found.areas.values())
    pairs = townships * len(found.categories)
    if as_json:
        echo(msgspec.json.encode({"pairs": pairs, "without_owner": gaps.total(), "by_category": gaps}).decode())
    else:
        echo(f"{pairs} pairs of township and matter, {gaps.total()} without an owner")
        for category, number in gaps.items():
            echo(f"  {category}: {number} townships; add an office of role {found.categories[category].lead_role}")
    sys.exit(1 if gaps else 0)


@policy.command()
@click.argument("folder", type=Folder, default=DEFAULT_POLICY)
@click.option("--category", "code", required=True, help="For example education.student_aid.")
@click.option("--area", "place", required=True, help="2, 4, 6, 9 or 12 digits.")
@click.option(
    "--attribute", "answers", multiple=True, metavar="NAME=VALUE", help="What a rule may ask; may be repeated."
)
@click.option("--start", help=STARTS)
@click.option("--days/--no-days", default=True, show_default=True, help="Each date day by day.")
@click.option("--json", "as_json", is_flag=True)
def explain(
    *,
    folder: Path,
    code: str,
    place: str,
    answers: tuple[str, ...],
    start: str | None,
    days: bool,
    as_json: bool,
) -> None:
    """Who gets a matter by which rule, and by when the law wants what."""
    found = _load(folder, as_json=as_json)
    category, area = _known(found, code, place)
    attributes = dict(map(_answer, answers))
    answer = explaining.explain_matter(found, category, area, attributes, _moment(start))
    echo(msgspec.json.encode(answer).decode() if as_json else explaining.text(answer, days=days))


@policy.command()
@click.argument("folder", type=Folder)
@click.option("--author", required=True, help="Who answers for it; kept with the version.")
@click.option("--reason", required=True, help="Why, for example the document that orders it.")
@click.option("--at", "wanted", help=f"From when; else {LEAD_SECONDS:.0f} s from now, or the day of effective_from.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def activate(*, target: Target, folder: Path, author: str, reason: str, wanted: str | None, as_json: bool) -> None:
    """Put a pack in force in an installation, from a moment on that every service knows before it comes.

    Stored are the pack with its parents, the author and the reason. What was decided before stays as it is.
    """
    quiet()
    at = _moment(wanted, "--at") if wanted is not None else None
    _report(lambda: activating.activate(target, folder, author, reason, at), as_json=as_json)


@policy.command()
@click.option("--author", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def back(*, target: Target, author: str, reason: str, as_json: bool) -> None:
    """Put the version before the one in force back in force; one that has not started yet never starts."""
    quiet()
    _report(lambda: activating.back(target, author, reason), as_json=as_json)


@policy.command()
@click.option("--json", "as_json", is_flag=True)
@of_installation
def versions(*, target: Target, as_json: bool) -> None:
    """What was activated when, by whom and why, the latest last."""
    quiet()
    found = asyncio.run(activating.history(target))
    if as_json:
        echo(msgspec.json.encode([entry._asdict() for entry in found]).decode())
    for entry in found if not as_json else ():
        since = "since ever" if entry.starts_at == SINCE_EVER else f"from {civil(entry.starts_at)}"
        echo(f"{entry.number}  {entry.version}  {since}  {entry.author}: {entry.reason}")


@policy.command()
@click.argument("folder", type=Folder, required=False)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The policy of this day; without it, of now.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this one; may be repeated.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of a running `yimen up`.")
def show(
    *, folder: Path | None, day: datetime | None, parts: tuple[str, ...], as_json: bool, data: Path | None
) -> None:
    """Each value with the file, the line and the pack from which it comes: of a folder, or of an installation.

    Rows stand in the order in which they are tried. Areas are listed only where --part asks for them.
    """
    quiet()
    wanted = frozenset(parts) or frozenset(PARTS) - {"areas"}
    if folder is not None:
        if day is not None:
            raise click.UsageError("a folder has no past: leave it out to ask the installation")
        _load(folder, as_json=as_json)
        shown = showing.of_folder(folder, wanted)
    else:
        target = find_target(data)
        if target is None:
            raise click.UsageError("nothing runs here: name a folder, or the data of an installation with --data")
        shown = showing.of_installation(target, day.date() if day is not None else None, wanted)
    echo(msgspec.json.encode(shown).decode() if as_json else "\n".join(showing.text(shown)))


def _report(do: Callable[[], Coroutine[None, None, activating.Done]], *, as_json: bool) -> None:
    try:
        done = asyncio.run(do())
    except PolicyRefused as error:
        _refused(error, as_json=as_json)
    except activating.CannotActivate as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        echo(msgspec.json.encode(done).decode())
        return
    when = f"from {civil(done.starts_at)} on"
    if not done.new:
        echo(f"{done.version} was activated before, {when}")
        return
    echo(f"{done.version} is in force {when}; until then {done.before}")
    if done.planned:
        echo(f"{done.planned}, which was to start later, gives way: activate it again if it is still wanted")


@policy.command()
@click.argument("was", type=Folder)
@click.argument("now", type=Folder)
@click.option("--start", help=STARTS)
@click.option("--json", "as_json", is_flag=True)
def diff(*, was: Path, now: Path, start: str | None, as_json: bool) -> None:
    """What changes if the pack NOW takes the place of WAS, and who gets another lead. Exits with 1 if anything does."""
    found = comparing.compare(_load(was, as_json=as_json), _load(now, as_json=as_json), _moment(start))
    echo(msgspec.json.encode(found).decode() if as_json else comparing.text(found))
    sys.exit(0 if found.none else 1)


def _known(found: Policy, code: str, place: str) -> tuple[Category, Area]:
    if not found.offices:
        raise click.UsageError(f"{found.pack} has no offices: name a pack that routes, for example zhangjiakou")
    category, area = found.categories.get(code), found.area(place)
    if category is None:
        near = [known for known in found.categories if known.startswith(code.partition(".")[0] + ".")]
        raise click.UsageError(f"{code} is no category of {found.pack}: {', '.join(near or found.categories)}")
    if area is None:
        raise click.UsageError(f"{place} is no area of {found.pack}; areas.csv of the pack lists them")
    return category, area


def _answer(given: str) -> tuple[str, str | int | bool]:
    """As the policy files write values: yes and no, numbers, or text."""
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--attribute {given}: write NAME=VALUE")
    try:
        known = msgspec.yaml.decode(value.encode(), type=str | int | bool)
    except (msgspec.MsgspecError, ValueError):
        known = value
    return name, known


def civil(moment: datetime) -> str:
    return f"{moment.astimezone(CIVIL_TIME):%Y-%m-%d %H:%M:%S}"


def _moment(start: str | None, option: str = "--start") -> datetime:
    if start is None:
        return datetime.now(CIVIL_TIME)
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1900 < moment.year < 2200:
        raise click.UsageError(f"{option} {start}: write ISO 8601 with offset, for example 2026-03-02T09:00+08:00")
    return moment
