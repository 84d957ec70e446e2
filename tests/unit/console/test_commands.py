"""The commands as somebody at a terminal or a script meets them."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.main import main

PACKS = Path(__file__).parents[3] / "deploy" / "policies"


def run(*arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(main, arguments, input=given)


def test_due_answers_as_the_contract_says() -> None:
    result = run("clock", "due", "--start", "2026-02-12T10:00+08:00", "--limit", "2wd", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["due_at"] == "2026-02-14T23:59:59.999999+08:00"
    assert told["provisional"] is False
    assert told["days"][-1] == {"date": "2026-02-14", "counts": True, "reason": "调休上班 / make-up working day"}
    assert set(told["basis"]) == {"source", "article", "statutory", "confidence"}


def test_a_pause_moves_the_date() -> None:
    pause = "2026-03-03T09:00+08:00/2026-03-05T09:00+08:00"
    result = run("clock", "due", "--start", "2026-03-02T10:00+08:00", "--limit", "1wd", "--pause", pause)
    assert "2026-03-05 23:59:59 +0800" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [(), ("--start", "2026-03-02T10:00", "--limit", "1wd"), ("--start", "2026-03-02T10:00+08:00", "--limit", "soon")],
)
def test_a_wrong_use_says_so_and_exits_with_2(arguments: tuple[str, ...]) -> None:
    result = run("clock", "due", *arguments)
    assert result.exit_code == 2
    assert "Error:" in result.stderr


BEFORE, AFTER = "2026-03-04T10:00+08:00/", "2026-03-10T10:00+08:00/"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"start": "2026-03-02T10:00"}, "start: must carry an offset, for example Z or +01:00 (offset_missing)"),
        ({"start": "2026-03-02T10:00+26:00"}, "-14:00 to +14:00 (offset_range)"),
        ({"start": "2026-03-02T10:00+15:00"}, "(offset_range)"),
        ({"limit": "-5wd"}, "(limit_form)"),
        ({"limit": "0wd"}, "limit: must be from 1 to 10000 wd (limit_range)"),
        ({"limit": "1000000wd"}, "limit: must be from 1 to 10000 wd (limit_range)"),
        ({"pause": "/2026-03-03T09:00+08:00"}, "pause: must start before it can end (resume_without_pause)"),
        ({"pause": "2026-03-01T09:00+08:00/2026-03-03T09:00+08:00"}, "(pause_before_start)"),
        ({"extension": "0wd"}, "extension: must be from 1 to 10000 wd (limit_range)"),
        (
            {"office": "nobody-1"},
            "office: must be the code of an office of the policy, for example",
        ),
    ],
)
def test_a_question_without_an_answer_names_field_and_rule(asked: dict[str, str], expected: str) -> None:
    question = {"start": "2026-03-02T10:00+08:00", "limit": "5wd"} | asked
    result = run("clock", "due", *(part for name, value in question.items() for part in (f"--{name}", value)))
    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.replace("│", " ").split())


def test_a_batch_answers_each_line_and_goes_on_after_a_bad_one() -> None:
    lines = [
        b'{"start": "2026-03-02T10:00+08:00", "limit": "1wd"}',
        b"not json",
        b"\xff\xfe",
        b"[]",
        b'{"start": "2026-03-02T10:00+26:00", "limit": "1wd"}',
        b'{"start": "2026-03-02T10:00+08:00", "limit": "-1d"}',
        b'{"start": "2026-03-02T10:00+08:00", "limit": "1wd", "pauses": "always"}',
        b'{"start": "2026-03-02T10:00+08:00", "limit": "2wd"}',
    ]
    result = run("clock", "due", "--batch", "-", given=b"\n".join(lines))
    replies = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [reply.get("error", {}).get("code") for reply in replies] == [
        None,
        "not_json",
        "not_json",
        "not_json",
        "offset_range",
        "limit_form",
        "wrong_type",
        None,
    ]


def test_a_batch_names_field_and_rule_and_answers_by_office_and_reason() -> None:
    monday = {"start": "2026-03-02T10:00+08:00", "limit": "1wd"}
    asked: list[dict[str, object]] = [
        {**monday, "id": "a", "office": "petition-130700000000"},
        {**monday, "id": "b", "office": "nobody"},
        {
            **monday,
            "pauses": [{"start": "2026-03-03T09:00+08:00", "end": "2026-03-05T09:00+08:00", "reason": "hearing"}],
        },
        {**monday, "pauses": [{"start": "2026-03-03T09:00+08:00", "reason": "siesta"}]},
        {**monday, "pauses": ["/2026-03-03T09:00+08:00"]},
        {**monday, "pauses": ["2026-03-01T09:00+08:00/2026-03-03T09:00+08:00"]},
        {**monday, "pauses": ["2026-03-05T09:00+08:00/2026-03-03T09:00+08:00"]},
        {**monday, "limit": "1000000wd"},
        {**monday, "start": "2026-03-02T10:00"},
        {**monday, "extensions": [{"limit": "1wd", "granted_at": "2026-03-09T10:00+08:00"}]},
    ]
    result = run("clock", "due", "--batch", "-", given="\n".join(map(json.dumps, asked)).encode())
    replies = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [reply.get("id") for reply in replies[:3]] == ["a", "b", None]
    assert "暂停计时：听证 / clock paused: Hearing" in {day["reason"] for day in replies[2]["days"]}
    errors = [reply.get("error", {}) for reply in replies]
    assert [(error.get("field"), error.get("code")) for error in errors] == [
        (None, None),
        ("office", "unknown_office"),
        (None, None),
        ("pause", "unknown_reason"),
        ("pause", "resume_without_pause"),
        ("pause", "pause_before_start"),
        ("pause", "pause_order"),
        ("limit", "limit_range"),
        ("start", "offset_missing"),
        ("extension", "extension_after_end"),
    ]


@pytest.mark.parametrize(("lang", "word"), [("zh", "调休上班"), ("en", "make-up working day")])
def test_due_tells_each_day_in_a_language(lang: str, word: str) -> None:
    result = run("clock", "due", "--start", "2026-02-13T10:00+08:00", "--limit", "1wd", "--lang", lang)
    assert result.exit_code == 0
    assert word in result.stdout


def test_a_pause_that_began_too_late_does_not_hide_the_date() -> None:
    asked = ("clock", "due", "--start", "2026-03-02T10:00+08:00", "--limit", "5wd", "--json")
    ends = {pause: json.loads(run(*asked, "--pause", pause).stdout)["due_at"] for pause in (BEFORE, AFTER)}
    assert ends == {BEFORE: None, AFTER: "2026-03-09T23:59:59.999999+08:00"}


def test_due_adds_an_extension() -> None:
    start = ("--start", "2026-03-02T10:00+08:00", "--limit", "60d")
    assert "2026-06-01 23:59:59" in run("clock", "due", *start, "--extension", "30d").stdout


def test_due_by_an_office_that_closes(tmp_path: Path) -> None:
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    offices = tmp_path / "zhangjiakou" / "offices.yaml"
    offices.write_text(offices.read_text().replace("role: petition,", 'role: petition, close_of_business: "17:30",'))
    asked = ("--start", "2026-03-02T10:00+08:00", "--limit", "1wd", "--policy", str(tmp_path / "zhangjiakou"))
    closes = run("clock", "due", *asked, "--office", "petition-130700000000", "--json")
    assert json.loads(closes.stdout)["due_at"] == "2026-03-03T17:30:00+08:00"
    other = run("clock", "due", *asked, "--office", "health-130700000000", "--json")
    assert json.loads(other.stdout)["due_at"] == "2026-03-03T23:59:59.999999+08:00"
    (tmp_path / "zhangjiakou" / "rules.yaml").write_text("x")
    assert run("clock", "due", *asked, "--office", "health-130700000000").exit_code == 1


def test_the_shipped_pack_passes() -> None:
    assert run("policy", "check", str(PACKS / "zhangjiakou")).exit_code == 0
    told = json.loads(run("policy", "coverage", str(PACKS / "zhangjiakou"), "--json").stdout)
    assert told == {"areas": 4849, "pairs": 4849 * 51, "without_owner": 0, "by_category": {}}


PETITIONS = ("petition.request", "petition.simple", "petition.suggestion", "petition.review", "petition.re_review")


def test_a_matter_that_its_rules_give_to_somebody_else_than_its_category_has_an_owner(tmp_path: Path) -> None:
    """What routing does counts, not the role that stands beside the category."""
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    city = tmp_path / "zhangjiakou"
    offices = (city / "offices.yaml").read_text("utf-8")
    alone = offices.replace(
        "role: petition, levels: [city, county]", 'role: petition, levels: [county], areas: ["130722"]'
    )
    (city / "offices.yaml").write_text(alone, "utf-8")
    gaps = json.loads(run("policy", "coverage", str(city), "--json").stdout)
    assert gaps["by_category"].keys() == set(PETITIONS)
    rules = (city / "rules.yaml").read_text("utf-8")
    own = "- {id: own, field: petition, lead: government_office}"
    (city / "rules.yaml").write_text(f"{own}\n{rules}", "utf-8")
    result = run("policy", "coverage", str(city), "--json")
    assert result.exit_code == 0, result.output
    (city / "rules.yaml").write_text(f"{own.replace('}', ', until: 2026-03-31}')}\n{rules}", "utf-8")
    late = run("policy", "coverage", str(city), "--start", "2026-04-01T10:00+08:00", "--json")
    assert (late.exit_code, json.loads(late.stdout)["by_category"].keys()) == (1, set(PETITIONS))


def test_a_pack_without_offices_has_gaps() -> None:
    result = run("policy", "check", str(PACKS / "national"), "--json")
    assert json.loads(result.stdout)["offices"] == 0


def test_a_wrong_pack_exits_with_1_and_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("name: x\neffective_from: soon\n")
    result = run("policy", "check", str(tmp_path), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["faults"][0]["line"] == 1


def test_topics_are_listed() -> None:
    assert {row["name"] for row in json.loads(run("topics", "list", "--json").stdout)} >= {"intake.cases.v1"}
