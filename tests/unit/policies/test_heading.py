"""Where a pack holds: time zone, holidays and language, by the nearest pack that says it."""

from datetime import date
from pathlib import Path

import pytest

from libraries.deadlines.countries import UnknownHolidays, days_by_law
from libraries.deadlines.national import calendar_of
from libraries.policies import PolicyWatch, load_policy
from libraries.policies.heading import default_place
from libraries.policies.load import place_of_pack
from tests.civil_time import CIVIL_TIME
from tests.packs import PACKS, refusals, small_city, write

HEADING = "name: city\nparent: hebei\nzh: 市\nen: city\neffective_from: 2026-01-01\n"


def city(tmp_path: Path, *more: str) -> Path:
    return write(small_city(tmp_path), "pack.yaml", HEADING + "".join(f"{line}\n" for line in more))


def test_the_nearest_pack_that_says_it_counts(tmp_path: Path) -> None:
    pack = city(tmp_path, "time_zone: Asia/Urumqi")
    found = load_policy(pack)
    assert (str(found.calendar.zone), found.calendar.country, found.language) == ("Asia/Urumqi", "CN", "zh")
    assert place_of_pack(pack).zone == found.calendar.zone
    assert {str(calendar.zone) for calendar in found.calendars.values()} <= {"Asia/Urumqi"}


def test_a_pack_of_before_lives_by_the_clocks_that_it_had(tmp_path: Path) -> None:
    pack = city(tmp_path)
    national = tmp_path / "national" / "pack.yaml"
    said = ("time_zone", "holidays", "language")
    lines = national.read_text("utf-8").splitlines()
    national.write_text("\n".join(line for line in lines if not line.startswith(said)), "utf-8")
    found = load_policy(pack)
    assert (found.calendar.zone, found.calendar.country, found.language) == (CIVIL_TIME, "CN", "zh")
    assert found.calendar.version == default_place().calendar.version


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("time_zone: Mars/Olympus", "is the name of a time zone of the tz database, for example Asia/Urumqi"),
        ("time_zone: ../../etc/passwd", "is the name of a time zone of the tz database, for example Asia/Urumqi"),
        ("time_zone: right/Asia/Shanghai", "is the name of a time zone of the tz database, for example Asia/Urumqi"),
        ("time_zone: localtime", "is the name of a time zone of the tz database, for example Asia/Urumqi"),
        ("time_zone: +08:00", "is the name of a time zone of the tz database, for example Asia/Urumqi"),
        ("time_zone: [Asia/Urumqi]", "time_zone must be text"),
        ("holidays: XX", "holidays XX is no country that the package holidays knows"),
        ("holidays: ireland", "is a country of ISO 3166, or a part of one, for example IE or CA-NS"),
        ("holidays: CA-ZZ", "holidays CA-ZZ: the package holidays knows AB, BC"),
        ("holidays: AE", "holidays AE has another weekend than Saturday and Sunday, which cannot be counted yet"),
        ("language: ga", "language ga: pages are there in zh and en"),
        ("timezone: Asia/Urumqi", "unknown key timezone: did you mean time_zone?"),
    ],
)
def test_what_nobody_knows_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    (told,) = refusals(city(tmp_path, line))
    assert told.startswith("city/pack.yaml:6: ")
    assert reason in told


def test_a_wrong_line_of_a_parent_is_found_where_the_child_says_it_anew(tmp_path: Path) -> None:
    pack = city(tmp_path, "time_zone: Asia/Urumqi")
    national = tmp_path / "national" / "pack.yaml"
    national.write_text(national.read_text("utf-8").replace("Asia/Shanghai", "Asia/Nowhere"), "utf-8")
    assert [told for told in refusals(pack) if "Asia/Nowhere" in told]


def test_no_notice_moves_the_holidays_of_another_country(tmp_path: Path) -> None:
    pack = city(tmp_path, "holidays: IE")
    write(pack, "calendar-2027.yaml", "year: 2027\nsource: x\npublished_on: 2026-11-01\ndays: []\n")
    assert [told for told in refusals(pack) if "no notice moves the holidays of IE" in told]


def test_holidays_of_a_part_of_a_country_are_its_own() -> None:
    whole, part = (calendar_of(place, CIVIL_TIME) for place in ("CA", "CA-NS"))
    heritage = date(2026, 2, 16).toordinal()
    assert (whole.works(heritage), part.works(heritage)) == (True, False)
    assert part.version.startswith("ca-ns-")
    assert part.settled_through == date(2099, 12, 31)
    with pytest.raises(UnknownHolidays, match="CN-XZ"):
        days_by_law("CN-XZ")


def test_the_language_of_answers_is_that_of_the_policy_in_force(tmp_path: Path) -> None:
    assert PolicyWatch(PACKS / "carrigmoyle").language == "en"
    assert PolicyWatch(city(tmp_path, "language: en")).language == "en"
    (tmp_path / "city" / "pack.yaml").write_text("name: city\n")
    assert PolicyWatch(tmp_path / "city").language == "zh", "nothing is held, and people are answered all the same"
