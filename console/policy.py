"""`yimen policy`: check a pack, that everything has an owner, and what it makes of a matter."""

import importlib
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from console import comparing, coverage_page, explaining, simulating
from console.main import echo
from console.simulating import Month
from console.topics import DEFAULT_POLICY
from libraries.policies import Area, Category, Policy, PolicyRefused, load_policy
from libraries.policies.coverage import is_hole, matrix
from libraries.policies.findings import findings
from libraries.policies.load import read_policy

STARTS = "When it is accepted, ISO 8601 with offset; now, if not given."
OF_INSTALLATION = ("activate", "back", "backtest", "show", "versions")
MOST_OFFICES = 30
Folder = click.Path(exists=True, file_okay=False, path_type=Path)


class Group(click.Group):
    """Finds what needs a database by its name: who only checks a pack does not wait for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *OF_INSTALLATION])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in OF_INSTALLATION:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(importlib.import_module("console.versions"), cmd_name)
        return command


@click.group(cls=Group)
def policy() -> None:
    """Policy packs: the rules of a place, as data."""


def loaded(folder: Path, *, as_json: bool) -> Policy:
    try:
        return load_policy(folder)
    except PolicyRefused as error:
        refused(error, as_json=as_json)


def refused(error: PolicyRefused, *, as_json: bool) -> NoReturn:
    if as_json:
        faults = [
            {"file": fault.file, "line": fault.line, "reason": fault.reason, "do": fault.do} for fault in error.faults
        ]
        echo(msgspec.json.encode({"ok": False, "faults": faults}).decode())
    else:
        for fault in error.faults:
            echo(f"{fault}" + (f"\n  -> {fault.do}" if fault.do else ""))
        echo(f"{len(error.faults)} fault(s): mend the files and run the command again")
    sys.exit(1)


@policy.command()
@click.argument("folder", type=Folder)
@click.option("--json", "as_json", is_flag=True)
def check(*, folder: Path, as_json: bool) -> None:
    """Name everything that is wrong with a pack, with file, line and what to do.

    Also what a service would run with, and what has no effect or leaves a matter without an owner.
    """
    found, faults = read_policy(folder)
    if found is None or (faults := [*faults, *findings(found, datetime.now(UTC))]):
        refused(PolicyRefused(faults), as_json=as_json)
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
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the matrix to this file.")
@click.option("--json", "as_json", is_flag=True)
def coverage(*, folder: Path, start: str | None, page: Path | None, as_json: bool) -> None:
    """Who gets each matter in each area: holes are what no rule gives to an office in a township or village.

    Exits with 1 if there is one.
    """
    found = loaded(folder, as_json=as_json)
    cells = list(matrix(found, moment(start)))
    holes = [cell for cell in cells if is_hole(cell, found)]
    by_category = Counter(cell.category for cell in holes)
    if page is not None:
        page.write_text(coverage_page.page(found, cells), "utf-8")
    if as_json:
        counts = {"areas": len(found.areas), "pairs": len(cells), "without_owner": len(holes)}
        echo(msgspec.json.encode({**counts, "by_category": by_category}).decode())
    else:
        echo(f"{len(cells)} pairs of area and matter, {len(holes)} without an owner")
        for category, number in by_category.items():
            echo(f"  {category}: {number} areas; add an office of role {found.categories[category].lead_role}")
    sys.exit(1 if holes else 0)


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
    found = loaded(folder, as_json=as_json)
    category, area = _known(found, code, place)
    attributes = dict(map(_answer, answers))
    answer = explaining.explain_matter(found, category, area, attributes, moment(start))
    echo(msgspec.json.encode(answer).decode() if as_json else explaining.text(answer, days=days))


@policy.command()
@click.argument("was", type=Folder)
@click.argument("now", type=Folder)
@click.option("--start", help=STARTS)
@click.option("--json", "as_json", is_flag=True)
def diff(*, was: Path, now: Path, start: str | None, as_json: bool) -> None:
    """What changes if the pack NOW takes the place of WAS, and who gets another lead. Exits with 1 if anything does."""
    found = comparing.compare(loaded(was, as_json=as_json), loaded(now, as_json=as_json), moment(start))
    echo(msgspec.json.encode(found).decode() if as_json else comparing.text(found))
    sys.exit(0 if found.none else 1)


@policy.command()
@click.argument("draft", type=Folder)
@click.option("--baseline", type=Folder, default=DEFAULT_POLICY, help="Work takes its share of the time of this pack.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day; today, if not given.")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@click.option("--a-day", type=click.IntRange(1, 20_000), default=400, show_default=True, help="Arrivals a working day.")
@click.option("--share", type=click.FloatRange(0.01, 10), default=0.5, show_default=True, help="In the middle of all.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def simulate(
    *,
    draft: Path,
    baseline: Path,
    since: datetime | None,
    days: int,
    a_day: int,
    share: float,
    seed: int,
    as_json: bool,
) -> None:
    """Play a month of invented arrivals against a draft: load by office, and what is expected to be late."""
    found = loaded(draft, as_json=as_json)
    if not found.offices:
        raise click.UsageError(f"{found.pack} has no offices: name a pack that routes, for example zhangjiakou")
    first = since.date() if since is not None else found.calendar.date_of(datetime.now(UTC))
    month = Month(since=first, days=days, a_day=a_day, share=share, seed=seed)
    played = simulating.simulate(found, loaded(baseline, as_json=as_json), month)
    echo(msgspec.json.encode(played).decode() if as_json else "\n".join(simulating.lines(played, MOST_OFFICES)))


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


def moment(start: str | None, option: str = "--start") -> datetime:
    if start is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1900 < moment.year < 2200:
        raise click.UsageError(f"{option} {start}: write ISO 8601 with offset, for example 2026-03-02T09:00Z")
    return moment
