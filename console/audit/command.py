"""`yimen audit`: verify, show and export what the services have put on record."""

import asyncio
import sys
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from console.audit import heads as kept
from console.audit.reading import Asked, Row, examine_all, rows_of
from console.main import echo, quiet
from console.moments import Moment
from console.preparing import PROCESSES
from console.target import Target, of_installation
from libraries.csv_export import csv_text
from libraries.runtime.audit.examining import Fault, Found
from libraries.runtime.audit.heads import Signer
from libraries.runtime.database.engine import open_engine, transaction
from services.intake import store
from services.intake.domain.numbers import id_or_number


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All services."""

    ok: bool
    services: list[Found]
    faults: list[Fault]
    warnings: list[str]


@click.group()
def audit() -> None:
    """Who changed and who read what, chained row by row and signed."""


@audit.command()
@click.option(
    "--heads",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="File with signed heads; may be repeated. Without it the one of YIMEN_AUDIT_HEADS_FILE.",
)
@click.option("--public-key", help="Of the installation, in base64; else it is made of YIMEN_AUDIT_KEY.")
@click.option("--topics/--no-topics", default=True, help="Whether to read the heads on audit.heads.v1 too.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def verify(*, target: Target, files: tuple[Path, ...], public_key: str | None, topics: bool, as_json: bool) -> None:
    """Find rows that were removed, altered, inserted or reordered; a tail that was cut; a chain written anew.

    Names what is not chained yet. Exit status: 0 nothing found, 1 faults, 2 used wrongly.
    """
    quiet()
    report = asyncio.run(_verify(target, files, public_key, topics=topics))
    if as_json:
        echo(msgspec.json.encode(report).decode())
    else:
        _show(report)
    sys.exit(0 if report.ok else 1)


async def _verify(target: Target, files: tuple[Path, ...], public_key: str | None, *, topics: bool) -> Report:
    settings, warnings = target.settings, []
    seed = settings.audit_key.get_secret_value()
    public = _checked(public_key) if public_key else Signer(seed).public if seed else None
    if not files and settings.audit_heads_file is not None and settings.audit_heads_file.exists():
        files = (settings.audit_heads_file,)
    if public is None:
        warnings.append("no key: heads are not looked at; set YIMEN_AUDIT_KEY or give --public-key")
    if not files:
        warnings.append("no file of heads: a cut tail may go unseen; set YIMEN_AUDIT_HEADS_FILE or give --heads")
    heads, faults = kept.of_files(files)
    told = await kept.of_topic(target.kafka) if topics else []
    found = await examine_all(target.database_url, PROCESSES, kept.merged(heads, told), public)
    faults += [fault for one in found for fault in one.faults]
    return Report(ok=not faults, services=found, faults=faults, warnings=warnings)


def _checked(public_key: str) -> str:
    try:
        fits = len(b64decode(public_key, validate=True)) == 32
    except ValueError:
        fits = False
    if not fits:
        raise click.UsageError("--public-key is 32 bytes in base64, as `yimen audit key` prints it")
    return public_key


def _show(report: Report) -> None:
    for one in report.services:
        signed = f"signed up to {one.trusted_until}" if one.trusted_until else "no head stands for it yet"
        echo(f"{one.service}: {one.chained} rows chained, {signed}; {one.unchained} not chained yet")
    for fault in report.faults:
        place = f" at {fault.position}" if fault.position else ""
        row = f" row {fault.entry}" if fault.entry else ""
        echo(f"! {fault.service} {fault.code}{place}{row}: {fault.detail}")
    for warning in report.warnings:
        echo(f"? {warning}")
    echo("the audit is whole" if report.ok else f"{len(report.faults)} faults; docs/how-to/audit.md says what to do")


def _filters(command: Any) -> Any:
    for option in (
        click.option("--until", type=Moment(), help="Before this moment."),
        click.option("--since", type=Moment(), help="From this moment on."),
        click.option("--kind", type=click.Choice(["change", "read"])),
        click.option("--subject", help="Who: as the token names it, or the id of an account of the portal."),
        click.option("--case", help="Number or id of a case."),
        click.option("--service", "services", type=click.Choice(PROCESSES), multiple=True, help="May be repeated."),
    ):
        command = option(command)
    return command


@audit.command()
@_filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Of each service.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def show(*, target: Target, limit: int, as_json: bool, **chosen: Any) -> None:
    """The latest rows first; never what was read, only who, when, what kind of thing, and of which case."""
    quiet()
    rows = asyncio.run(_listed(target, chosen, limit))
    if as_json:
        echo(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        place = str(row.position) if row.position is not None else "not chained"
        of = f" case {row.case_id}" if row.case_id is not None else ""
        more = " ".join(filter(None, (row.about, row.purpose)))
        by = " ".join(filter(None, (row.subject, row.role, row.office)))
        echo(f"{row.at:%Y-%m-%d %H:%M:%S}Z {row.service}/{row.id} [{place}] {row.kind} {row.what}{of} {more} by {by}")
    echo(f"{len(rows)} shown")


async def _listed(target: Target, chosen: dict[str, Any], limit: int) -> list[Row]:
    asked = await _asked(target, **chosen)
    rows = [row async for row in rows_of(target.database_url, asked, latest=limit)]
    return sorted(rows, key=lambda row: row.at, reverse=True)


@audit.command()
@_filters
@click.option("--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), required=True)
@of_installation
def export(*, target: Target, form: str, out: Path, **chosen: Any) -> None:
    """Rows in the order of the chain into a file, for whoever counts the hashes again without us.

    What is not chained yet comes last, without position and hash.
    """
    quiet()
    rows, waiting = asyncio.run(_export(target, chosen, form, out))
    echo(f"{rows} rows written to {out}, {waiting} of them not chained yet")


async def _export(target: Target, chosen: dict[str, Any], form: str, out: Path) -> tuple[int, int]:
    asked = await _asked(target, **chosen)
    rows = waiting = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        if form == "csv":
            file.write(csv_text(Row.__struct_fields__, ()))
        async for row in rows_of(target.database_url, asked):
            file.write(_line(row, form))
            rows, waiting = rows + 1, waiting + (row.position is None)
    return rows, waiting


def _line(row: Row, form: str) -> str:
    if form == "ndjson":
        return f"{msgspec.json.encode(row).decode()}\n"
    cells: Sequence[Any] = list(msgspec.to_builtins(row).values())
    return csv_text(cells, ()).lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")


@audit.command()
@of_installation
def key(*, target: Target) -> None:
    """Print the public key by which auditors check heads without us."""
    quiet()
    seed = target.settings.audit_key.get_secret_value()
    if not seed:
        raise click.UsageError("YIMEN_AUDIT_KEY is not set here")
    echo(Signer(seed).public)


async def _asked(
    target: Target,
    *,
    services: tuple[str, ...],
    case: str | None,
    subject: str | None,
    kind: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Asked:
    case_id = await _case(target, case) if case is not None else None
    chosen = services or PROCESSES
    return Asked(services=chosen, case_id=case_id, subject=subject, kind=kind, since=since, until=until)


async def _case(target: Target, case: str) -> UUID:
    """Also of one that is no more: then it has to be named by its id."""
    wanted = id_or_number(case)
    if isinstance(wanted, UUID):
        return wanted
    engine: AsyncEngine = open_engine(target.settings, "intake", pool_size=1)
    try:
        async with transaction(engine) as conn:
            found = await store.find_case(conn, wanted) if wanted is not None else None
    finally:
        await engine.dispose()
    if found is None:
        raise click.UsageError("--case: no such case; give its number or its id")
    return found.id
