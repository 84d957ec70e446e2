"""`yimen case show`, `time`, `explain`, `export` and `import`."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from console.case.exporting import export as write_file
from console.case.fetching import fetch_case, fetch_explanations, fetch_time, read_explanations
from console.case.rendering import render_case, render_time
from console.case.services import HOW, Services, Unanswered, find_services
from console.ledger.command import import_ledger
from console.main import echo
from console.place import place_here
from contracts.codes import Role
from services.intake.domain.numbers import id_or_number

Found = TypeVar("Found")
NEXT = {
    "not_found": "no such case here; `GET /v1/cases` lists them",
    "unreachable": "`yimen doctor` says what is wrong",
    "401": "the token does not open this installation; `yimen token --role ops` makes one",
}


@click.group()
def case() -> None:
    """One case: its whole timeline, who used how many days, why each date is what it is, and its file."""


case.add_command(import_ledger)


def about_a_case(command: Callable[..., Any]) -> Callable[..., Any]:
    """What all of them are asked with."""
    for option in (
        click.argument("number"),
        click.option(
            "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of a running `yimen up`."
        ),
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Else the language of the pack."),
        click.option("--json", "as_json", is_flag=True, help="Answer as JSON."),
    )[::-1]:
        command = option(command)
    return command


@case.command()
@about_a_case
def show(*, number: str, data: Path | None, lang: str | None, as_json: bool) -> None:
    """What the case is, who answers next and by when, every date with its law, and what happened."""
    place = place_here(data)
    _answer(
        number, data, fetch_case, lambda found: render_case(found, lang or place.language, place.zone), as_json=as_json
    )


@case.command()
@about_a_case
def time(*, number: str, data: Path | None, lang: str | None, as_json: bool) -> None:
    """Who used how many days: the pieces add up to the whole, pauses and waiting are charged to nobody."""
    place = place_here(data)
    _answer(
        number, data, fetch_time, lambda found: render_time(found, lang or place.language, place.zone), as_json=as_json
    )


@case.command()
@about_a_case
def explain(*, number: str, data: Path | None, lang: str | None, as_json: bool) -> None:
    """Why each date is what it is: every clock of the window and of the offices, day by day, with its law."""
    if as_json:
        _answer(number, data, fetch_explanations, lambda _: iter(()), as_json=True)
    else:
        language = lang or place_here(data).language
        _answer(number, data, lambda services, of: read_explanations(services, of, language), apart, as_json=False)


@case.command()
@about_a_case
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The archive to write, a ZIP file."
)
def export(*, number: str, data: Path | None, lang: str, as_json: bool, output: Path) -> None:
    """The file of the case as one archive: index, documents, attachments, decisions, dates with their law, checksums.

    Everything that is opened for it is on record, the applicant with the purpose of archiving. Without YIMEN_TOKEN it
    is done as a coordinator of the whole installation.
    """
    _answer(
        number,
        data,
        lambda services, of: write_file(services, of, output, lang or place_here(data).language, place_here(data).zone),
        lambda found: iter([f"{found['output']}: {found['documents']} documents, {found['attachments']} attachments"]),
        as_json=as_json,
        role=Role.COORDINATOR,
    )


def apart(texts: list[str]) -> Iterator[str]:
    """One under the other."""
    for number, text in enumerate(texts):
        yield from ("", text) if number else (text,)


def _answer(
    number: str,
    data: Path | None,
    ask: Callable[[Services, str], Found],
    draw: Callable[[Found], Iterator[str]],
    *,
    as_json: bool,
    role: Role = Role.OPS,
) -> None:
    if id_or_number(number) is None:
        raise click.UsageError(
            f"{number!r} is neither a case number nor an id: a digit may be wrong;"
            " a number looks like 130722-20260302-00017-7"
        )
    services = find_services(data, role)
    if services is None:
        raise click.UsageError(HOW)
    try:
        found = ask(services, number)
    except Unanswered as error:
        _fail(error, as_json=as_json)
    else:
        echo(msgspec.json.encode(found).decode() if as_json else "\n".join(draw(found)))


def _fail(error: Unanswered, *, as_json: bool) -> None:
    if as_json:
        echo(msgspec.json.encode({"error": {"code": error.code, "detail": error.detail}}).decode())
    click.echo(
        f"Error: {error.code}: {error.detail}; {NEXT.get(error.code, 'look at the log of the service')}", err=True
    )
    sys.exit(1)
