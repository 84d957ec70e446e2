"""The shipped escalation rules hold, and a wrong one is refused with file, line and reason."""

import shutil
from datetime import time
from pathlib import Path

import pytest

from contracts.codes import ClockKind, SupervisionLevel
from libraries.policies import PolicyRefused, load_policy
from libraries.policies.escalation import ANCHOR_OF, rule_for

PACKS = Path(__file__).parents[3] / "deploy" / "policies"
TAIL = "source: city rule, confidence: B}"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def refusals(packs: Path, row: str) -> list[str]:
    (packs / "zhangjiakou" / "escalation.yaml").write_text(f"- {{{row}, {TAIL}\n")
    with pytest.raises(PolicyRefused) as caught:
        load_policy(packs / "zhangjiakou")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("kind", [ClockKind.HANDLING, ClockKind.UNMATCHED, ClockKind.RETURN_DECISION])
def test_the_shipped_policy_has_every_level(kind: ClockKind) -> None:
    escalation_rules = load_policy(PACKS / "zhangjiakou").escalation_rules
    rules = [rule_for(escalation_rules, level, kind) for level in ANCHOR_OF]
    assert all(rule is not None and rule.source and not rule.statutory for rule in rules)


def test_a_city_may_escalate_faster_than_the_nation(packs: Path) -> None:
    row = "level: urged, after: breach, recipients: [office], from: '08:30', to: '17:30'"
    (packs / "zhangjiakou" / "escalation.yaml").write_text(f"- {{{row}, {TAIL}\n")
    rule = rule_for(load_policy(packs / "zhangjiakou").escalation_rules, SupervisionLevel.URGED, ClockKind.HANDLING)
    assert rule is not None
    assert (rule.after, rule.opens, rule.closes) == (None, time(8, 30), time(17, 30))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("level: shouted, after: breach, recipients: [office]", "unknown level shouted"),
        ("level: none, after: breach, recipients: [office]", "level none is no level of the escalation policy"),
        ("level: urged, after: due, recipients: [office]", "urged comes after breach"),
        ("level: reminded, after: due+1d, recipients: [office]", "reminded comes with due itself"),
        ("level: urged, after: breach+soon, recipients: [office]", "after must be a number and one of"),
        ("level: urged, after: breach+1y, recipients: [office]", "after must be in h, d or wd"),
        ("level: urged, after: breach+9wd, recipients: [office]", "supervised does not come after urged for the clock"),
        ("level: urged, after: breach, recipients: []", "recipients is missing"),
        ("level: urged, after: breach, recipients: [boss]", "recipient boss must be office"),
        ("level: urged, after: breach, recipients: [boss@county]", "no office has the role boss"),
        ("level: urged, after: breach, recipients: [civil_affairs@moon]", "recipient civil_affairs@moon must be"),
        ("level: urged, after: breach, recipients: [office], clocks: [return_window]", "nobody is late when"),
        ("level: urged, after: breach, recipients: [office], clocks: [siesta]", "unknown clock siesta"),
        ("level: urged, after: breach, recipients: [office], from: '09:00'", "from and to go together"),
        ("level: urged, after: breach, recipients: [office], from: '17:00', to: '09:00'", "from before to"),
        ("level: urged, after: breach, recipients: [office], hours: any", "unknown key hours"),
        (
            "level: warned, after: warning, recipients: [office], from: '09:00', to: '17:00'",
            "a warning is said at its moment",
        ),
    ],
)
def test_a_wrong_rule_is_refused(packs: Path, row: str, reason: str) -> None:
    assert any(reason in told and "escalation.yaml:" in told for told in refusals(packs, row)), refusals(packs, row)


def test_a_rule_that_can_never_be_reached_is_refused(packs: Path) -> None:
    row = f"- {{level: urged, after: breach, recipients: [office], {TAIL}\n"
    (packs / "zhangjiakou" / "escalation.yaml").write_text(row * 2)
    with pytest.raises(PolicyRefused, match=r"escalation.yaml:2: a row above says urged of the same clocks"):
        load_policy(packs / "zhangjiakou")


@pytest.mark.parametrize("warnings", ["['90 %']", "[1y]", "[80]"])
def test_a_warning_that_is_none_is_refused(packs: Path, warnings: str) -> None:
    row = f"- {{clock: rework, limit: 5wd, warnings: {warnings}, {TAIL}\n"
    (packs / "zhangjiakou" / "limits.yaml").write_text(row)
    with pytest.raises(PolicyRefused, match=r"limits.yaml:1: warning"):
        load_policy(packs / "zhangjiakou")
