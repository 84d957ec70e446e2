"""Worked examples of counting, from the table that the tests hold the product against."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from console.render.tables import NOTE, table

FILE: Final = Path(__file__).parents[2] / "docs" / "reference" / "worked-examples.csv"
HEADINGS: Final = ("起算 start", "时限 limit", "届满 due", "依据 source", "理由 why")
TOPICS: Final = {
    "petition": "信访 Petitions",
    "national day": "国庆 National Day",
    "spring festival": "春节 Spring Festival",
    "other holidays": "其他节日 Other holidays",
    "year's end": "跨年 Year's end",
    "months and years": "月、年、闰日 Months, years, leap days",
    "hours": "小时 Hours",
    "social security": "社会保险 Social security",
    "civil affairs": "民政 Civil affairs",
    "labour": "劳动 Labour",
    "legal aid": "法律援助 Legal aid",
    "disclosure": "信息公开 Disclosure of information",
    "pauses": "中止 Pauses",
    "close of business": "业务时间 Close of business",
    "start": "起算 The start",
}
RULES: Final = """
开始当日不计，自次日起算（民法典 201）；按小时计的自当时起算。期满日不是工作日的，顺延至其后第一个工作日（203）；
调休上班的周六、周日是工作日。没有对应日的，月末日为期满日（202）。当日 24 时处于暂停的，该日不计。
对行政期限为类推适用，策略的每一行可关闭顺延。

The start day is not counted; hours run from the moment. A last day that does not work gives way to the next that does;
a worked Saturday or Sunday (调休) is a working day. Where a month has no such day, its last day stands. A day at whose
end (24:00) the clock stands still is not counted. The rules are those of the Civil Code, applied by analogy; a row of
the policy can switch the giving way off.

Every date here was reckoned by hand and found again by the naive counter of the tests, which shares nothing with the
product. Times are those at the window (UTC+8); a due date without an hour ends at 24:00. The table itself is
`worked-examples.csv`.
""".strip()


def page() -> str:
    rows = examples()
    parts = [f"# 计算示例 Worked examples ({len(rows)})", "", NOTE, "", RULES]
    for topic, heading in TOPICS.items():
        parts += ["", f"## {heading}", "", *table(HEADINGS, [_shown(row) for row in rows if row["topic"] == topic])]
    return "\n".join([*parts, ""])


def examples() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _shown(row: dict[str, str]) -> tuple[str, ...]:
    source = f"{row['source']} {row['article']}".strip()
    return (_moment(row["start"]), "<br>".join(_limit(row)), _moment(row["due"]), source, f"{row['zh']}<br>{row['en']}")


def _limit(row: dict[str, str]) -> Iterator[str]:
    yield " + ".join([row["limit"], *row["extensions"].split()])
    for pause in row["pauses"].split():
        yield "暂停 paused " + " – ".join(map(_moment, pause.split("/")))
    if row["roll"] == "no":
        yield "不顺延 does not give way"
    if row["closes"]:
        yield f"下班 closes {row['closes']}"


def _moment(text: str) -> str:
    return text.replace("T", " ")
