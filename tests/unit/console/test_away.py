"""Commands that find nobody there say so in a line, and what to do: never a traceback."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.doctor import scopes
from console.installation import Installation
from console.main import main
from libraries.runtime.web.auth import Principal, Role, issue_token, read_token

NOBODY = "127.0.0.1:1"
DATABASE = f"postgresql://nobody@{NOBODY}/yimen"
AWAY = {"YIMEN_DATABASE_URL": DATABASE, "YIMEN_KAFKA_SERVERS": NOBODY}


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    clean = dict.fromkeys(("YIMEN_DATABASE_URL", "YIMEN_KAFKA_SERVERS", "YIMEN_TOKEN_KEY", "YIMEN_DATA"))
    return CliRunner().invoke(main, arguments, env={**clean, **(env or {})})


@pytest.mark.parametrize("command", [("verify",), ("doctor",), ("journal", "replay")], ids=" ".join)
def test_without_an_installation_a_command_is_used_wrongly(command: tuple[str, ...], tmp_path: Path) -> None:
    result = run(*command, "--json", "--data", str(tmp_path))
    assert result.exit_code == 2
    assert "nothing runs here: start `yimen up`" in result.stderr


@pytest.mark.parametrize(
    "command", [("verify",), ("journal", "replay"), ("migrate",), ("topics", "apply")], ids=" ".join
)
def test_engines_that_are_away_are_a_finding(command: tuple[str, ...]) -> None:
    result = run(*command, "--json", env=AWAY)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_doctor_looks_at_the_rest_when_engines_are_away() -> None:
    result = run("doctor", "--json", env=AWAY)
    detail = json.loads(result.stdout)
    assert (result.exit_code, detail["ok"], detail["where"]) == (1, False, "the environment")
    wrong = {finding["what"] for finding in detail["findings"] if finding["ok"] is False}
    assert wrong == {"database", "schemas", "kafka", "places"}
    assert all(finding["do"] for finding in detail["findings"] if finding["ok"] is not True)


def test_a_token_says_who_it_is_for(tmp_path: Path) -> None:
    keys = Installation(tmp_path).keys()
    result = run("token", "--role", "coordinator", "--area", "130722", "--json", "--data", str(tmp_path))
    detail = json.loads(result.stdout)
    assert result.exit_code == 0
    principal = read_token(keys.token_key, detail["token"])
    assert (principal.role, principal.area, principal.subject) == (Role.COORDINATOR, "130722000000", detail["subject"])


def test_a_token_of_an_office_sees_the_area_of_the_office(tmp_path: Path) -> None:
    keys = Installation(tmp_path).keys()
    asked = ("--role", "clerk", "--office", "township-130722100000", "--json", "--data", str(tmp_path))
    detail = json.loads(run("token", *asked).stdout)
    assert detail["area"] == "130722100000"
    assert read_token(keys.token_key, detail["token"]).area == "130722100000"


def test_a_township_s_token_names_its_sources(tmp_path: Path) -> None:
    keys = Installation(tmp_path).keys()
    asked = ("--role", "township", "--area", "130722100", "--source", "b", "--source", "a", "--json")
    detail = json.loads(run("token", *asked, "--data", str(tmp_path)).stdout)
    assert detail["sources"] == ["a", "b"]
    assert read_token(keys.token_key, detail["token"]).sources == frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--role", "officer"), "an officer speaks for an office"),
        (("--role", "head"), "a head speaks for an office"),
        (("--role", "officer", "--office", "nobody"), "nobody is no office of the policy"),
        (("--role", "clerk", "--area", "99"), "990000000000 is no area of the policy"),
        (("--role", "clerk"), "names an office or an area"),
        (("--role", "coordinator"), "names an office or an area"),
        (("--role", "clerk", "--office", "township-130722100000", "--area", "130723"), "does not lie in the area of"),
        (("--role", "clerk", "--area", "130722"), "no key in"),
        (("--role", "township", "--area", "130722"), "needs --source"),
        (("--role", "clerk", "--area", "130722", "--source", "s"), "no other does"),
        (("--role", "clerk", "--area", "130722", "--subject", "张示例"), "must not name a person"),
        (("--role", "township", "--area", "130722", "--source", "a b"), "without blanks"),
        ((), "Missing option '--role'"),
    ],
)
def test_a_token_for_nobody_is_refused(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    result = run("token", *arguments, "--data", str(tmp_path))
    assert result.exit_code == 2
    assert why in result.stderr


SCOPED_ROLES = ("administrator", "assistant", "auditor", "clerk", "coordinator", "head", "officer", "township")


def test_doctor_warns_of_tokens_that_nothing_limits() -> None:
    key, ready = "k" * 32, {role: Principal(subject="s", role=role, installation=True) for role in Role}
    limited = {
        Role.CLERK: Principal(subject="s", role=Role.CLERK, office="township-130722100000"),
        Role.COORDINATOR: Principal(subject="s", role=Role.COORDINATOR, area="130722000000"),
        Role.OPS: Principal(subject="s", role=Role.OPS),
    }

    def signed(given: Mapping[Role, Principal]) -> dict[str, str]:
        return {role.value: issue_token(key, who) for role, who in given.items()}

    (warned,) = scopes(signed(ready))
    assert (warned.ok, warned.detail.split(":")[0]) == (None, f"nothing limits {', '.join(SCOPED_ROLES)}")
    assert "yimen token" in warned.do
    assert [found.ok for found in scopes(signed(limited))] == [True]
    assert [found.ok for found in scopes({"YIMEN_TOKEN": "nonsense"})] == [True]
    assert scopes({}) == []


SECRET = "never-to-be-shown"


@pytest.mark.parametrize("name", ["YIMEN_SEALING_KEY", "YIMEN_TOKEN_KEY"])
@pytest.mark.parametrize("command", [("up",), ("verify",), ("doctor",), ("parked", "list")], ids=" ".join)
def test_no_command_shows_a_key_that_it_refuses(command: tuple[str, ...], name: str, tmp_path: Path) -> None:
    data = {} if command[0] == "up" else AWAY
    more = ("--data", str(tmp_path)) if command[0] == "up" else ()
    result = run(*command, *more, env={**data, name: SECRET})
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert name in result.stderr
    assert SECRET not in result.output + result.stderr


def test_no_token_is_signed_with_a_short_key(tmp_path: Path) -> None:
    asked = ("token", "--role", "ops", "--data", str(tmp_path))
    result = run(*asked, env={"YIMEN_TOKEN_KEY": SECRET})
    assert (result.exit_code, SECRET in result.output + result.stderr) == (2, False)


@pytest.mark.parametrize("url", ["", "x", "mysql://u:never-to-be-shown@h/d", "postgresql://u:never-to-be-shown@h:x/d"])
def test_a_database_that_cannot_be_one_is_named_without_its_password(url: str) -> None:
    result = run("verify", env={**AWAY, "YIMEN_DATABASE_URL": url})
    assert result.exit_code == 2
    assert "YIMEN_DATABASE_URL" in result.stderr
    assert SECRET not in result.output + result.stderr
