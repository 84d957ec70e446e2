"""What may be wrong with one cell or row of a ledger, beyond what may be wrong with any submission."""

from typing import Final

from contracts.refusals.row import Refusal

LEDGERS: Final = (
    Refusal(
        "column_unknown",
        422,
        "不是已知的列，须改为已知的列名，或者以 --ignore 略去",
        "is no column that is known: must be renamed, or left out with `--ignore`",
    ),
    Refusal("column_missing", 422, "缺少此列，须补上", "is a column that is missing: must be there"),
    Refusal(
        "cell_date",
        422,
        "须为日期，例如 2026-03-02 或者 2026年3月2日，可带时间",
        "must be a day, for example 2026-03-02, with a time or without",
    ),
    Refusal(
        "cell_lost_digits",
        422,
        "是数值，末尾数字已被表格软件舍去；须将该列设为文本后重新填写",
        "is a number of which the spreadsheet has lost the last digits: must be text, typed anew",
    ),
    Refusal(
        "cell_type",
        422,
        "不是文本；须将该单元格设为文本",
        "is no text: must be formatted as text",
    ),
    Refusal(
        "cell_unknown_name",
        422,
        "不是政策包中的名称或者代码；须为其中之一",
        "is no name and no code of the policy: must be one of them",
    ),
    Refusal(
        "cell_ambiguous_area",
        422,
        "有几个同名区划，须改填区划代码：{codes}",
        "names several areas: must be the code of one, {codes}",
    ),
    Refusal(
        "row_repeated",
        422,
        "与第 {row} 行编号相同；每个编号须只出现一次",
        "is the number of row {row}, too: must stand in one row alone",
    ),
    Refusal(
        "row_too_long",
        422,
        "单元格多于表头；须与表头对齐",
        "has more cells than the heading: must stand under it",
    ),
)
