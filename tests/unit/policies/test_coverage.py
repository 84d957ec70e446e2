"""The matrix says of every area what a decision there says, though alike areas are decided once."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.main import main
from libraries.policies import Policy, load_policy
from libraries.policies.coverage import matrix
from libraries.policies.decision import Matter, decide, variants
from tests.packs import PACKS, small_city, write

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
RULES = """\
- {id: here, area: "130722101", categories: [petition.request], lead: government_office}
- {id: village, levels: [village], categories: [petition.simple], lead: township}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    for pack in PACKS.iterdir():
        (tmp_path / pack.name).mkdir()
        for file in pack.iterdir():
            (tmp_path / pack.name / file.name).write_bytes(file.read_bytes())
    return load_policy(write(tmp_path / "zhangjiakou", "rules.yaml", RULES))


def test_each_cell_is_what_a_decision_says(policy: Policy) -> None:
    cells = list(matrix(policy, NOON))
    assert len(cells) == len(policy.areas) * len(policy.categories)
    named = [cell for cell in cells if cell.category in {"petition.request", "petition.simple"}]
    sample = random.Random(1).sample(cells, 500) + random.Random(2).sample(named, 500)
    sample += [cell for cell in named if policy.within(cell.area, "130722101")]
    for cell in sample:
        field = policy.categories[cell.category].field
        asked = Matter(category=cell.category, field=field, area=cell.area, attributes={}, accepted_at=NOON)
        choices = [decide(matter, policy) for matter in variants(asked, policy)]
        assert set(cell.leads) == {choice.lead for choice in choices}, cell
        assert set(cell.rules) == {choice.rule or "" for choice in choices}, cell


def test_the_page_begins_with_the_holes_and_repeats_no_markup(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    elsewhere = "130723,乙县,county,1307\n130723100,乙镇,township,130723\n"
    write(pack, "areas.csv", (pack / "areas.csv").read_text("utf-8") + elsewhere)
    museum = "- {role: museum, levels: [county], areas: ['130722'], zh: 馆, en: Museum}\n"
    write(pack, "offices.yaml", (pack / "offices.yaml").read_text("utf-8") + museum)
    write(pack, "categories.csv", HEADER + "education.odd,<b>奇</b>,Odd,museum,5wd,no,x,B\n")
    page = tmp_path / "page.html"
    result = CliRunner().invoke(main, ["policy", "coverage", str(pack), "--html", str(page)])
    assert result.exit_code == 1, result.output
    assert "education.odd: 1 areas; add an office of role museum" in result.output
    html = page.read_text("utf-8")
    assert 0 < html.index("乙镇 (130723100000)") < html.index("承办 Who has what")
    assert "&lt;b&gt;奇" in html
    assert "<b>奇" not in html


HEADER = "code,zh,en,lead_role,handling_limit,statutory,source,confidence\n"
