"""Ledgers as offices keep them: rows of made-up people, as CSV and as a spreadsheet that is not written by ours."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook

HEADING = ("编号", "事项", "区划", "收件日期", "姓名", "电话", "身份证号", "内容", "已交材料", "备注")
TITLE = ("张北县民政事项台账（示例）",)


def a_row(number: int, **changes: Any) -> list[Any]:
    row = {
        "编号": f"张救〔2026〕{number}号",
        "事项": "教育救助",
        "区划": "张北镇",
        "收件日期": f"2026年2月{number % 27 + 1}日",
        "姓名": "张示例",
        "电话": f"000-{number:07d}",
        "身份证号": "",
        "内容": "申请教育救助（示例），\n分两行",
        "已交材料": "",
        "备注": "转",
    }
    return list((row | changes).values())


def as_csv(rows: Iterable[Sequence[Any]], encoding: str = "utf-8", separator: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([TITLE, HEADING, *rows])
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Sequence[Any]]) -> bytes:
    """Days as days, as a spreadsheet has them."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    for row in [TITLE, HEADING, *rows]:
        sheet.append([_cell(one) for one in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(value: Any) -> Any:
    day = re.fullmatch("2026年2月([0-9]{1,2})日", str(value))
    # What is no day stays as it was typed.
    return date(2026, 2, int(day[1])) if day is not None and int(day[1]) < 29 else value
