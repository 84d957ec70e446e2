"""`yimen calendar`: what is shown, compared, refused and published."""

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.main import main
from libraries.deadlines import statutory_calendar
from libraries.policies import PolicyRefused, load_policy
from libraries.policies.publishing import publish
from tests.calendars import published_year
from tests.civil_time import CIVIL_TIME

PACKS = Path(__file__).parents[3] / "deploy" / "policies"
NEXT = statutory_calendar(CIVIL_TIME).published_through.year + 1
OFFICE = "education-130722000000"


def sunday() -> date:
    """In March, when there is no holiday."""
    day = date(NEXT, 3, 1)
    while day.weekday() != 6:
        day += timedelta(days=1)
    return day


YEAR = published_year(NEXT, f"{{date: {sunday()}, works: true, zh: 调休上班, en: worked}}")
LAST = YEAR.count("\n")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["calendar", *arguments])


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "packs")
    return tmp_path / "packs" / "zhangjiakou"


@pytest.fixture
def year(tmp_path: Path) -> Path:
    path = tmp_path / "next.yaml"
    path.write_text(YEAR, "utf-8")
    return path


def contents(pack: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in pack.iterdir()}


def test_a_year_is_shown_with_its_marks() -> None:
    result = run("show", "2026")
    assert result.exit_code == 0
    assert "                1休  2休  3    4班                                   1" in result.stdout
    assert "2026-02-17 休 春节 / Chinese New Year (Spring Festival)" in result.stdout
    assert "2026-10-10 班 调休上班 / make-up working day" in result.stdout
    assert "2026: 248 个工作日 working days; 已公布 published: 国务院办公厅关于2026年" in result.stdout
    assert "的通知（国办发明电〔2025〕7号）, 2025-11-04; cn-2026-" in result.stdout
    assert "的通知, 公布日期未录 date not recorded; cn-" in run("show", "2007").stdout
    assert len([line for line in result.stdout.splitlines() if line.startswith("2026-10-0")]) == 6


def test_a_year_as_json() -> None:
    told = json.loads(run("show", "2026", "--json").stdout)
    assert (told["published"], told["working_days"], len(told["days"])) == (True, 248, 365)
    assert told["days"][44] == {
        "date": "2026-02-14",
        "works": True,
        "reason": "make_up",
        "zh": "调休上班",
        "en": "make-up working day",
        "notice": "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）",
    }


def test_a_year_to_come_is_provisional() -> None:
    assert "暂定 provisional" in run("show", str(NEXT)).stdout
    assert f"{NEXT - 1}-12-29 … {NEXT - 1}-12-31: 暂定 provisional" in run("show", str(NEXT - 1)).stdout
    assert "暂定" not in run("show", str(NEXT - 2)).stdout
    told = json.loads(run("show", str(NEXT), "--json").stdout)
    assert (told["published"], told["source"], told["published_on"]) == (False, None, None)


def test_an_office_is_shown_with_its_own_days(pack: Path) -> None:
    (pack / "calendars.yaml").write_text(
        "- {areas: ['130722'], date: 2026-01-05, works: false, zh: 雪, en: x, source: x, article: 1, statutory: yes}\n"
    )
    own = run("show", "2026", "--office", OFFICE, "--policy", str(pack))
    assert "2026-01-05 休 雪 / x" in own.stdout
    assert "雪" not in run("show", "2026", "--policy", str(pack)).stdout
    assert json.loads(run("check", str(pack), "--json").stdout)["offices_with_own_days"] > 0


@pytest.mark.parametrize(
    "arguments",
    [("show",), ("show", "1999"), ("show", "soon"), ("show", "2026", "--office", "nobody"), ("diff", "-", "nowhere")],
)
def test_a_wrong_use_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_check_says_what_is_published_and_refuses_by_line(pack: Path) -> None:
    assert f"dates from {NEXT - 1}-12-29 on are provisional until {NEXT} is published" in run("check", str(pack)).stdout
    assert json.loads(run("check", "--json").stdout) == {
        "ok": True,
        "version": statutory_calendar(CIVIL_TIME).version,
        "published_through": f"{NEXT - 1}-12-31",
        "settled_through": f"{NEXT - 1}-12-28",
        "notices": [],
        "offices_with_own_days": 0,
        "calendars": 1,
    }
    (pack / "calendars.yaml").write_text("- {date: 2026-01-05, works: true, zh: x, en: x, source: x}\n")
    refused = run("check", str(pack))
    assert refused.exit_code == 1
    assert "zhangjiakou/calendars.yaml:1: 2026-01-05 works anyway" in refused.stdout


def test_publishing_writes_the_year_into_the_pack(pack: Path, year: Path) -> None:
    result = run("publish", str(year), "--policy", str(pack))
    assert result.exit_code == 0, result.output
    assert f"{sunday()} 休 -> 班 works  调休上班 / worked" in result.stdout
    assert f"国务院办公厅通知, {NEXT - 1}-01-04" in result.stdout
    assert (pack / f"calendar-{NEXT}.yaml").read_bytes() == year.read_bytes()
    assert load_policy(pack).calendar.works(sunday().toordinal())
    shown = run("show", str(NEXT), "--policy", str(pack)).stdout
    assert f"已公布 published: 国务院办公厅通知, {NEXT - 1}-01-04" in shown
    assert f"{NEXT}: 国务院办公厅通知, {NEXT - 1}-01-04" in run("check", str(pack)).stdout


def test_publishing_twice_changes_nothing_more(pack: Path, year: Path) -> None:
    first = json.loads(run("publish", str(year), "--policy", str(pack), "--json").stdout)
    assert str(sunday()) in {day["date"] for day in first["days"]}
    before = contents(pack)
    again = json.loads(run("publish", str(year), "--policy", str(pack), "--json").stdout)
    assert (again["ok"], again["year"], again["days"], again["version"]) == (True, NEXT, [], first["version"])
    assert contents(pack) == before


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (f"year: {NEXT}\n", "year: next\n", "next.yaml:1: year must be a number from 2007 to 2099"),
        (f"year: {NEXT}\n", "", "next.yaml:1: year must be a number from 2007 to 2099"),
        (f"year: {NEXT}\n", f"year: {NEXT + 1}\n", f"next.yaml:1: the year {NEXT} is not published"),
        (f"{NEXT}-05-02", f"{NEXT}-05-01", f"{NEXT}-05-01 stands here twice"),
        (f"{sunday()}", f"{sunday() + timedelta(days=2)}", f"{sunday() + timedelta(days=2)} is no weekend"),
        (f"{sunday()}", f"{sunday() + timedelta(days=1)}", f"next.yaml:{LAST}:"),
        ("works: true", "works: maybe", f"next.yaml:{LAST}: works must be true or false"),
        ("days:\n", "days: [\n", "not valid YAML"),
    ],
)
def test_a_wrong_year_is_refused_and_nothing_changes(pack: Path, year: Path, old: str, new: str, fault: str) -> None:
    year.write_text(YEAR.replace(old, new), "utf-8")
    before = contents(pack)
    result = run("publish", str(year), "--policy", str(pack), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"]) == (1, False)
    assert any(fault in f"{each['file']}:{each['line']}: {each['reason']}" for each in told["faults"]), told
    assert contents(pack) == before


def test_a_notice_that_is_not_out_yet_is_not_published(pack: Path, year: Path) -> None:
    today, before = date(NEXT - 1, 1, 3), contents(pack)
    with pytest.raises(PolicyRefused) as caught:
        publish(year, pack, today)
    assert [str(fault) for fault in caught.value.faults] == [f"{year}:1: published_on lies ahead; today is {today}"]
    assert contents(pack) == before
    assert publish(year, pack, today + timedelta(days=1)).notice.year == NEXT


def test_the_command_asks_what_day_it_is_at_the_window(pack: Path, year: Path) -> None:
    ahead = datetime.now(CIVIL_TIME).date() + timedelta(days=2)
    said = max(ahead, date(NEXT - 1, 1, 4))
    year.write_text(YEAR.replace(f"{NEXT - 1}-01-04", str(said)), "utf-8")
    result = run("publish", str(year), "--policy", str(pack))
    assert result.exit_code == 1
    assert f"next.yaml:1: published_on lies ahead; today is {datetime.now(CIVIL_TIME).date()}" in result.stdout


def test_a_pack_that_cannot_be_written_stays(pack: Path, year: Path) -> None:
    (pack / f"calendar-{NEXT}.yaml").mkdir()
    before = sorted(path.name for path in pack.iterdir())
    result = run("publish", str(year), "--policy", str(pack))
    assert result.exit_code == 1
    assert sorted(path.name for path in pack.iterdir()) == before


def test_diff_names_days_and_the_dates_that_move(pack: Path, year: Path, tmp_path: Path) -> None:
    friday = sunday() - timedelta(days=2)
    asked = tmp_path / "limits.ndjson"
    lines = [{"start": f"{friday}T10:00+08:00", "limit": limit} for limit in ("1wd", "48h")]
    asked.write_text("\n".join(map(json.dumps, lines)))
    result = run("diff", "-", str(year), "--limits", str(asked), "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    changed = next(day for day in told["days"] if day["date"] == str(sunday()))
    assert [changed[side]["works"] for side in ("before", "after")] == [False, True]
    assert [(each["line"], each["before"][:10], each["after"][:10]) for each in told["moved"]] == [
        (1, str(sunday() + timedelta(days=1)), str(sunday()))
    ]
    assert f"line 1: 1wd from {friday}" in run("diff", str(pack), str(year), "--limits", str(asked)).stdout


def test_equal_calendars_do_not_differ(pack: Path) -> None:
    result = run("diff", "-", str(pack), "--office", OFFICE)
    assert result.exit_code == 0
    assert "0 days differ" in result.stdout


def test_diff_refuses_wrong_operands(year: Path, tmp_path: Path) -> None:
    year.write_text(YEAR.replace("works: true", "works: maybe"), "utf-8")
    refused = run("diff", "-", str(year))
    assert refused.exit_code == 1
    assert f"next.yaml:{LAST}: works must be true or false" in refused.stdout
    asked = tmp_path / "limits.ndjson"
    asked.write_text('{"start": "2026-01-01"}\n')
    assert run("diff", "-", "-", "--limits", str(asked)).exit_code == 2
    asked.write_text("[]\n")
    assert run("diff", "-", "-", "--limits", str(asked)).exit_code == 2
