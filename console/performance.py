"""`yimen performance`: the figures of the trade, as a table, JSON or CSV."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from console.case.services import Unanswered, find_services
from console.main import echo
from contracts.codes import Field, Figure
from libraries.csv_export import Cell, csv_text
from services.notify.figures.judging import GroupView, Judged

HOW: Final = (
    "nothing runs here: start `yimen up`, name its folder with --data,"
    " or set YIMEN_INTAKE_URL, YIMEN_ROUTING_URL, YIMEN_NOTIFY_URL and YIMEN_TOKEN (or YIMEN_TOKEN_KEY)"
)
HEADINGS: Final = {
    "zh": ("名次", "代码", "名称", "指标代码", "指标", "分子", "分母", "比率", "不计入"),
    "en": ("rank", "code", "name", "figure code", "figure", "numerator", "denominator", "ratio", "excluded"),
}
FIGURES: Final = click.Choice([figure.value for figure in Figure])


@click.command()
@click.option("--by", type=click.Choice(["office", "field", "area", "category"]), help="Into which groups.")
@click.option("--area", default="", help="With all below it.")
@click.option("--office", default="", help="One office alone.")
@click.option("--field", type=click.Choice([field.value for field in Field]), help="One field alone.")
@click.option("--category", default="", help="One matter alone.")
@click.option("--since", default="", help="The period begins here, for example 2026-03-01T00:00Z.")
@click.option("--until", default="", help="The period ends before this.")
@click.option("--rank", type=FIGURES, help="The groups in the order of this figure.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of a running `yimen up`.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, with the definitions and what was left out.")
@click.option("--csv", "as_csv", is_flag=True, help="Answer as CSV for a spreadsheet, one line for each figure.")
def performance(*, data: Path | None, lang: str, as_json: bool, as_csv: bool, **asked: str | None) -> None:
    """The figures by which offices are judged: each with what it counts and of what; a county's offices ranked."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other: choose one")
    services = find_services(data)
    if services is None or not services.notify:
        raise click.UsageError(HOW)
    params: dict[str, Any] = {name: value for name, value in asked.items() if value}
    try:
        found = services.ask(f"{services.notify}/v1/performance", Judged, **params)
    except Unanswered as error:
        click.echo(f"Error: {error.code}: {error.detail}", err=True)
        sys.exit(1)
    if as_json:
        echo(msgspec.json.encode(found).decode())
    elif as_csv:
        click.echo(csv_text(HEADINGS[lang], lines(found, lang)), nl=False)
    else:
        echo("\n".join(drawn(found, lang)))


def lines(found: Judged, lang: str) -> Iterator[tuple[Cell, ...]]:
    """One for each figure of each group, the whole last."""
    for group in (*found.groups, found.total):
        for one in group.figures:
            left_out = sum(reason.number for reason in one.excluded)
            name, figure = (group.zh, one.zh) if lang == "zh" else (group.en, one.en)
            counted = (one.numerator, one.denominator, one.ratio, left_out)
            yield (group.rank, group.key, name, one.figure.value, figure, *counted)


def drawn(found: Judged, lang: str) -> Iterator[str]:
    averages = {one.figure for one in found.definitions if one.is_average}
    yield _period(found, lang)
    for group in (*found.groups, found.total):
        yield ""
        yield _head(group, lang)
        for one in group.figures:
            label = one.zh if lang == "zh" else one.en
            ratio = _shown(one.ratio, is_average=one.figure in averages)
            yield f"  {ratio:>8}  {one.numerator}/{one.denominator}  {label}"


def _period(found: Judged, lang: str) -> str:
    since, until = (_day(moment) for moment in (found.since, found.until))
    return f"统计期间：{since} 至 {until}" if lang == "zh" else f"Period: {since} to {until}"


def _day(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment is not None else "…"


def _head(group: GroupView, lang: str) -> str:
    place = f"{group.rank}. " if group.rank is not None else ""
    code = f" ({group.key})" if group.key else ""
    return f"{place}{group.zh if lang == 'zh' else group.en}{code}"


def _shown(ratio: float | None, *, is_average: bool) -> str:
    """Of nothing there is none, and that is neither 0 nor 100 %."""
    if ratio is None:
        return "—"
    return f"{ratio:.2f}" if is_average else f"{ratio:.1%}"
