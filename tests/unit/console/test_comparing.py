"""`yimen policy diff`: what a change of a pack would do, before it does it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.console.test_commands import PACKS, run

TOWNSHIPS = 246
CALENDAR = "- {offices: [education-130722000000], date: 2026-03-07, works: true, zh: 值班, en: on duty, source: x}\n"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the demo city's packs that a test may edit."""
    for name in ("national", "hebei", "zhangjiakou"):
        shutil.copytree(PACKS / name, tmp_path / name)
    return tmp_path / "zhangjiakou"


def edit(file: Path, old: str, new: str) -> None:
    content = file.read_text("utf-8")
    assert old in content
    file.write_text(content.replace(old, new), "utf-8")


def differs(now: Path) -> Any:
    result = run("policy", "diff", str(PACKS / "zhangjiakou"), str(now), "--json")
    assert result.exit_code == 1
    return json.loads(result.stdout)


def test_a_pack_does_not_differ_from_itself(changed: Path) -> None:
    result = run("policy", "diff", str(PACKS / "zhangjiakou"), str(changed), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["rows"], told["other_leads"]) == (0, [], [])
    assert told["was"] == told["now"]


def test_a_rule_that_changes_names_everybody_who_gets_another_lead(changed: Path) -> None:
    mine = "categories: [civil_affairs.emergency_aid], lead: "
    edit(changed / "rules.yaml", f"{mine}township, co_handlers: [civil_affairs]", f"{mine}civil_affairs")
    told = differs(changed)
    (row,) = told["rows"]
    assert (row["part"], row["id"]) == ("rules", "emergency-aid")
    assert row["was"].startswith("civil_affairs.emergency_aid: township; with civil_affairs")
    assert {lead["category"] for lead in told["other_leads"]} == {"civil_affairs.emergency_aid"}
    assert {lead["was"].partition("-")[0] for lead in told["other_leads"]} == {"township"}
    assert len(told["other_leads"]) == TOWNSHIPS


def test_a_rule_that_asks_an_attribute_changes_the_lead_of_matters_that_have_it(changed: Path) -> None:
    edit(
        changed / "rules.yaml",
        "attributes: {urgent: true}, lead: township",
        "attributes: {urgent: true}, lead: housing",
    )
    told = differs(changed)
    assert len(told["other_leads"]) == TOWNSHIPS
    assert {lead["category"] for lead in told["other_leads"]} == {"civil_affairs.temporary_aid"}
    assert {lead["attributes"]["urgent"] for lead in told["other_leads"]} == {True}
    assert {lead["now"].partition("-")[0] for lead in told["other_leads"]} == {"housing"}
    text = run("policy", "diff", str(PACKS / "zhangjiakou"), str(changed)).stdout
    assert "civil_affairs.temporary_aid: 246 townships, for example" in text
    assert ", urgent = True: township-" in text


def test_a_rule_that_begins_later_changes_leads_from_that_day_on(changed: Path) -> None:
    mine = "categories: [petition.request], lead: petition"
    edit(changed / "rules.yaml", mine, f"{mine}, until: 2026-03-31")
    begun = "- {id: new, categories: [petition.request], lead: government_office, since: 2026-04-01}\n"
    (changed / "rules.yaml").write_text(begun + (changed / "rules.yaml").read_text("utf-8"), "utf-8")
    folders = (str(PACKS / "zhangjiakou"), str(changed))
    before, after = (
        json.loads(run("policy", "diff", *folders, "--start", f"{day}T10:00+08:00", "--json").stdout)
        for day in ("2026-03-31", "2026-04-01")
    )
    rows = {row["id"]: row["now"] for row in before["rows"]}
    assert rows["new"].startswith("petition.request, from 2026-04-01: government_office")
    assert rows["petition-copied-to-government"].startswith("petition.request, until 2026-03-31: petition")
    assert (len(before["other_leads"]), len(after["other_leads"])) == (0, TOWNSHIPS)


def test_how_late_a_pause_may_be_reported_is_compared(changed: Path) -> None:
    edit(changed.parent / "national" / "pack.yaml", "within: 3wd", "within: 1wd")
    assert [(row["part"], row["was"], row["now"]) for row in differs(changed)["rows"]] == [
        ("late_reports", "3wd; product default; not statutory; U", "1wd; product default; not statutory; U")
    ]


def test_how_long_a_case_may_be_opened_again_is_compared(changed: Path) -> None:
    edit(changed.parent / "national" / "pack.yaml", "after_callback: 3wd", "after_callback: 5wd")
    (row,) = differs(changed)["rows"]
    assert (row["part"], row["now"]) == (
        "reopening",
        "15wd, or 5wd after a first call-back; product default; not statutory; U",
    )


def test_limits_offices_and_reasons_are_compared_row_by_row(changed: Path) -> None:
    national = changed.parent / "national"
    edit(national / "limits.yaml", "clock: callback, limit: 3wd", "clock: callback, limit: 2wd")
    told = differs(changed)
    assert [(row["part"], row["id"]) for row in told["rows"]] == [("limits", "callback")]
    assert told["rows"][0]["was"].startswith("3wd; product default")
    assert told["rows"][0]["now"].startswith("2wd; product default")
    assert told["other_leads"] == []


def test_packs_without_offices_have_no_leads_to_compare() -> None:
    result = run("policy", "diff", str(PACKS / "national"), str(PACKS / "zhangjiakou"))
    assert result.exit_code == 1
    assert "+ rules emergency-aid: " in result.stdout
    assert result.stdout.endswith("0 pairs of township and matter, 0 get another lead\n")


def test_an_office_that_works_on_other_days_is_named(changed: Path) -> None:
    (changed / "calendars.yaml").write_text(CALENDAR, "utf-8")
    told = differs(changed)
    assert {row["part"] for row in told["rows"]} == {"calendars"}
    assert {row["id"] for row in told["rows"]} == {"education-130722000000"}
