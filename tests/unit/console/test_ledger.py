"""A running ledger is read as offices save it, and everything that is wrong with it is named by row."""

import io
import random
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.ledger import reading
from console.ledger.checking import Checked, check
from console.ledger.columns import FIELDS
from console.ledger.reading import UnreadableLedger, read_ledger
from contracts.submissions import Submission
from libraries.policies import Policy, load_policy
from services.intake.domain.submission import parse
from tests.ledgers import HEADING, TITLE, a_row, as_csv, as_xlsx

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FIRST = 3
"""The row of the first case: a title and the heading stand above."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(PACK)


def checked(tmp_path: Path, policy: Policy, content: bytes, *ignored: str) -> Checked:
    file = tmp_path / "ledger"
    file.write_bytes(content)
    ledger = read_ledger(file, FIELDS)
    return check(ledger, policy, source="zhangbei-ledger", ignored=ignored or ("备注",), now=NOW, language="zh")


def faults(tmp_path: Path, policy: Policy, *rows: list[Any]) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.code) for one in checked(tmp_path, policy, as_csv(rows)).faults]


@pytest.mark.parametrize(
    "content",
    [
        as_csv([a_row(1), a_row(2)]),
        as_csv([a_row(1), a_row(2)], "utf-8-sig"),
        as_csv([a_row(1), a_row(2)], "gbk"),
        as_csv([a_row(1), a_row(2)], "utf-16", "\t"),
        as_csv([a_row(1), a_row(2)], "gb18030", ";"),
        as_xlsx([a_row(1), a_row(2)]),
    ],
    ids=["utf-8", "bom", "gbk", "utf-16", "gb18030", "xlsx"],
)
def test_one_ledger_is_the_same_however_it_was_saved(tmp_path: Path, policy: Policy, content: bytes) -> None:
    found = checked(tmp_path, policy, content)
    assert found.faults == []
    one, _ = [parse(row.body, policy, NOW) for row in found.rows]
    assert isinstance(one, Submission)
    assert one.received_at == datetime(2026, 2, 1, 16, 0, tzinfo=UTC), "the day begins by the clocks of the place"
    assert (one.submission_id, one.source) == ("%E5%BC%A0%E6%95%91%E3%80%942026%E3%80%951%E5%8F%B7", "zhangbei-ledger")
    assert (one.category, one.area, one.applicant.phone) == ("education.student_aid", "130722100000", "000-0000001")
    assert [row.number for row in found.rows] == [FIRST, FIRST + 1]


PLANTED: dict[str, tuple[str, Any, str]] = {
    "no_number": ("编号", "", "missing"),
    "personal": ("编号", "13000000000", "personal_id"),
    "matter": ("事项", "无此事项", "cell_unknown_name"),
    "code": ("事项", "education.nothing", "unknown_category"),
    "place": ("区划", "无此乡", "cell_unknown_name"),
    "places": ("区划", "一村村民委员会", "cell_ambiguous_area"),
    "area": ("区划", "99", "unknown_area"),
    "day": ("收件日期", "2026年2月30日", "cell_date"),
    "word": ("收件日期", "上周", "cell_date"),
    "serial": ("收件日期", "46083", "cell_date"),
    "future": ("收件日期", "2027-01-01", "received_range"),
    "old": ("收件日期", "2024-01-01", "received_range"),
    "nobody": ("姓名", "", "missing"),
    "phone": ("电话", "无", "bad_phone"),
    "identity": ("身份证号", "130722198001010020", "bad_id_number"),
    "long": ("内容", "长" * 4001, "too_long"),
    "material": ("已交材料", "户口本复印件", "cell_unknown_name"),
    "other": ("已交材料", "no_such_paper", "unknown_material"),
}


def test_ten_thousand_rows_with_two_hundred_faults_name_each_by_its_row(tmp_path: Path, policy: Policy) -> None:
    rows = [a_row(number) for number in range(10_000)]
    planted = {}
    kinds = list(PLANTED.values())
    for place, number in enumerate(random.Random(7).sample(range(10_000), 200)):
        column, value, code = kinds[place % len(kinds)]
        rows[number][HEADING.index(column)] = value
        planted[number + FIRST] = (column, code)
    for content in (as_csv(rows, "gbk"), as_xlsx(rows)):
        found = checked(tmp_path, policy, content)
        # Whoever has a number that is a person's stands with it in several rows.
        told = [one for one in found.faults if one.code != "row_repeated"]
        assert {one.row: (one.column, one.code) for one in told} == planted
        assert len(told) == 200
        assert len(found.rows) == 9_800


def test_several_faults_of_a_row_are_all_named_and_none_twice(tmp_path: Path, policy: Policy) -> None:
    wrong = a_row(1, 区划="一村村民委员会", 收件日期="昨天", 姓名="", 电话="x")
    assert Counter(faults(tmp_path, policy, wrong)) == Counter(
        {
            (3, "区划", "cell_ambiguous_area"): 1,
            (3, "收件日期", "cell_date"): 1,
            (3, "姓名", "missing"): 1,
            (3, "电话", "bad_phone"): 1,
        }
    )
    assert faults(tmp_path, policy, a_row(1), a_row(2), a_row(1)) == [(5, "编号", "row_repeated")]
    assert faults(tmp_path, policy, [*a_row(1), "", "多"]) == [(3, "", "row_too_long")]


def test_numbers_that_a_spreadsheet_has_spoilt_are_refused_and_plain_ones_are_text(
    tmp_path: Path, policy: Policy
) -> None:
    spoilt = a_row(1, 身份证号=130722198001010000, 区划=130722100, 电话=3130000001, 编号=17)
    found = checked(tmp_path, policy, as_xlsx([spoilt, a_row(2, 编号=18.0, 内容=True)]))
    assert [(one.row, one.column, one.code) for one in found.faults] == [(3, "身份证号", "cell_lost_digits")]
    (other,) = [msgspec.json.decode(row.body) for row in found.rows]
    assert other["submission_id"] == "18"


def test_a_heading_that_is_not_understood_stops_before_the_first_row(tmp_path: Path, policy: Policy) -> None:
    found = checked(tmp_path, policy, as_csv([a_row(1)]), "别的")
    assert [(one.row, one.column, one.code) for one in found.faults] == [(0, "备注", "column_unknown")]
    text = as_csv([a_row(1)]).decode().replace("收件日期", "姓名")
    told = [(one.column, one.code) for one in checked(tmp_path, policy, text.encode()).faults]
    assert told == [("姓名", "repeated"), ("received_at", "column_missing")]


def bomb() -> bytes:
    content = io.BytesIO(as_xlsx([a_row(1)]))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/1.bin", bytes(reading.LARGEST_UNPACKED))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no heading"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "old Excel"),
        (b"PK\x03\x04" + bytes(100), "is no XLSX file"),
        (as_csv([a_row(1)]).replace(b"\xe5", b"\xff"), "cannot be read"),
        (as_csv([a_row(1)]) + b'"open', "is no row"),
        (as_csv([]).replace("编号".encode(), "甲".encode()).replace("事项,".encode(), b"a,")[:60], "has no heading"),
    ],
)
def test_a_file_that_is_no_ledger_says_what_to_do(tmp_path: Path, policy: Policy, content: bytes, told: str) -> None:
    with pytest.raises(UnreadableLedger, match=told):
        checked(tmp_path, policy, content)


def test_a_package_that_swells_is_not_unpacked(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(UnreadableLedger, match="swells"):
        checked(tmp_path, policy, bomb())
    assert TITLE
