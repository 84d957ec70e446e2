"""A month against a draft: the same seed gives the same month, and less time makes more late."""

import json
from datetime import date
from pathlib import Path

from click.testing import CliRunner

from console.main import main
from console.simulating import Month, simulate
from libraries.policies import load_policy
from tests.packs import small_city, write

MONTH = Month(since=date(2026, 3, 2), days=10, a_day=50, share=0.5, seed=7)


def test_the_same_seed_gives_the_same_month(tmp_path: Path) -> None:
    policy = load_policy(small_city(tmp_path))
    found = simulate(policy, policy, MONTH)
    assert found == simulate(policy, policy, MONTH)
    assert (found.cases, found.without_rule) == (8 * 50, 0), "eight days of ten work"
    assert found.cases <= sum(office.received for office in found.offices)
    assert all(office.most_open <= office.received for office in found.offices)


def test_a_draft_that_gives_less_time_makes_more_late_and_another_lead_has_the_load(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    baseline = load_policy(pack)
    limit = "- {clock: handling, field: education, limit: 2wd, statutory: false, source: x, confidence: B}\n"
    write(pack, "limits.yaml", limit)
    write(pack, "rules.yaml", "- {id: a, field: education, lead: petition}\n")
    draft = load_policy(pack)
    before, after = (simulate(policy, baseline, MONTH) for policy in (baseline, draft))
    assert after.expected_late > before.expected_late
    load = [{one.office: one.received for one in found.offices} for found in (before, after)]
    assert load[1]["petition-130722000000"] > load[0]["petition-130722000000"]
    assert load[1]["education-130722000000"] < load[0]["education-130722000000"]


def test_it_is_told_to_people_and_to_programs(tmp_path: Path) -> None:
    pack = str(small_city(tmp_path))
    asked = ["policy", "simulate", pack, "--since", "2026-03-02", "--days", "7", "--a-day", "20"]
    told = json.loads(CliRunner().invoke(main, [*asked, "--json"]).stdout)
    assert told["cases"] == 100
    said = CliRunner().invoke(main, asked).stdout
    assert f"7 days from 2026-03-02: 100 cases, {told['expected_late']} expected late" in said
