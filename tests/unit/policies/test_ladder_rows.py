"""The shipped ladder holds, and a wrong one is refused with file, line and reason."""

import shutil
from datetime import time
from pathlib import Path

import pytest

from contracts.codes import ClockKind, SupervisionLevel
from libraries.policies import PolicyRefused, load_policy
from libraries.policies.escalation import ANCHOR_OF, rung_of

PACKS = Path(__file__).parents[3] / "deploy" / "policies"
TAIL = "source: city rule, confidence: B}"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def refusals(packs: Path, row: str) -> list[str]:
    (packs / "zhangjiakou" / "ladder.yaml").write_text(f"- {{{row}, {TAIL}\n")
    with pytest.raises(PolicyRefused) as caught:
        load_policy(packs / "zhangjiakou")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("kind", [ClockKind.HANDLING, ClockKind.UNMATCHED, ClockKind.RETURN_DECISION])
def test_the_shipped_ladder_has_every_level(kind: ClockKind) -> None:
    ladder = load_policy(PACKS / "zhangjiakou").ladder
    rungs = [rung_of(ladder, level, kind) for level in ANCHOR_OF]
    assert all(rung is not None and rung.source and not rung.statutory for rung in rungs)


def test_a_city_may_climb_faster_than_the_nation(packs: Path) -> None:
    row = "level: urged, after: breach, recipients: [office], from: '08:30', to: '17:30'"
    (packs / "zhangjiakou" / "ladder.yaml").write_text(f"- {{{row}, {TAIL}\n")
    rung = rung_of(load_policy(packs / "zhangjiakou").ladder, SupervisionLevel.URGED, ClockKind.HANDLING)
    assert rung is not None
    assert (rung.after, rung.opens, rung.closes) == (None, time(8, 30), time(17, 30))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("level: shouted, after: breach, recipients: [office]", "unknown level shouted"),
        ("level: none, after: breach, recipients: [office]", "level none is no rung"),
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
def test_a_wrong_rung_is_refused(packs: Path, row: str, reason: str) -> None:
    assert any(reason in told and "ladder.yaml:" in told for told in refusals(packs, row)), refusals(packs, row)


def test_a_rung_that_can_never_be_reached_is_refused(packs: Path) -> None:
    row = f"- {{level: urged, after: breach, recipients: [office], {TAIL}\n"
    (packs / "zhangjiakou" / "ladder.yaml").write_text(row * 2)
    with pytest.raises(PolicyRefused, match=r"ladder.yaml:2: a row above says urged of the same clocks"):
        load_policy(packs / "zhangjiakou")


@pytest.mark.parametrize("warnings", ["['90 %']", "[1y]", "[80]"])
def test_a_warning_that_is_none_is_refused(packs: Path, warnings: str) -> None:
    row = f"- {{clock: rework, limit: 5wd, warnings: {warnings}, {TAIL}\n"
    (packs / "zhangjiakou" / "limits.yaml").write_text(row)
    with pytest.raises(PolicyRefused, match=r"limits.yaml:1: warning"):
        load_policy(packs / "zhangjiakou")
