"""`yimen policy activate`, `back`, `versions` and `show`: what is in force in an installation, and since when."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, tzinfo
from pathlib import Path

import click
import msgspec

from console import activating, backtesting, showing
from console.activating import LEAD_SECONDS
from console.in_force import policy_in_force
from console.main import echo, quiet
from console.policy import Folder, loaded, moment, refused
from console.target import Target, find_target, of_installation
from libraries.policies import PolicyRefused
from libraries.policies.load import time_zone_of
from libraries.policies.merged import PARTS
from libraries.policies.watch import SINCE_EVER
from libraries.runtime.clock import Clock


@click.command()
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
    at = moment(wanted, "--at") if wanted is not None else None
    _report(lambda: activating.activate(target, folder, author, reason, at), time_zone_of(folder), as_json=as_json)


@click.command()
@click.option("--author", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def back(*, target: Target, author: str, reason: str, as_json: bool) -> None:
    """Put the version before the one in force back in force; one that has not started yet never starts."""
    quiet()
    _report(lambda: activating.back(target, author, reason), time_zone_of(target.policy), as_json=as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True)
@of_installation
def versions(*, target: Target, as_json: bool) -> None:
    """What was activated when, by whom and why, the latest last."""
    quiet()
    found = asyncio.run(activating.history(target))
    if as_json:
        echo(msgspec.json.encode([entry._asdict() for entry in found]).decode())
    for entry in found if not as_json else ():
        since = (
            "since ever"
            if entry.starts_at == SINCE_EVER
            else f"from {civil(entry.starts_at, time_zone_of(target.policy))}"
        )
        echo(f"{entry.number}  {entry.version}  {since}  {entry.author}: {entry.reason}")


@click.command()
@click.argument("draft", type=Folder)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Cases accepted from this day on.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def backtest(*, target: Target, draft: Path, since: datetime, as_json: bool) -> None:
    """What a draft would have made of past cases: another office, another date, late or no longer late.

    Nothing changes by it. What happened stays: starts, pauses, extensions and ends.
    """
    quiet()
    found = loaded(draft, as_json=as_json)
    now = Clock.of(target.settings).now()
    past = asyncio.run(backtesting.read_past(target, found.calendar.midnight(since.toordinal())))
    running = asyncio.run(policy_in_force(target.settings))
    tested = backtesting.backtest(past, running, found, now)
    echo(msgspec.json.encode(tested).decode() if as_json else "\n".join(backtesting.lines(tested)))


@click.command()
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
        loaded(folder, as_json=as_json)
        shown = showing.of_folder(folder, wanted)
    else:
        target = find_target(data)
        if target is None:
            raise click.UsageError("nothing runs here: name a folder, or the data of an installation with --data")
        shown = showing.of_installation(target, day.date() if day is not None else None, wanted)
    echo(msgspec.json.encode(shown).decode() if as_json else "\n".join(showing.text(shown)))


def _report(do: Callable[[], Coroutine[None, None, activating.Done]], zone: tzinfo, *, as_json: bool) -> None:
    try:
        done = asyncio.run(do())
    except PolicyRefused as error:
        refused(error, as_json=as_json)
    except activating.CannotActivate as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        echo(msgspec.json.encode(done).decode())
        return
    when = f"from {civil(done.starts_at, zone)} on"
    if not done.new:
        echo(f"{done.version} was activated before, {when}")
        return
    echo(f"{done.version} is in force {when}; until then {done.before}")
    if done.planned:
        echo(f"{done.planned}, which was to start later, gives way: activate it again if it is still wanted")


def civil(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
