"""Years that a pack publishes and days on which a place differs; what is wrong with them is named with its line."""

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from libraries.deadlines import statutory_calendar
from libraries.deadlines.calendar import is_weekday
from libraries.deadlines.china import holidays_by_law
from libraries.policies import Policy, PolicyRefused, load_policy
from tests.calendars import published_year
from tests.civil_time import CIVIL_TIME

PACKS = Path(__file__).parents[3] / "deploy" / "policies"
NEXT = statutory_calendar(CIVIL_TIME).published_through.year + 1
HEADING, FREE = published_year(NEXT).partition("days:\n")[::2]
HEADING += "days:\n"
LAST = 1 + HEADING.count("\n") + FREE.count("\n")
LAW = "source: 突发事件应对法 (示例), article: '9', statutory: true"
"""A day off that makes other people's time longer cites one."""
ZHANGBEI = "education-130722000000"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A small city with one county, two roles and nothing else."""
    for name in ("national", "hebei"):
        shutil.copytree(PACKS / name, tmp_path / name)
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "pack.yaml").write_text("name: city\nparent: hebei\nzh: 市\nen: city\neffective_from: 2026-01-01\n")
    (folder / "areas.csv").write_text("code,name,level,parent\n1307,市,city,\n130722,县,county,1307\n")
    with (PACKS / "national" / "categories.csv").open(encoding="utf-8") as file:
        roles = {
            role for row in csv.DictReader(file) for role in (row["lead_role"], *row["co_roles"].split(",")) if role
        }
    rows = "".join(
        f"- {{role: {role}, levels: [city, county], zh: '{{area}}', en: '{{area}}'}}\n" for role in sorted(roles)
    )
    (folder / "offices.yaml").write_text(rows)
    return folder


def writes(pack: Path, text: str, name: str = "calendars.yaml") -> Path:
    (pack / name).write_text(text, "utf-8")
    return pack


def refusals(pack: Path) -> list[str]:
    with pytest.raises(PolicyRefused) as caught:
        load_policy(pack)
    return [str(fault) for fault in caught.value.faults]


def works(policy: Policy, office: str, day: str) -> bool:
    return policy.calendar_of(office).works(date.fromisoformat(day).toordinal())


def test_without_a_word_of_its_own_every_office_has_the_calendar_of_all(pack: Path) -> None:
    policy = load_policy(pack)
    assert policy.calendars == {}
    assert policy.calendar_of(ZHANGBEI) is policy.calendar_of("no-such-office") is policy.calendar
    assert policy.calendar.version == statutory_calendar(CIVIL_TIME).version


def test_a_county_closed_by_snow(pack: Path) -> None:
    row = f"- {{areas: ['130722'], date: 2026-01-05, works: false, zh: 雪, en: snow, {LAW}}}\n"
    policy = load_policy(writes(pack, row))
    assert not works(policy, ZHANGBEI, "2026-01-05")
    assert works(policy, "education-130700000000", "2026-01-05")
    assert policy.calendar_of(ZHANGBEI) is policy.calendar_of("petition-130722000000")
    assert policy.calendar_of(ZHANGBEI).version != policy.calendar.version


def test_a_schools_summer_leaves_weekends_as_they_are(pack: Path) -> None:
    row = "- {roles: [education], from: 2026-07-11, to: 2026-08-31, works: false, zh: 暑假, en: summer, source: x}\n"
    policy = load_policy(writes(pack, row))
    local = policy.calendar_of(ZHANGBEI)
    assert len(local.differing_days(policy.calendar)) == 36
    assert local.day(date(2026, 7, 18).toordinal()).reason == "weekend"
    assert works(policy, "petition-130722000000", "2026-07-13")


def test_one_office_works_on_a_saturday(pack: Path) -> None:
    row = f"- {{offices: [{ZHANGBEI}], date: 2026-03-07, works: true, zh: 值班, en: on duty, source: x}}\n"
    policy = load_policy(writes(pack, row))
    assert works(policy, ZHANGBEI, "2026-03-07")
    assert not works(policy, "education-130700000000", "2026-03-07")


def test_areas_and_roles_must_both_fit(pack: Path) -> None:
    row = "- {areas: ['130722'], roles: [education], date: 2026-01-05, works: false, zh: 雪, en: snow, source: x}\n"
    assert set(load_policy(writes(pack, row)).calendars) == {ZHANGBEI}


def test_without_a_scope_it_holds_for_all(pack: Path) -> None:
    everywhere = f"- {{date: 2026-01-05, works: false, zh: 雪, en: snow, {LAW}}}\n"
    local = f"- {{areas: ['130722'], date: 2026-01-06, works: false, zh: 雪, en: snow, {LAW}}}\n"
    policy = load_policy(writes(pack, everywhere + local))
    assert not policy.calendar.works(date(2026, 1, 5).toordinal())
    assert [works(policy, ZHANGBEI, day) for day in ("2026-01-05", "2026-01-06")] == [False, False]
    assert works(policy, "education-130700000000", "2026-01-06")


def test_the_more_local_pack_and_the_upper_row_stand(pack: Path) -> None:
    ours = "- {areas: ['130722'], date: 2026-03-07, works: true, zh: 近, en: near, source: x}\n"
    other = "- {roles: [education], date: 2026-03-07, works: true, zh: 远, en: far, source: x}\n"
    above = "- {date: 2026-03-07, works: true, zh: 上, en: above, source: x}\n"
    writes(pack.parent / "national", above)
    policy = load_policy(writes(pack, ours + other))
    said = policy.calendar_of(ZHANGBEI).day(date(2026, 3, 7).toordinal())
    assert said.en == "near"
    assert policy.calendar_of("petition-130700000000").day(date(2026, 3, 7).toordinal()).en == "above"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{areas: ['99'], date: 2026-01-05, works: false, zh: x, en: x, source: x}", "unknown area 99"),
        ("{roles: [siesta], date: 2026-01-05, works: false, zh: x, en: x, source: x}", "unknown role siesta"),
        ("{offices: [nobody], date: 2026-01-05, works: false, zh: x, en: x, source: x}", "unknown office nobody"),
        (
            "{rolls: [x], date: 2026-01-05, works: false, zh: x, en: x, source: x}",
            "unknown key rolls: did you mean roles?",
        ),
        ("{date: 2026-01-05, works: false, zh: x, en: x}", "source is missing"),
        ("{date: 2026-01-05, zh: x, en: x, source: x}", "works is missing"),
        ("{date: 2026-01-05, works: perhaps, zh: x, en: x, source: x}", "works must be true or false"),
        ("{date: soon, works: false, zh: x, en: x, source: x}", "date must be a date, for example 2026-10-01"),
        (
            "{date: 2026-02-30, works: false, zh: x, en: x, source: x}",
            "date must be a date, for example 2026-10-01; this one is in no calendar",
        ),
        ("{works: false, zh: x, en: x, source: x}", "from is missing"),
        ("{from: 2026-01-05, works: false, zh: x, en: x, source: x}", "to is missing"),
        ("{from: 2026-01-05, to: 2026-01-02, works: false, zh: x, en: x, source: x}", "to lies before from"),
        ("{from: 2026-01-05, to: 2028-01-02, works: false, zh: x, en: x, source: x}", "covers more than 366 days"),
        ("{from: 2026-01-05, date: 2026-01-05, works: false, zh: x, en: x, source: x}", "from does not go with date"),
        ("{date: 1999-01-05, works: false, zh: x, en: x, source: x}", "the calendar covers 2007 to 2099"),
        ("{date: 2026-01-05, works: true, zh: x, en: x, source: x}", "2026-01-05 works anyway"),
        ("{date: 2026-10-01, works: false, zh: x, en: x, source: x}", "2026-10-01 does not work anyway"),
    ],
)
def test_a_wrong_override_is_refused_on_its_line(pack: Path, row: str, reason: str) -> None:
    assert f"city/calendars.yaml:2: {reason}" in refusals(writes(pack, f"# days\n- {row}\n"))


def test_a_day_twice_for_the_same_offices_is_refused(pack: Path) -> None:
    row = "- {roles: [education], date: 2026-01-05, works: false, zh: x, en: x, source: x}\n"
    assert refusals(writes(pack, row * 2)) == [
        "city/calendars.yaml:2: 2026-01-05 stands here twice for the same offices"
    ]


def test_a_published_year(pack: Path) -> None:
    eve = f"  - {{date: {NEXT - 1}-12-31, works: false, zh: 元旦, en: New Year}}\n"
    policy = load_policy(writes(pack, HEADING + FREE + eve, f"calendar-{NEXT}.yaml"))
    assert policy.calendar.published_through == date(NEXT, 12, 31)
    assert policy.calendar.notice(NEXT).source == "国务院办公厅通知"
    assert policy.calendar.notice(NEXT).published_on == date(NEXT - 1, 1, 4)
    assert not policy.calendar.works(date(NEXT - 1, 12, 31).toordinal())


def test_of_two_files_the_more_local_one_stands(pack: Path) -> None:
    name = f"calendar-{NEXT}.yaml"
    writes(pack.parent / "national", HEADING + FREE, name)
    policy = load_policy(writes(pack, HEADING.replace("国务院办公厅通知", "ours") + FREE, name))
    assert policy.calendar.notice(NEXT).source == "ours"


def extra(text: str) -> str:
    """A whole year with one more row, which stands on the last line."""
    return f"{HEADING}{FREE}  - {{{text}}}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADING.replace(f"year: {NEXT}", "year: 1"), f"1: year must be {NEXT}, as the name of the file has it"),
        (HEADING.replace("source: 国务院办公厅通知\n", ""), "1: source is missing"),
        (HEADING.replace(f"on: {NEXT - 1}-01-04", "on: late"), "3: published_on must be a date"),
        (HEADING.replace(f"{NEXT - 1}-01-04", "2001-11-10"), f"3: published_on must lie in {NEXT - 1} or {NEXT}"),
        ("note: x\n" + HEADING, "1: unknown key note"),
        ("- a list\n", "1: must be a mapping of names to values"),
        ("{", "1: not valid YAML"),
        (HEADING.replace("days:\n", "days: none\n"), "4: days must be a list"),
        (HEADING + FREE + "  - text\n", f"{LAST}: must be a mapping of names to values"),
        (HEADING + FREE + FREE, f"{LAST}: {NEXT}-01-01 stands here twice"),
        (HEADING, f"1: {NEXT}-10-01 is a holiday by law (国庆节 / National Day) and missing"),
        (
            extra(f"date: {NEXT}-02-30, works: false, zh: x, en: x"),
            f"{LAST}: date must be a date, for example 2026-10-01; this one is in no calendar",
        ),
        (
            extra(f"date: {NEXT - 1}-11-30, works: false, zh: x, en: x"),
            f"{LAST}: {NEXT - 1}-11-30 does not lie in {NEXT}",
        ),
        (
            extra(f"date: {NEXT + 1}-01-01, works: false, zh: x, en: x"),
            f"{LAST}: {NEXT + 1}-01-01 does not lie in {NEXT}",
        ),
        (extra(f"date: {NEXT}-03-10, works: true, zh: x, en: x"), f"{LAST}: {NEXT}-03-10 is no weekend"),
        (extra(f"date: {NEXT}-03-10, works: false, zh: x"), f"{LAST}: en is missing"),
        (extra(f"date: {NEXT}-03-10, zh: x, en: x"), f"{LAST}: works is missing"),
        (extra(f"date: {NEXT}-03-14, works: false, zh: x, en: x, of: y"), f"{LAST}: unknown key of"),
    ],
)
def test_a_wrong_year_is_refused_on_its_line(pack: Path, text: str, reason: str) -> None:
    told = refusals(writes(pack, text, f"calendar-{NEXT}.yaml"))
    assert any(fault.startswith(f"city/calendar-{NEXT}.yaml:{reason}") for fault in told), told


@pytest.mark.parametrize("festival", ["元旦", "农历除夕", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"])
def test_a_year_has_every_holiday_by_law(pack: Path, festival: str) -> None:
    """One after the other, until a year in which it falls on a weekday has come and one in which it does not."""
    days: dict[bool, date] = {}
    year = NEXT - 1
    while len(days) < 2 or min(days.values()).year == year:
        year += 1
        days |= {is_weekday(day.toordinal()): day for day, (zh, _) in holidays_by_law(year).items() if festival == zh}
        writes(pack, published_year(year), f"calendar-{year}.yaml")
    assert load_policy(pack).calendar.published_through.year == year
    for weekday, day in days.items():
        rows = published_year(day.year).splitlines(keepends=True)
        row = next(number for number, text in enumerate(rows) if f"date: {day}" in text)
        text = "".join(rows).replace(f"{day}, works: false", f"{day}, works: true")
        why = f"{day} is a holiday by law ({festival} / {holidays_by_law(day.year)[day][1]})"
        refused = f"{day} is no weekend" if weekday else f"{why} and cannot be worked"
        name = f"calendar-{day.year}.yaml"
        assert f"city/{name}:{row + 1}: {refused}" in "\n".join(refusals(writes(pack, text, name)))
        writes(pack, "".join(rows[:row] + rows[row + 1 :]), name)
        if weekday:
            assert refusals(pack) == [f"city/{name}:1: {why} and missing"]
        else:
            assert not load_policy(pack).calendar.works(day.toordinal())
        writes(pack, "".join(rows), name)


def test_a_past_year_is_held_to_the_law_of_its_time(pack: Path) -> None:
    years = {year: " ".join(f"{day:%m-%d}" for day in holidays_by_law(year)) for year in (2007, 2012, 2024, 2025)}
    assert years[2007] == "01-01 02-18 02-19 02-20 05-01 05-02 05-03 10-01 10-02 10-03"
    assert years[2012] == "01-01 01-22 01-23 01-24 04-04 05-01 06-23 09-30 10-01 10-02 10-03"
    assert years[2024] == "01-01 02-10 02-11 02-12 04-04 05-01 06-10 09-17 10-01 10-02 10-03"
    assert years[2025] == "01-01 01-28 01-29 01-30 01-31 04-04 05-01 05-02 05-31 10-01 10-02 10-03 10-06"
    text = published_year(2024)
    assert load_policy(writes(pack, text, "calendar-2024.yaml")).calendar.notice(2024).published_on == date(2023, 1, 4)
    text = "".join(line for line in text.splitlines(keepends=True) if "2024-09-17" not in line)
    assert refusals(writes(pack, text, "calendar-2024.yaml")) == [
        "city/calendar-2024.yaml:1: 2024-09-17 is a holiday by law (中秋节 / Mid-Autumn Festival) and missing"
    ]


def test_no_year_is_left_out(pack: Path) -> None:
    told = refusals(writes(pack, published_year(NEXT + 1), f"calendar-{NEXT + 1}.yaml"))
    assert told == [f"city/calendar-{NEXT + 1}.yaml:1: the year {NEXT} is not published, and no year is left out"]


@pytest.mark.parametrize(
    "name",
    ["calendar-next.yaml", "calendar-1999.yaml", "calendar-2100.yaml", "calendar-2027.yml", "calendar-2027-1.yaml"],
)
def test_a_wrongly_named_file_is_not_overlooked(pack: Path, name: str) -> None:
    assert refusals(writes(pack, "x: y\n", name)) == [
        (
            f"city/{name}:1: must be named calendar-YYYY.yaml, or calendar-YYYY-N.yaml for the N-th notice of a year,"
            " with a year from 2007 to 2099"
        )
    ]
