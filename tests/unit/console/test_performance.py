"""What `yimen performance` draws, and the table that a spreadsheet opens."""

import csv
import io
from datetime import UTC, datetime

from click.testing import CliRunner

from console.main import main
from console.performance import HEADINGS, drawn, lines
from contracts.codes import Exclusion, Figure
from libraries.csv_export import MARK, csv_text
from services.notify.figures.judging import DESCRIBED, ExcludedCount, FigureView, GroupView, Judged

NOW = datetime(2026, 3, 4, 2, tzinfo=UTC)


def group(key: str, name: str, figure: Figure, numerator: int, denominator: int, rank: int | None = None) -> GroupView:
    left_out = ExcludedCount(reason=Exclusion.COPY, zh=Exclusion.COPY.zh, en=Exclusion.COPY.en, number=3)
    one = FigureView(
        figure=figure,
        zh=figure.zh,
        en=figure.en,
        numerator=numerator,
        denominator=denominator,
        ratio=numerator / denominator if denominator else None,
        excluded=[left_out],
    )
    return GroupView(key=key, zh=name, en=name, rank=rank, figures=[one])


def judged(*groups: GroupView) -> Judged:
    total = group("", "Total", Figure.SENDINGS, 3, 2)
    return Judged(now=NOW, since=NOW, until=None, total=total, groups=list(groups), definitions=DESCRIBED)


def test_a_share_an_average_and_nothing_are_told_apart() -> None:
    found = judged(
        group("education", "Education", Figure.ENDED_IN_TIME, 1, 4, rank=1),
        group("health", "Health", Figure.ENDED_IN_TIME, 0, 0),
    )
    text = "\n".join(drawn(found, "en"))
    assert text.startswith(
        "Period: 2026-03-04T02:00+00:00 to …\n\n1. Education (education)\n     25.0%  1/4  Ended in time"
    )
    assert "Health (health)\n         —  0/0" in text
    assert "Total\n      1.50  3/2  Average sendings" in text
    assert "按时办结率" in "\n".join(drawn(found, "zh"))


def test_the_table_opens_in_a_spreadsheet_and_calculates_nothing() -> None:
    found = judged(group("=cmd()", "+1", Figure.RETURN_RATE, 0, 0))
    text = csv_text(HEADINGS["zh"], lines(found, "zh"))
    assert text.startswith(MARK)
    head, first, total = csv.reader(io.StringIO(text.removeprefix(MARK)))
    assert head == list(HEADINGS["zh"])
    assert first == ["", "'=cmd()", "'+1", "return_rate", "退件率", "0", "0", "", "3"], "of nothing there is no ratio"
    assert total[3:8] == ["sendings", "平均流转次数", "3", "2", "1.5"]


def test_a_wrong_use_says_so() -> None:
    runner = CliRunner(env={"YIMEN_DATA": "nowhere"})
    both = runner.invoke(main, ["performance", "--json", "--csv"])
    assert (both.exit_code, "exclude each other" in both.output) == (2, True)
    away = runner.invoke(main, ["performance"])
    assert (away.exit_code, "YIMEN_NOTIFY_URL" in away.output) == (2, True)
