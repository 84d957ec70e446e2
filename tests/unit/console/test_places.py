"""What `yimen doctor` finds of places: open work that nobody of today has, and matters that nobody would get."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.places import gone, without_owner
from libraries.policies import load_policy
from tests.unit.policies.changing import DAY, OFFICES, policy_on, write_pack

MOVED, NOWHERE = "start the services: they hand it on", "give {} a row for it, with a successor"


@pytest.mark.parametrize(
    ("what", "code", "detail", "do"),
    [
        ("office", "education-130721000000", "1 open, which education-130705000000 has to have", MOVED),
        ("area", "130721100000", "1 open, which 130705101000 has to have", MOVED),
        ("office", "siesta-130722000000", "1 open, and nobody has it", NOWHERE.format("offices.yaml")),
        ("area", "220000000000", "1 open, and nobody has it", NOWHERE.format("areas.csv")),
    ],
)
def test_open_work_of_a_place_that_is_no_more(tmp_path: Path, what: str, code: str, detail: str, do: str) -> None:
    there = {(what, code): 1, ("office", "education-130705000000"): 3, ("area", "130705101000"): 2}
    assert list(gone(there, policy_on(tmp_path, DAY))) == [(f"{what} {code}: {detail}", do)]


def test_open_work_of_an_office_from_which_its_area_has_moved_away(tmp_path: Path) -> None:
    old, new = "education-130722000000", "education-130705000000"
    there = {("office in the area", f"{old}/130722200000"): 3, ("office in the area", f"{old}/130722201000"): 5}
    told = f"office in the area {old}/130722200000: 3 open"
    assert list(gone(there, policy_on(tmp_path, DAY))) == [(f"{told}, which {new} has to have", MOVED)]
    offices = OFFICES.replace(
        "role: education, levels: [city, county]", "role: education, levels: [county], areas: ['130722']"
    )
    alone = load_policy(write_pack(tmp_path, offices=offices), DAY)
    do = "give offices.yaml a row for its role up the tree"
    assert list(gone(there, alone)) == [(f"{told}, and nobody has it since the area moved", do)]


def test_a_matter_that_no_office_would_get(tmp_path: Path) -> None:
    at = datetime(2026, 4, 2, tzinfo=UTC)
    assert list(without_owner(policy_on(tmp_path, DAY), at)) == []
    offices = OFFICES.replace(
        "role: veterans, levels: [city, county]", "role: veterans, levels: [county], areas: ['130705']"
    )
    fewer = load_policy(write_pack(tmp_path, offices=offices), DAY)
    assert list(without_owner(fewer, at)) == ["civil_affairs.veterans_support has no office in 4 areas"]
