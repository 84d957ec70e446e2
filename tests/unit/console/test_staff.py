"""A spreadsheet of staff: codes or names, English or Chinese headings, and every fault with its line."""

from pathlib import Path

import click
import pytest

from console.staff import NewPost, new_post, new_posts, read_staff
from contracts.codes import Role
from libraries.policies import Policy, load_policy
from tests.packs import PACKS
from tests.unit.test_spreadsheet import xlsx

CHINESE = ["用户名", "角色", "单位", "辖区", "岗位"]
TOWN = "township-130722100000"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(PACKS / "zhangjiakou")


def staff(tmp_path: Path, *lines: list[object]) -> Path:
    file = tmp_path / "staff.xlsx"
    file.write_bytes(xlsx(*lines))
    return file


def test_chinese_headings_roles_and_names_are_understood(tmp_path: Path, policy: Policy) -> None:
    file = staff(
        tmp_path,
        CHINESE,
        ["zbz-1", "窗口人员", TOWN, "", "window-1"],
        ["zbx-edu", "承办人员", "张北县教育局"],
        ["zbx-all", "管理员", "", "张北县"],
        ["zbz-vill", "assistant", "", 130722100201],
    )
    wanted, faults = new_posts(read_staff(file), policy)
    assert faults == []
    assert wanted == [
        NewPost(login="zbz-1", role=Role.CLERK, office=TOWN, area="130722100000", post="window-1"),
        NewPost(login="zbx-edu", role=Role.OFFICER, office="education-130722000000", area="130722000000", post=""),
        NewPost(login="zbx-all", role=Role.ADMINISTRATOR, office=None, area="130722000000", post=""),
        NewPost(login="zbz-vill", role=Role.ASSISTANT, office=None, area="130722100201", post=""),
    ]


def test_every_fault_of_every_row_is_told_with_its_line_and_nothing_that_was_written(
    tmp_path: Path, policy: Policy
) -> None:
    good = ["ok-1", "clerk", TOWN, "", "window-1"]
    file = staff(
        tmp_path,
        CHINESE,
        good,
        [],
        ["王小明", "chief", "某某局", "某某镇", "王小明"],
        ["x-1", "officer"],
        ["x-2", "clerk", TOWN, "130723"],
        good,
    )
    wanted, faults = new_posts(read_staff(file), policy)
    assert [fault.partition(":")[0] for fault in faults] == ["line 4"] * 5 + ["line 5", "line 6", "line 7"]
    assert faults[-1] == "line 7: says the same as line 2"
    assert not any(word in " ".join(faults) for word in ("王小明", "某某", "chief"))
    assert [one.login for one in wanted] == ["ok-1"]


def test_a_name_that_several_have_asks_for_the_code(policy: Policy) -> None:
    names = [area.name for area in policy.areas.values()]
    twice = next(name for name in names if names.count(name) > 1)
    found, faults = new_post({"login": "x-1", "role": "assistant", "area": twice}, policy)
    assert found is None
    assert "write the code of the area" in faults[0]


@pytest.mark.parametrize(
    ("headings", "why"),
    [
        (["login", "单位"], "role is missing"),
        (["login", "role", "用户名"], "login stands there twice"),
        (["login", "role", "密码"], "column 3 is unknown"),
    ],
)
def test_columns_that_are_wrong_are_told_at_once(tmp_path: Path, headings: list[object], why: str) -> None:
    with pytest.raises(click.UsageError, match=why):
        read_staff(staff(tmp_path, headings, ["a-1"] * len(headings)))
