"""Tables that people wrote: XLSX and CSV as Excel and WPS save them, and whatever else somebody hands in as such."""

import csv
import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from libraries.spreadsheet import LARGEST, MOST_ROWS, NoTable, Row, read_table

HEADINGS = ["用户名", "单位", "岗位"]
LINES = [["zbz-1", "张北县教育局", "window-1"], ["zbz-2", "", '𠮷,"x"']]
READ = [Row(2, dict(zip(HEADINGS, LINES[0], strict=True))), Row(3, dict(zip(HEADINGS, LINES[1], strict=True)))]


def xlsx(*lines: list[Any]) -> bytes:
    book = Workbook()
    first, made = book.active, io.BytesIO()
    for line in lines:
        first.append(line)
    book.create_sheet("第二张").append(["other"])
    book.save(made)
    return made.getvalue()


def text(separator: str = ",") -> str:
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=separator).writerows([HEADINGS, *LINES])
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        text().encode(),
        text().encode("utf-8-sig"),
        text().encode("gb18030"),
        text("\t").encode("utf-16"),
        text(";").encode(),
        text().replace("\r\n", "\n").encode("gb18030"),
        xlsx(HEADINGS, *LINES),
    ],
    ids=["utf-8", "utf-8 with a mark", "gb18030", "utf-16", "semicolons", "line feeds", "xlsx"],
)
def test_the_same_table_however_it_was_saved(content: bytes) -> None:
    assert read_table(content) == (HEADINGS, READ)


def test_numbers_and_days_are_what_people_see() -> None:
    moments = [datetime.fromisoformat("2026-03-02"), datetime.fromisoformat("2026-03-02T09:30"), date(2026, 3, 3)]
    line = [130722100000, 1.5, True, *moments, "=1+1", " a "]
    _, (row,) = read_table(xlsx([f"c{n}" for n in range(8)], line))
    shown = ["130722100000", "1.5", "true", "2026-03-02", "2026-03-02T09:30:00", "2026-03-03"]
    assert list(row.cells.values())[:6] == shown  # and a formula that nobody has calculated is nothing
    assert row.cells["c7"] == "a"


def test_empty_lines_count_as_lines_and_hold_nothing() -> None:
    headings, rows = read_table(xlsx([], ["a", "b"], [], ["1"], ["", ""], ["", "2"]))
    assert headings == ["a", "b"]
    assert rows == [Row(4, {"a": "1", "b": ""}), Row(6, {"a": "", "b": "2"})]
    assert read_table(b"a,b\n\n\n1,\n,2\n")[1] == [Row(4, {"a": "1", "b": ""}), Row(5, {"a": "", "b": "2"})]
    assert read_table(b'a,b\n"1\n2",3\n4,5\n')[1][1].line == 4


def bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (65 * 1024 * 1024))
    return made.getvalue()


def far(place: str, encoding: str = "utf-8") -> bytes:
    """A workbook whose sheet has one more cell, far away."""
    whole, made = zipfile.ZipFile(io.BytesIO(xlsx(HEADINGS, *LINES))), io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for one in whole.infolist():
            content = whole.read(one).decode()
            if one.filename.endswith("sheet1.xml"):
                content = content.replace("</sheetData>", f"{place}</sheetData>").replace("UTF-8", encoding)
            packed.writestr(one.filename, content.encode(encoding))
    return made.getvalue()


def broken() -> bytes:
    whole = xlsx(HEADINGS, *LINES)
    return whole[: len(whole) // 2]


def of_another_kind() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("word/document.xml", b"<x/>")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n,,\n", "is empty"),
        (xlsx(), "is empty"),
        (b"\xff\xfe\x00", "neither XLSX nor text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 64, "neither XLSX nor text"),
        (b"a,b\n\x00,2", "neither XLSX nor text"),
        (b'a,b\n1,2\n"3,4\n', "line 3 is no CSV"),
        (b"a,a\n1,2", "the same name"),
        (b"a,,c\n1,2,3", "line 2 has a value in a column without a name"),
        (b"a\n1,2", "line 2 has a value in a column without a name"),
        (",".join(f"c{n}" for n in range(101)).encode(), "more than 100 columns"),
        (b"a\n" + b"1\n" * (MOST_ROWS + 1), "more than 20000 rows"),
        (b"a\n" + b"1" * LARGEST, "larger than 4 MB"),
        (broken(), "no XLSX"),
        (of_another_kind(), "no XLSX"),
        (bomb(), "swells"),
        (far('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "swells"),
        (far('<row r="9"><c r="CV9"><v>1</v></c><c r="CW9"><v>1</v></c></row>'), "column without a name"),
        (far('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "utf-16"), "swells"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table_says_why(content: bytes, why: str) -> None:
    with pytest.raises(NoTable, match=why):
        read_table(content)


@given(
    st.binary(max_size=300) | st.text(max_size=200).map(str.encode) | st.binary(max_size=300).map(b"PK\x03\x04".__add__)
)
def test_whatever_it_is_it_is_a_table_or_refused(content: bytes) -> None:
    try:
        headings, rows = read_table(content)
    except NoTable:
        return
    assert len(set(headings)) == len(headings) > 0
    assert all(list(row.cells) == list(headings) and any(row.cells.values()) for row in rows)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_workbook_is_a_table_or_refused(place: int, other: bytes) -> None:
    whole = bytearray(WHOLE)
    at = place % len(whole)
    whole[at : at + len(other)] = other
    try:
        read_table(bytes(whole))
    except NoTable:
        return


WHOLE = xlsx(HEADINGS, *LINES)
