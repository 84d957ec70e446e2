"""The alert rules: each fires and keeps silent when it should, and somebody who is woken up finds what to do."""

import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

import services.notify.app
import services.portal.app  # noqa: F401 -- as the line before: what they count is registered when they are loaded
from console.main import main
from tests.programs import PROMTOOL

DEPLOY = Path(__file__).parents[3] / "deploy"
FOLDER = DEPLOY / "prometheus"
GROUPS = yaml.safe_load((FOLDER / "rules.yaml").read_text("utf-8"))["groups"]
RULES = list(chain.from_iterable(group["rules"] for group in GROUPS))
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RUNBOOKS = {path.stem: path.read_text("utf-8") for path in (DEPLOY / "runbooks").glob("*.md")}


def run(*arguments: str) -> str:
    done = subprocess.run([PROMTOOL.demand(), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_configuration_and_the_rules_are_sound() -> None:
    assert "rules found" in run("check", "config", "prometheus.yaml")


def test_every_alert_fires_and_keeps_silent_when_it_should() -> None:
    assert "SUCCESS" in run("test", "rules", "tests.yaml")
    tests = yaml.safe_load((FOLDER / "tests.yaml").read_text("utf-8"))["tests"]
    assert {test["name"] for test in tests} == {f"{name} {what}" for name in ALERTS for what in ("fires", "is silent")}


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert RUNBOOKS.keys() == ALERTS.keys()
    assert {rule["annotations"]["runbook"] for rule in ALERTS.values()} == {
        f"deploy/runbooks/{name}.md" for name in ALERTS
    }


def counted() -> set[str]:
    return {family.name for family in REGISTRY.collect()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_is_counted(rule: dict[str, str]) -> None:
    asked = set(re.findall(r"\byimen_\w+", rule["expr"]))
    assert {re.sub(r"_(total|bucket|count)$", "", name) for name in asked} <= counted()


@pytest.mark.parametrize("name", sorted(RUNBOOKS))
def test_a_runbook_types_commands_that_there_are(name: str) -> None:
    for words in re.findall(r"`yimen ([a-z]+(?: [a-z]+)?)", RUNBOOKS[name]):
        first, *rest = words.split()
        command = main.get_command(None, first)  # type: ignore[arg-type]  # a command is found without a context
        assert command is not None, words
        if rest and hasattr(command, "list_commands"):
            assert rest[0] in command.list_commands(None), words


def test_what_follows_from_an_outage_is_not_said_beside_it() -> None:
    told = yaml.safe_load((FOLDER / "alertmanager.yaml").read_text("utf-8"))
    named = re.findall(r"Yimen\w+", " ".join(chain(*(m for r in told["inhibit_rules"] for m in r.values()))))
    assert set(named) <= ALERTS.keys()
