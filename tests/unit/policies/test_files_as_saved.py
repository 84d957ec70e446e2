"""Files as people and their spreadsheets save them: what is certain is read, and of the rest it is said why not."""

from datetime import date, time
from pathlib import Path

import pytest

from contracts.codes import ClockKind
from libraries.deadlines import Limit
from libraries.policies import Policy, load_policy
from tests.calendars import published_year
from tests.packs import AREAS, PACKS, refusals, small_city, write

ROUNDED = (
    "a spreadsheet has made a number of the code and its last digits are lost; give the column the format Text,"
    " fill in the code again and save"
)
COLUMNS = "code, name, level, parent, valid_from, valid_until, successor, open_work_to, source"
LIMITS = '- {clock: callback, limit: 2wd, source: 市局通知, confidence: U, close_of_business: "12:00"}\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return small_city(tmp_path)


def callback(policy: Policy) -> tuple[Limit, str, time | None]:
    row = policy.limit(ClockKind.CALLBACK, "petition.request")
    return row.limit, row.source, row.rules.close_of_business


@pytest.mark.parametrize(
    "saved",
    [
        AREAS.encode("utf-8-sig"),
        AREAS.encode("utf-16"),
        AREAS.encode("utf-16-be").join((b"\xfe\xff", b"")),
        AREAS.encode("gb18030"),
        AREAS.replace("\n", "\r\n").encode("utf-8-sig"),
        AREAS.replace("\n", "\r").encode(),
        AREAS.replace(",", ";").encode(),
        AREAS.replace(",", "\t").encode("utf-16"),
        AREAS.replace(",", "，").encode(),
        AREAS.replace("\n", ",,,\n").encode(),
        AREAS.replace("\n", "\n\n,,,\n").encode(),
        f"sep=;\r\n{AREAS.replace(',', ';')}".encode(),
        AREAS.replace("code,name,level,parent", " Code , NAME ,ｌｅｖｅｌ,'parent'").encode(),
        AREAS.replace("130722,县", " １３０７２２ , 县\u3000").encode(),
        AREAS.replace("130722,县", "'130722,\u3000县").encode(),
        AREAS.replace("130722,县", '"=""130722""",县').encode(),
        AREAS.replace("130722,县", '"130722","县"').encode(),
        AREAS.replace("130722,县", "1.30722E+05,县").encode(),
        AREAS.replace("130722,县", "130722.0,县").encode(),
        AREAS.replace("13,河北省,province,\n", "13,河北省,province\n").encode(),
        AREAS.rstrip("\n").encode(),
    ],
)
def test_a_table_is_read_as_it_was_meant(pack: Path, saved: bytes) -> None:
    found = load_policy(write(pack, "areas.csv", saved)).areas
    assert {code: (area.name, area.level.value, area.parent) for code, area in found.items()} == {
        "130000000000": ("河北省", "province", None),
        "130700000000": ("市", "city", "130000000000"),
        "130722000000": ("县", "county", "130700000000"),
        "130722100000": ("镇", "township", "130722000000"),
    }


def test_the_shipped_tables_are_the_same_from_a_chinese_spreadsheet(pack: Path) -> None:
    before = load_policy(pack)
    national = pack.parent / "national"
    text = (national / "categories.csv").read_text("utf-8")
    write(national, "categories.csv", text.replace("\n", "\r\n").encode("gb18030"))
    after = load_policy(pack)
    assert (after.categories, after.limits, after.rules) == (before.categories, before.limits, before.rules)


@pytest.mark.parametrize(
    "saved",
    [
        LIMITS.encode("utf-8-sig"),
        LIMITS.encode("gb18030"),
        LIMITS.encode("utf-16"),
        LIMITS.replace("\n", "\r\n").encode(),
        LIMITS.replace('"12:00"', "12:00").encode(),
        LIMITS.replace("2wd", "２ ｗｄ").encode(),
        LIMITS.replace("市局通知", " 市局通知\u3000").encode(),
        LIMITS.replace("callback", "ｃａｌｌｂａｃｋ").encode(),
    ],
)
def test_yaml_is_read_as_it_was_meant(pack: Path, saved: bytes) -> None:
    assert callback(load_policy(write(pack, "limits.yaml", saved))) == (Limit.parse("2wd"), "市局通知", time(12))


@pytest.mark.parametrize("day", ["2026-01-05", "2026/1/5", "2026-1-5", "2026.01.05", "2026年1月5日", "２０２６/１/５"])
def test_a_day_is_read_as_people_write_it(pack: Path, day: str) -> None:
    rows = f"- {{areas: [130722], date: {day}, works: no, zh: 雪, en: snow, source: 法, article: 9, statutory: 是}}\n"
    policy = load_policy(write(pack, "calendars.yaml", rows))
    assert not policy.calendar_of("education-130722000000").works(date(2026, 1, 5).toordinal())


@pytest.mark.parametrize("yes", ["true", "yes", "TRUE", "Yes", "是", "ｙｅｓ"])
def test_yes_and_no_as_people_write_them(pack: Path, yes: str) -> None:
    rows = f"- {{clock: callback, limit: 2wd, source: x, article: '1', confidence: U, statutory: {yes}}}\n"
    assert load_policy(write(pack, "limits.yaml", rows)).limit(ClockKind.CALLBACK, "petition.request").statutory


def test_codes_in_a_cell_are_divided_by_any_comma(pack: Path) -> None:
    national = pack.parent / "national"
    text = (
        (national / "categories.csv")
        .read_text("utf-8")
        .replace('"social_security,housing"', "social_security、housing")
    )
    assert "、housing" in text
    policy = load_policy(write(national, "categories.csv", text).parent / "city")
    assert policy.categories["civil_affairs.information_check"].co_roles == ("social_security", "housing")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "130722,县",
            "1.307E+11,县",
            f"4: code 1.307E+11: {ROUNDED}",
        ),
        ("130722,县", "130722，县", "4: has 3 cells of 4: ， stands where , separates two cells"),
        ("130722,县,", "130722,县,x,y,", "4: has 6 cells, and the heading 4: quote a cell that holds ','"),
        (
            "130722,县",
            '130722,"县',
            "4: cannot be read as a table: unexpected end of data; look at the quotation marks",
        ),
        ("130722,县", '130722,"县\n区"', "4: name holds a line break: look at the quotation marks"),
        ("130722,县", "130722\u200b,县", "4: holds a character that nobody sees: U+200B zero width space; take it out"),
        (
            "130722,县",
            "130722,县\u202e",
            "4: holds a character that nobody sees: U+202E right-to-left override; take it out",
        ),
        ("130722,县", "130722,县\x00", "4: holds a character that nobody sees: U+0000 control character; take it out"),
        ("130722,县", "13O722,县", "4: code 13O722: must have 2, 4, 6, 9 or 12 digits"),
        ("130722,县", "13,07,22,县", "4: has 6 cells, and the heading 4: quote a cell that holds ','"),
        ("130722,县", "130722," + "县" * 5000, "4: name is longer than 4000 signs"),
        ("level,parent", "levle,parent", "1: the heading lacks level"),
        ("level,parent", "level,parent,parent", "1: column parent stands here twice"),
        ("level,parent", "level,parent,colour", f"1: unknown column colour: known are {COLUMNS}"),
        (AREAS, "", f"1: is empty: it begins with a line that names its columns, {COLUMNS}"),
        (AREAS, "no table at all\n", "1: the heading lacks code, name, level, parent"),
    ],
)
def test_what_is_not_certain_is_said_with_its_line(pack: Path, old: str, new: str, told: str) -> None:
    assert f"city/areas.csv:{told}" in refusals(write(pack, "areas.csv", AREAS.replace(old, new)))


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        (
            AREAS.encode().replace("县".encode(), "县".encode()[:2]),
            "4: cannot be read: it is UTF-8 but for byte 0xe5 here",
        ),
        (
            AREAS.replace("县", "縣").replace("镇", "鎮").encode("big5"),
            "2: cannot be read: byte 0xaa is not UTF-8, and as GB18030 it makes no sense",
        ),
        (AREAS.encode().replace("县".encode(), b"\xff"), "4: cannot be read: it is UTF-8 but for byte 0xff here"),
        (b"code,name\n13,\xe9t\xe9\n", "2: cannot be read: byte 0xe9 is not UTF-8, and as GB18030 it makes no sense"),
        (b"code,name\n13,\xff\n", "2: cannot be read: byte 0xff is not UTF-8, and as GB18030 it makes no sense"),
        ("code,name\n13,通知\n".encode("gb18030"), "2: cannot be read for certain: it may be UTF-8 or GB18030"),
        (b"\xff\xfea", "1: cannot be read as utf-16-le, which its first bytes say it is"),
    ],
)
def test_bytes_that_are_no_text_are_not_guessed_at(pack: Path, saved: bytes, told: str) -> None:
    (fault,) = refusals(write(pack, "areas.csv", saved))
    assert fault.startswith(f"city/areas.csv:{told}; "), fault
    assert fault.endswith("save the file as UTF-8 (in Excel: CSV UTF-8)")


@pytest.mark.parametrize("day", ["1/5/2026", "5-Jan-26", "2026-02-30", "46027", "soon"])
def test_a_day_that_can_be_two_is_none(pack: Path, day: str) -> None:
    rows = f"- {{areas: ['130722'], date: {day}, works: no, zh: 雪, en: snow, source: x}}\n"
    (fault,) = refusals(write(pack, "calendars.yaml", rows))
    assert fault.startswith("city/calendars.yaml:1: date must be a date, for example 2026-10-01"), fault


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_year_is_read_as_it_was_saved(pack: Path, encoding: str) -> None:
    year = load_policy(pack).calendar.published_through.year + 1
    text = published_year(year).replace("\n", "\r\n").replace(f"{year}-05-01", f"{year}/5/1")
    calendar = load_policy(write(pack, f"calendar-{year}.yaml", text.encode(encoding))).calendar
    assert calendar.published_through.year == year
    assert calendar.notice(year).source == "国务院办公厅通知"


def test_what_is_shipped_needs_no_guess() -> None:
    for path in PACKS.glob("*/*.*"):
        assert (
            path.read_bytes().decode("utf-8").isprintable() is False
        )  # it has line breaks, and is UTF-8 without a mark
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
