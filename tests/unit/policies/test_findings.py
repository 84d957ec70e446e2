"""Each thing that has no effect, or leaves something without one, is planted once and found with its place."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.main import main
from libraries.policies import load_policy
from libraries.policies.findings import findings
from tests.packs import PACKS, SHIPPED, small_city, write

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
CLOCK = "source: x, statutory: false, confidence: B"
AID = "education.student_aid"
SHADOW = f"- {{id: a, categories: [{AID}], lead: petition}}\n- {{id: b, categories: [{AID}], lead: health}}\n"


def found(pack: Path) -> list[str]:
    return [f"{fault} -> {fault.do}" for fault in findings(load_policy(pack), NOON)]


@pytest.mark.parametrize("pack", SHIPPED)
def test_the_shipped_packs_have_none(pack: str) -> None:
    assert found(PACKS / pack) == []


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("rules.yaml", SHADOW, "city/rules.yaml:2: rule b can never match: a (city/rules.yaml:1)"),
        (
            "rules.yaml",
            f"- {{id: a, field: education, lead: petition}}\n- {{id: b, categories: [{AID}], lead: health}}\n",
            "city/rules.yaml:2: rule b can never match: a (city/rules.yaml:1)",
        ),
        (
            "rules.yaml",
            f"- {{id: a, categories: [{AID}], since: 2026-02-01, until: 2026-01-01, lead: petition}}\n",
            "city/rules.yaml:1: rule a can never match: until 2026-01-01 lies before since 2026-02-01",
        ),
        (
            "rules.yaml",
            f"- {{id: a, categories: [{AID}], field: health, lead: petition}}\n",
            "city/rules.yaml:1: rule a can never match: none of its categories is of the field health",
        ),
        (
            "rules.yaml",
            "- {id: a, area: '130722', levels: [city], lead: petition}\n",
            "city/rules.yaml:1: rule a can never match: no area of the level city lies in 130722",
        ),
        (
            "limits.yaml",
            f"- {{clock: rework, field: petition, limit: 3wd, {CLOCK}}}\n- {{clock: signing, limit: 1wd, {CLOCK}}}\n",
            "",
        ),
        (
            "reasons.yaml",
            "- {code: odd, for: [], zh: 无, en: None}\n",
            "city/reasons.yaml:1: reason odd is for nothing: nobody may use it",
        ),
        (
            "reasons.yaml",
            "- {code: odd, for: [return], zh: 无, en: None, stops: [rework], source: x}\n",
            "city/reasons.yaml:1: reason odd stops clocks, but nobody may put anything on hold for it",
        ),
        (
            "limits.yaml",
            f"- {{clock: handling, category: {AID}, limit: 5wd, extension: 2wd, approver: mayor, {CLOCK}}}\n",
            "city/limits.yaml:1: approver mayor has no name in Chinese and English",
        ),
    ],
)
def test_what_has_no_effect_is_found(tmp_path: Path, file: str, content: str, expected: str) -> None:
    told = found(write(small_city(tmp_path), file, content))
    assert len(told) == (1 if expected else 0), told
    assert not expected or told[0].startswith(expected)
    assert not expected or told[0].rpartition("-> ")[2]


def test_a_limit_of_a_clock_that_nothing_starts_never_counts(tmp_path: Path) -> None:
    pack = write(small_city(tmp_path), "clocks.yaml", f"- {{clock: signing, starts: [], {CLOCK}}}\n")
    assert found(pack) == [], "a clock may be left out"
    write(pack, "limits.yaml", f"- {{clock: signing, limit: 2h, {CLOCK}}}\n")
    (told,) = found(pack)
    assert told.startswith("city/limits.yaml:1: limit signing never counts: nothing starts the clock signing")


def test_co_handlers_without_a_limit_are_found(tmp_path: Path) -> None:
    told = found(
        write(
            small_city(tmp_path), "clocks.yaml", f"- {{clock: co_handling, categories: [{AID}], starts: [], {CLOCK}}}\n"
        )
    )
    assert [one for one in told if f"co-handlers of {AID} have no limit: no clock of their work starts" in one] == told
    assert len(told) == 1


def test_clocks_in_each_others_place_are_found(tmp_path: Path) -> None:
    local = (
        f"- {{clock: return_window, categories: [{AID}], instead_of: signing, starts: [referral.dispatched],"
        f" meets: [referral.accepted], {CLOCK}}}\n"
        f"- {{clock: signing, categories: [{AID}], instead_of: return_window, starts: [referral.dispatched],"
        f" meets: [referral.signed], {CLOCK}}}\n"
    )
    told = found(write(small_city(tmp_path), "clocks.yaml", local))
    assert [one for one in told if "stand in each other's place: none of them runs" in one]


def test_areas_without_an_owner_and_roles_that_get_nothing_are_found(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    offices = (pack / "offices.yaml").read_text().splitlines()
    moved = [line.replace("[city, county]", "[county]") if "role: petition" in line else line for line in offices]
    write(pack, "offices.yaml", "\n".join([*moved, "- {role: museum, levels: [city], zh: 馆, en: Museum}"]) + "\n")
    elsewhere = "130723,乙县,county,1307\n130723100,乙镇,township,130723\n"
    write(pack, "areas.csv", (pack / "areas.csv").read_text() + elsewhere)
    everywhere, here = "petition, levels: [county]", 'petition, levels: [county], areas: ["130722"]'
    write(pack, "offices.yaml", (pack / "offices.yaml").read_text().replace(everywhere, here))
    told = found(pack)
    assert told[0].startswith("city/offices.yaml:1: no rule, no matter and no escalation names the role museum")
    assert any("petition.request has no owner in 1 areas, for example 130723100000" in one for one in told)


def test_a_document_without_a_template_is_found(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    templates = (tmp_path / "national" / "documents.yaml").read_text()
    first, _, last = templates.partition("- kind: extension\n")
    write(tmp_path / "national", "documents.yaml", first + "- kind: result\n" + last.partition("- kind: result\n")[2])
    (told,) = found(pack)
    assert told.startswith("city/documents.yaml:1: no template for the document extension (延期告知书)")


def test_the_check_names_them_with_all_else_in_one_run(tmp_path: Path) -> None:
    pack = write(small_city(tmp_path), "rules.yaml", SHADOW + "- {id: c, lead: nobody}\n")
    told = json.loads(CliRunner().invoke(main, ["policy", "check", str(pack), "--json"]).stdout)
    assert [(one["line"], bool(one["do"])) for one in told["faults"]] == [(3, False), (2, True)]
    text = CliRunner().invoke(main, ["policy", "check", str(pack)]).stdout
    assert "  -> put it above a, or take it out\n2 fault(s)" in text
