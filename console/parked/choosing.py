"""The options that choose among what is parked, the same for every command that does something with it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from console.moments import Moment
from console.parked.repairing import Selection
from console.preparing import SERVICES
from contracts.topics import OFFICE_FEEDBACK

Command = TypeVar("Command", bound=Callable[..., None])


def filter_options(command: Command) -> Command:
    for option in (
        click.option("--before", type=Moment(), help="Only those parked before this moment."),
        click.option("--topic", help="Only records of this topic."),
        click.option("--office", help="Only what this office wrote, for example education-130722000000."),
        click.option("--case", help="Only those of this case, by id or number."),
        click.option("--code", help="Only those parked for this reason, for example unsupported_version."),
        click.option("--reader", help="Only those of this reader, for example routing.cases."),
        click.option("--service", "services", type=click.Choice(SERVICES), multiple=True, help="May be repeated."),
    ):
        command = option(command)
    return command


def selection_of(chosen: Mapping[str, Any], *, state: str | None = "parked") -> Selection:
    if chosen["office"] and chosen["topic"]:
        raise click.UsageError("--office stands for its topic: give one of them")
    return Selection(
        services=chosen["services"] or SERVICES,
        state=state,
        reader=chosen["reader"],
        code=chosen["code"],
        case=chosen["case"],
        topic=OFFICE_FEEDBACK.named(chosen["office"]) if chosen["office"] else chosen["topic"],
        before=chosen["before"],
    )


def is_selection(
    places: tuple[object, ...], selection: Selection, chosen: Mapping[str, Any], *, everything: bool
) -> bool:
    """Whether records are chosen and not named. Raises if it is neither, or both."""
    by_choice = everything or selection.narrows
    if bool(places) == by_choice:
        raise click.UsageError("name records, or choose them with --all, --reader, --code, --case or alike; not both")
    if chosen["services"] and not by_choice:
        raise click.UsageError("--service narrows --all, --code or alike")
    return by_choice
