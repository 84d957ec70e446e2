"""`yimen case import`: a running ledger (台账) becomes cases, each row once."""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from console.case.services import HOW, Unanswered, find_services
from console.in_force import policy_in_force
from console.ledger.checking import Checked, RowFault, check
from console.ledger.columns import FIELDS
from console.ledger.reading import UnreadableLedger, read_ledger
from console.ledger.sending import send
from console.main import echo, quiet
from console.place import default_pack, place_here
from console.target import find_target
from contracts.codes import Role
from contracts.refusals.messages import Language
from contracts.submissions import is_identifier
from libraries.policies import Policy, load_policy
from libraries.runtime.clock import Clock


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the command answers with as JSON."""

    rows: int
    """That are right."""
    faults: tuple[RowFault, ...]
    registered: int = 0
    known: int = 0


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="What the ledger is called, in letters and digits; the same each time.")
@click.option("--dry-run", is_flag=True, help="Only name what is wrong, row by row.")
@click.option("--ignore", "ignored", multiple=True, help="A column to leave out; may be repeated.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of a running `yimen up`.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Else the language of the pack.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def import_ledger(
    *,
    file: Path,
    source: str,
    dry_run: bool,
    ignored: tuple[str, ...],
    data: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Register the open cases of a running ledger, from CSV (UTF-8 or GBK) or the first sheet of an XLSX file.

    Every fault of every row is named first, and nothing is done while there is one. A row is the case of its source and
    number: the same file again registers nothing. What counts from the registration counts from the day of receipt.
    """
    quiet()
    if not is_identifier(source):
        raise click.UsageError("--source is a name of printable ASCII characters without blanks")
    language: Language = "en" if (lang or place_here(data).language) == "en" else "zh"
    policy, now = _policy(data)
    try:
        ledger = read_ledger(file, FIELDS)
    except UnreadableLedger as error:
        raise click.ClickException(f"{file.name} {error}") from None
    checked = check(ledger, policy, source=source, ignored=ignored, now=now, language=language)
    if checked.faults or dry_run:
        _answer(Told(rows=len(checked.rows), faults=tuple(checked.faults)), as_json=as_json)
        return
    _answer(_registered(checked, data, language), as_json=as_json)


def _policy(data: Path | None) -> tuple[Policy, datetime]:
    """As the installation decides now; without one to be found here, the pack that the environment names."""
    target = find_target(data)
    if target is None:
        return load_policy(default_pack()), datetime.now(UTC)
    return asyncio.run(policy_in_force(target.settings)), Clock.of(target.settings).now()


def _registered(checked: Checked, data: Path | None, language: Language) -> Told:
    services = find_services(data, Role.TOWNSHIP)
    if services is None:
        raise click.UsageError(HOW)
    try:
        done = send(services, checked.rows, language)
    except Unanswered as error:
        raise click.ClickException(
            f"{error.code}: {error.detail}; what was registered stays, and the same command goes on from there"
        ) from None
    return Told(rows=len(checked.rows), faults=done.refused, registered=done.registered, known=done.known)


def _answer(told: Told, *, as_json: bool) -> None:
    if as_json:
        echo(msgspec.json.encode(told).decode())
    else:
        for line in _lines(told.faults):
            echo(line)
        echo(f"{told.rows} rows right, {len(told.faults)} faults, {told.registered} registered, {told.known} known")
    if told.faults:
        sys.exit(1)


def _lines(faults: Iterable[RowFault]) -> Iterable[str]:
    for one in faults:
        yield f"row {one.row}: {one.column} {one.detail} [{one.code}]" if one.row else f"{one.column} {one.detail}"
