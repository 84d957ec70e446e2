"""`yimen verify`: the oracle at the command line."""

import asyncio
import sys

import click
import msgspec

from console.main import echo, quiet
from console.target import Target, of_installation
from console.terminal import console
from console.verify import oracle
from console.verify.oracle import Report

SHOWN = 20


@click.command()
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds to wait for quiet, at most.",
)
@click.option(
    "--topics/--no-topics",
    default=True,
    help="Whether to read every record of our topics too; without, Kafka may be away.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@of_installation
def verify(*, target: Target, settle: float, topics: bool, as_json: bool) -> None:
    """Check that nothing was lost, doubled, reordered or forgotten. Reads everything, changes nothing.

    Exit status: 0 nothing found, 1 faults, 2 used wrongly.
    """
    quiet()
    report = asyncio.run(oracle.verify(target, settle_seconds=settle, with_kafka=topics))
    if as_json:
        echo(msgspec.json.encode(report).decode())
    else:
        show(report)
    sys.exit(1 if report.faults else 0)


def show(report: Report) -> None:
    """Counts of every check, then each fault with its ids."""
    out = console()
    from rich.table import Table  # noqa: PLC0415 -- not there in an installation without the extra `local`

    table = Table(box=None)
    for heading in ("检查 check", "看过 looked at", "错误 wrong"):
        table.add_column(heading, justify="left" if heading.startswith("检查") else "right")
    for result in report.checks:
        wrong = f"[red]{result.wrong}[/red]" if result.wrong else "0"
        table.add_row(result.rule, str(result.checked), wrong)
    out.print(table)
    for result in report.checks:
        for fault in result.faults[:SHOWN]:
            case = f"case {fault.case_id} " if fault.case_id else ""
            ids = " ".join(f"{name}={value}" for name, value in fault.ids.items())
            out.print(f"! {result.name}: {fault.detail}; {case}{ids}", markup=False, style="yellow")
        if result.wrong > SHOWN:
            out.print(f"  … and {result.wrong - SHOWN} more of {result.name}; --json lists them", markup=False)
    moving = report.cases - report.settled
    summary = f"{report.cases} cases, {report.checked} things looked at in {report.seconds:.1f} s, "
    summary += f"{sum(result.wrong for result in report.checks)} wrong"
    out.print(summary + (f"; {moving} cases were on the move and not compared" if moving else ""), markup=False)
