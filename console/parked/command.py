"""`yimen parked`: what could not be handled, why, and what becomes of it."""

import asyncio
import getpass
import sys
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from console.main import echo, quiet
from console.parked import repairing
from console.parked.choosing import filter_options, is_selection, selection_of
from console.parked.format import counted, finished, given_up, listed, shown
from console.parked.repairing import STATES, NoSuchCase, Outcome, Place, Selection
from console.preparing import SERVICES
from console.target import Target, of_installation
from libraries.runtime.failures import ConcurrentDelivery, InfrastructureDown
from libraries.runtime.kafka.dead_letters import PAGE, NoSuchDeadLetter
from libraries.runtime.kafka.replays import NotFirst

T = TypeVar("T")


class PlaceName(click.ParamType[Place]):
    """`<service>/<id>`, as `list` shows it."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, Place):
            return value
        service, _, number = str(value).partition("/")
        if service not in SERVICES or not (number.isascii() and number.isdigit()) or len(number) > 18:
            self.fail(f"{value} is no parked record: take an id from `yimen parked list`, like routing/17", param, ctx)
        return Place(service, int(number))


@click.group()
def parked() -> None:
    """Records that could not be handled: they wait, with everything of their case behind them."""


@parked.command("list")
@filter_options
@click.option("--state", type=click.Choice([*STATES, "all"]), default="parked", show_default=True)
@click.option("--limit", type=click.IntRange(1, 100_000), default=PAGE, show_default=True, help="Most of each service.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def list_(*, target: Target, state: str, limit: int, as_json: bool, **chosen: Any) -> None:
    """What waits, why, and how much waits behind it; never the content."""
    selection = selection_of(chosen, state=None if state == "all" else state)
    rows = _run(repairing.list_all(target, selection, limit))
    if as_json:
        _answer_json({"items": [repairing.summary(place, row) for place, row in rows]})
    else:
        echo(listed(rows, datetime.now(UTC)))


@parked.command()
@click.argument("place", type=PlaceName())
@click.option("--by", default=getpass.getuser, help="Who looks; your login name if not given.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def show(*, target: Target, place: Place, by: str, as_json: bool) -> None:
    """One record whole, unsealed and on record. What a partner wrote may name a person: look only if you have to."""
    if not by.strip():
        raise click.UsageError("--by must say something: it stays on record")
    record = _run(repairing.find(target, place, by=by), place)
    if as_json:
        _answer_json(repairing.whole(place, record))
    else:
        echo(shown(place, record))


@parked.command()
@click.argument("places", type=PlaceName(), nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that waits.")
@filter_options
@click.option("--dry-run", is_flag=True, help="Count what would be handled, and do nothing.")
@click.option("--accept-gap", is_flag=True, help="Take the loss of what is missing before the record as given.")
@click.option("--by", default=getpass.getuser, help="Who does this; your login name if not given.")
@click.option("--because", default="replayed by command", show_default=True, help="Why, for the record.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def replay(
    *,
    target: Target,
    places: tuple[Place, ...],
    everything: bool,
    dry_run: bool,
    accept_gap: bool,
    by: str,
    because: str,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Handle it again as its service would, with what waits before and behind it, in order."""
    selection = selection_of(chosen)
    by_choice = is_selection(places, selection, chosen, everything=everything)
    if accept_gap and len(places) != 1:
        raise click.UsageError("--accept-gap is decided for one record: name it alone")
    quiet()
    if dry_run:
        _only_count(target, places, selection, "handled", as_json=as_json)
    if by_choice:
        places = tuple(_run(repairing.find_heads(target, selection)))
    _finish(_run(repairing.replay(target, places, by=by, because=because, accept_gap=accept_gap)), as_json=as_json)


@parked.command()
@click.argument("places", type=PlaceName(), nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that waits.")
@filter_options
@click.option("--dry-run", is_flag=True, help="Count what would be dropped, and do nothing.")
@click.option("--yes", is_flag=True, help="Drop all that are chosen; without it they are counted.")
@click.option("--because", required=True, help="Why it is given up, for the record.")
@click.option("--by", default=getpass.getuser, help="Who does this; your login name if not given.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def drop(
    *,
    target: Target,
    places: tuple[Place, ...],
    everything: bool,
    dry_run: bool,
    yes: bool,
    because: str,
    by: str,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Give records up for good; what waited behind them is handled."""
    if not because.strip() or not by.strip():
        raise click.UsageError("--because and --by must say something: both stay on record")
    selection = selection_of(chosen)
    by_choice = is_selection(places, selection, chosen, everything=everything)
    quiet()
    if dry_run or (by_choice and not yes):
        _only_count(target, places, selection, "dropped", as_json=as_json, ask=not dry_run)
    if not by_choice:
        outcomes = [_run(repairing.drop(target, place, by=by, because=because), place) for place in places]
        _finish(outcomes, as_json=as_json)
    given = _run(repairing.drop_all(target, selection, by=by, because=because))
    if as_json:
        _answer_json({"ok": not given.left, **msgspec.to_builtins(given)})
    else:
        echo(given_up(given))
    sys.exit(1 if given.left else 0)


def _only_count(
    target: Target, places: Sequence[Place], selection: Selection, what: str, *, as_json: bool, ask: bool = False
) -> NoReturn:
    """Says how much is chosen, and ends. 1 if something would be done and was not confirmed."""
    found = [] if places else _run(repairing.count(target, selection))
    number = len(places) or sum(one.records for one in found)
    if as_json:
        _answer_json({"records": number, "counted": found, "done": False})
    else:
        echo(counted(found, number, what) + ("; nothing was done: add --yes" if ask and number else ""))
    sys.exit(1 if ask and number else 0)


def _run(work: Coroutine[Any, Any, T], place: Place | None = None) -> T:
    """The answer, or what went wrong as somebody at a terminal needs it."""
    try:
        return asyncio.run(work)
    except NoSuchDeadLetter:
        raise click.ClickException(f"no {place} is parked; `yimen parked list` shows what is") from None
    except NotFirst as error:
        first = Place(place.service, error.head) if place else error.head
        raise click.ClickException(f"{first} waits before it with the same ordering key: begin with that one") from None
    except NoSuchCase as error:
        raise click.ClickException(f"no case {error}; give its number, or its id") from None
    except ConcurrentDelivery:
        raise click.ClickException("the service is at work on the same case; try again") from None
    except InfrastructureDown as error:
        raise click.ClickException(f"{error}; `yimen doctor` says what is wrong") from None


def _finish(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Says what became of them, and exits with 1 if something still waits."""
    well = all(outcome.well for outcome in outcomes)
    if as_json:
        _answer_json({"ok": well, "items": outcomes})
    else:
        echo(finished(outcomes))
    sys.exit(0 if well else 1)


def _answer_json(answer: object) -> None:
    echo(msgspec.json.encode(answer).decode())
