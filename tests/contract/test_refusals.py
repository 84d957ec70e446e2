"""One table of refusals: whatever refuses says a code of it, with the facts that its sentences are filled with."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from contracts.codes import CaseState
from contracts.refusals import REFUSALS, Fault, Refusal, Refused, Shape, field_errors, sentence
from contracts.refusals.messages import TITLES

ROOT = Path(__file__).parents[2]
CALLS = {"Refused": "code", "Rejected": 0, "Fault": 1, "BadQuestion": 1}
"""Where the code stands in each call that refuses: a keyword, or the number of the argument."""
PARKED = {"unknown_case", "unknown_referral", "sequence_gap"}
"""Said of records that are set aside; docs/reference/error-codes.md has them in a table of their own."""
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff}][,;:()?!]|[,;:()?!][\u4e00-\u9fff{]")
"""Chinese is written with full-width punctuation."""
BY_VARIABLE = {"wrong_form", "bad_identifier", "bad_area", "bad_case", "bad_post"}
"""Codes that are chosen in a mapping."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    for room in ("console", "contracts", "libraries", "services"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in CALLS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def codes_of(call: ast.Call) -> set[str]:
    """The codes that stand in it as text; of a choice between two, both."""
    where = CALLS[getattr(call.func, "id", "")]
    if isinstance(where, str):
        found = next((keyword.value for keyword in call.keywords if keyword.arg == where), None)
    else:
        found = call.args[where] if len(call.args) > where else None
    texts = ast.walk(found) if isinstance(found, ast.Constant | ast.IfExp) else ()
    return {node.value for node in texts if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def facts_of(call: ast.Call) -> set[str] | None:
    """The names of the facts that are given; `None` if they are made elsewhere."""
    name = getattr(call.func, "id", "")
    if name in {"Rejected", "BadQuestion"}:
        made = len(call.args) > 1 and name == "Rejected"  # of its faults
        return None if made or any(k.arg is None for k in call.keywords) else {str(k.arg) for k in call.keywords}
    given = next((k.value for k in call.keywords if k.arg == "facts"), None)
    if name == "Fault" and len(call.args) > 2:
        given = call.args[2]
    if given is None:
        return set()
    return {key.value for key in given.keys if isinstance(key, ast.Constant)} if isinstance(given, ast.Dict) else None


def words() -> set[str]:
    """Every text of the sources that is one word: what a code may be chosen from."""
    found = set()
    rooms = (ROOT / room for room in ("console", "libraries", "services"))
    for path in [*(path for room in rooms for path in room.rglob("*.py")), ROOT / "contracts" / "reading.py"]:
        found |= {
            node.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return found


def test_every_code_that_is_said_stands_in_the_table() -> None:
    unknown = {where: codes_of(call) - REFUSALS.keys() - PARKED for where, call in calls()}
    assert {where: codes for where, codes in unknown.items() if codes} == {}, "add a row in contracts/refusals"


def test_every_row_of_the_table_is_said_somewhere() -> None:
    assert REFUSALS.keys() - words() - BY_VARIABLE == set(), "nobody says these any more: drop the rows"


def test_the_facts_are_those_that_the_sentences_name() -> None:
    wrong = {}
    for where, call in calls():
        given = facts_of(call)
        for code in codes_of(call) & REFUSALS.keys():
            if given is not None and given != REFUSALS[code].facts:
                wrong[where] = (code, sorted(REFUSALS[code].facts))
    assert wrong == {}


def test_no_code_stands_there_twice() -> None:
    from contracts.refusals import fields, requests

    rows = [row.code for row in (*requests.REQUESTS, *fields.FIELDS)]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("row", REFUSALS.values(), ids=lambda row: row.code)
def test_each_row_speaks_both_languages_and_has_a_title(row: Refusal) -> None:
    assert row.status in TITLES
    assert any("\u4e00" <= char <= "\u9fff" for char in row.zh)
    assert row.en.isascii()
    assert not HALF_WIDTH.search(row.zh)


@pytest.mark.parametrize("row", [row for row in REFUSALS.values() if row.status != 422], ids=lambda row: row.code)
def test_what_is_refused_as_a_whole_says_what_to_do_next(row: Refusal) -> None:
    """At least two sentences or clauses: what is wrong, and the way out."""
    assert any(word in row.zh for word in ("请", "须", "可用", "可以"))
    assert row.en.count(". ") + row.en.count("; ") + row.en.count(": ") >= 1 or row.en.startswith("must")


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        (
            {"state": CaseState.IN_PROGRESS, "move": "accept", "possible": ["withdraw"]},
            "办理中（in_progress）",
            "in_progress",
        ),
        ({"state": CaseState.CLOSED, "move": "accept", "possible": []}, "此时可以办理：无。", "Possible now: none."),
        ({"state": CaseState.CLOSED, "move": "accept", "possible": ["b", "a"]}, "b、a。", "b, a."),
    ],
)
def test_facts_are_told_in_each_language(facts: dict[str, object], zh: str, en: str) -> None:
    assert zh in sentence("illegal_move", facts)
    assert en in sentence("illegal_move", facts, "en")


def test_a_moment_is_told_by_the_clocks_that_whoever_refuses_named() -> None:
    moment = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert "2026-03-02T09:30+00:00" in sentence("reopen_window_over", {"until": moment})
    there = timezone(timedelta(hours=8))
    assert "2026-03-02T17:30+08:00" in sentence("reopen_window_over", {"until": moment.astimezone(there)})


def test_one_kind_of_fault_gives_the_whole_its_code_several_are_invalid() -> None:
    missing = Fault("area", "missing")
    assert Refused.of(missing).code == "missing"
    assert Refused.of(missing, Fault("category", "missing")).code == "missing"
    several = Refused.of(missing, Fault("summary", "wrong_type", {"wanted": Shape.TEXT}))
    assert (several.code, several.status) == ("invalid", 422)
    assert [(one.field, one.code, one.detail) for one in field_errors(several.faults)] == [
        ("area", "missing", "必须填写"),
        ("summary", "wrong_type", "类型不对，须为文本"),
    ]


def test_what_is_no_fields_fault_gives_the_whole_its_status() -> None:
    assert Refused.of(Fault("", "not_json")).status == 400
    assert Refused.of(Fault("area", "missing"), Fault("submission_id", "conflict")).status == 409


def test_one_fault_is_told_with_its_field() -> None:
    refused = Refused.of(Fault("reason", "unknown_reason", {"allowed": ["a", "b"]}))
    assert refused.detail() == "reason: 须为下列理由代码之一：a、b"
    assert refused.detail("en") == "reason: must be one of a, b"
