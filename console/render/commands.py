"""Every `yimen` command with its switches, from the commands themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from console.main import main
from console.render.tables import NOTE, shown, table

HEADINGS: Final = ("switch", "default", "meaning")


def page() -> str:
    parts = [
        "# Commands",
        "",
        NOTE,
        "",
        "Exit status: 0, or 1 where something wrong was found or did not work, or 2 for a wrong use.",
    ]
    for name, command in _commands("yimen", main):
        arguments = [each.human_readable_name for each in command.params if isinstance(each, click.Argument)]
        parts += ["", f"## `{' '.join([name, *arguments])}`", "", *_help(command)]
        rows = [_row(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
        if rows:
            parts += ["", *table(HEADINGS, rows)]
    return "\n".join([*parts, ""])


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Those that do something; a group only holds others."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        if found is not None:
            yield from _commands(f"{name} {each}", found)


def _help(command: click.Command) -> list[str]:
    return [line.strip() for line in (command.help or "").strip().splitlines()]


def _row(option: click.Option) -> tuple[str, str, str]:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if isinstance(option.type, click.Choice):
        names += f" {'|'.join(map(str, option.type.choices))}"
    detail = [option.help or ""]
    if isinstance(option.envvar, str) and option.envvar not in detail[0]:
        detail.append(f"`{option.envvar}`")
    return f"`{names}`", _default(option), " ".join(filter(None, detail))


def _default(option: click.Option) -> str:
    if option.required:
        return "must be given"
    chosen = isinstance(option.default, str | int | float | Path) and not option.is_flag and not option.multiple
    return f"`{shown(option.default)}`" if chosen else ""
