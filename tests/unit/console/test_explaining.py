"""`yimen policy explain`: the pack's answer for a matter, as routing would give it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.console.test_commands import PACKS, run

MONDAY = ("--start", "2026-03-02T09:00+08:00")
PETITION = ("--category", "petition.request", "--area", "130722")


def explained(*arguments: str) -> Any:
    result = run("policy", "explain", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_petition_has_its_rule_its_offices_and_its_statutory_dates() -> None:
    found = explained(*PETITION, *MONDAY)
    assert (found["rule"], found["where"]) == ("petition-copied-to-government", "zhangjiakou/rules.yaml:2")
    assert found["lead"] == {"code": "petition-130722000000", "zh": "张北县信访局", "en": "Petition Bureau, 张北县"}
    assert [office["code"] for office in found["copies"]] == ["government_office-130722000000"]
    clocks = {clock["kind"]: clock for clock in found["clocks"]}
    running = [kind for kind, clock in clocks.items() if clock.get("due_at")]
    assert running == ["acceptance", "signing", "petition_objection", "handling"]
    assert set(clocks) - set(running) == {
        "supplement_notice",
        "supplement",
        "hold_review",
        "dispatch",
        "co_handling",
        "check",
        "unmatched",
        "return_decision",
        "extension_decision",
        "rework",
        "callback",
        "review_request",
        "retention",
    }
    handling = clocks["handling"]
    assert (handling["limit"], handling["extension"], handling["approver"]) == ("60d", "30d", "unit_head")
    assert handling["due_at"] == "2026-05-06T23:59:59.999999+08:00", "1 May to 5 May are a holiday"
    basis = handling["basis"]
    assert (basis["source"], basis["article"], basis["statutory"]) == ("信访工作条例", "34", True)
    assert handling["days"][0]["reason"] == "开始当日不计 / start day, not counted"
    assert sum(day["counts"] for day in handling["days"]) >= 60
    assert clocks["callback"].get("due_at") is None, "nobody knows yet when it starts"


def test_co_handlers_have_the_leads_time_and_copies_have_none() -> None:
    found = explained("--category", "education.student_aid", "--area", "130722100000", *MONDAY)
    assert found["where"].startswith("national/categories.csv:")
    by_kind = {(clock["kind"], clock.get("office")): clock["limit"] for clock in found["clocks"]}
    assert by_kind["handling", "education-130722000000"] == by_kind["co_handling", "civil_affairs-130722000000"]


def test_both_languages_stand_side_by_side() -> None:
    explained = run("policy", "explain", str(PACKS / "zhangjiakou"), *PETITION, *MONDAY, "--no-days").stdout
    assert "主办 lead: 张北县信访局 / Petition Bureau, 张北县 (petition-130722000000)" in explained
    assert "依据 basis: 信访工作条例 34; 法定 / statutory; A 已核对法条原文 / Statute text read" in explained
    assert "到期 due: 2026-05-06 23:59 +0800" in explained
    assert "2026-03-03" not in explained.replace("due: 2026-03-03", "")


def test_a_rule_that_asks_for_an_attribute_gets_it(tmp_path: Path) -> None:
    for name in ("national", "hebei", "zhangjiakou"):
        (tmp_path / name).symlink_to(PACKS / name)
    pack = tmp_path / "county"
    pack.mkdir()
    (pack / "pack.yaml").write_text("name: county\nparent: zhangjiakou\neffective_from: 2026-01-01\n")
    rule = "- {id: urgent, categories: [petition.request], attributes: {urgent: true}, lead: government_office}\n"
    (pack / "rules.yaml").write_text(rule)
    asked = "- {category: petition.request, name: urgent, values: [true, false], zh: 紧急, en: Urgent}\n"
    (pack / "attributes.yaml").write_text(asked)
    assert explained(str(pack), *PETITION, *MONDAY, "--attribute", "urgent=true")["rule"] == "urgent"
    other = explained(str(pack), *PETITION, *MONDAY, "--attribute", "urgent=no")
    assert other["trace"][0]["outcome"] == "attribute urgent is not True"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--category", "petition.none", "--area", "130722"), "petition.request"),
        (("--category", "petition.request", "--area", "999999"), "areas.csv"),
        ((*PETITION, "--start", "2026-03-02T09:00"), "with offset"),
        ((*PETITION, "--start", "9999-12-31T09:00+08:00"), "with offset"),
        ((*PETITION, "--attribute", "urgent"), "NAME=VALUE"),
        ((str(PACKS / "national"), *PETITION), "no offices"),
        ((), "--category"),
    ],
)
def test_wrong_use_names_what_would_be_right(arguments: tuple[str, ...], hint: str) -> None:
    result = run("policy", "explain", *arguments)
    assert (result.exit_code, hint in result.stderr) == (2, True), result.stderr
