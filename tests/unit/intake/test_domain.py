"""Registering: every fault at once, numbers that catch a slip, and no move that the table lacks."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import CaseState
from contracts.submissions import Submission
from libraries.policies import Policy, load_policy
from services.intake.domain.numbers import case_number, is_case_number
from services.intake.domain.states import MOVES, TERMINAL, Move, after
from services.intake.domain.submission import canonical, parse

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(ROOT / "deploy" / "policies" / "zhangjiakou")


def a_submission(**changes: object) -> bytes:
    body: dict[str, object] = {
        "submission_id": "2026-000017",
        "source": "zhangbei-one-window",
        "category": "education.student_aid",
        "area": "130722100",
        "applicant": {"name": "张示例", "phone": "000-0000000"},
        "summary": "申请教育救助（示例）",
    }
    return json.dumps({name: value for name, value in (body | changes).items() if value is not ...}).encode()


def test_a_whole_submission_is_read(policy: Policy) -> None:
    found = parse(a_submission(), policy, NOW)
    assert isinstance(found, Submission)
    assert found.applicant.name == "张示例"


def test_every_fault_is_named_at_once(policy: Policy) -> None:
    body = a_submission(
        submission_id=...,
        source="with blank",
        category="no.such",
        area="99",
        channel="pigeon",
        received_at="2026-03-02T09:00",
        applicant={"phone": 5},
        summary="x" * 4001,
        materials="all",
        sumary="x",
    )
    faults = parse(body, policy, NOW)
    assert isinstance(faults, tuple)
    assert [(fault.field, fault.code) for fault in faults] == [
        ("", "unknown_field"),
        ("submission_id", "missing"),
        ("source", "bad_identifier"),
        ("channel", "not_one_of"),
        ("received_at", "offset_missing"),
        ("applicant.name", "missing"),
        ("applicant.phone", "wrong_type"),
        ("summary", "too_long"),
        ("materials", "wrong_type"),
        ("category", "unknown_category"),
        ("area", "unknown_area"),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe{}", "not_utf8"),
        (b"[]", "not_json"),
        (b"null", "not_json"),
        (b"5", "not_json"),
    ],
)
def test_what_is_no_object_is_refused(policy: Policy, body: bytes, code: str) -> None:
    faults = parse(body, policy, NOW)
    assert isinstance(faults, tuple)
    assert [fault.code for fault in faults] == [code]


@pytest.mark.parametrize(
    ("received_at", "code"),
    [
        ("9999-12-31T23:59:59+08:00", "calendar_range"),
        ("2026-03-02T09:00", "offset_missing"),
        ("0001-01-01T00:00:00+14:00", "calendar_range"),
        ("2026-03-02T11:00+08:00", "received_range"),
        ("2026-03-02T09:00+15:00", "offset_range"),
        (-5, "time_form"),
        (True, "time_form"),
    ],
)
def test_a_clock_that_lies_is_named(policy: Policy, received_at: object, code: str) -> None:
    faults = parse(a_submission(received_at=received_at), policy, NOW)
    assert isinstance(faults, tuple)
    assert [fault.code for fault in faults] == [code]


def test_an_area_without_any_window_is_named(policy: Policy) -> None:
    faults = parse(a_submission(area="13"), policy, NOW)
    assert isinstance(faults, tuple)
    assert [(fault.field, fault.code) for fault in faults] == [("area", "no_window")]
    assert isinstance(parse(a_submission(area="1307"), policy, NOW), Submission)


@pytest.mark.parametrize("area", ["1307221", "13072210", "1307221000000", "１３０７２２"])
def test_an_area_has_the_digits_of_a_level(policy: Policy, area: str) -> None:
    faults = parse(a_submission(area=area), policy, NOW)
    assert isinstance(faults, tuple)
    assert [(fault.field, fault.code) for fault in faults] == [("area", "bad_area")]


@pytest.mark.parametrize(
    "received_at",
    ["2026-03-02T09:00+08:00", "20260302T090000+0800", "2026-03-02 09:00:00+08:00", "2026-W10-1T09:00:00+08:00"],
)
def test_a_time_is_read_in_every_form_of_the_standard(policy: Policy, received_at: str) -> None:
    found = parse(a_submission(received_at=received_at), policy, NOW)
    assert isinstance(found, Submission)
    assert found.received_at is not None
    assert found.received_at.isoformat() == "2026-03-02T09:00:00+08:00"


def test_a_blank_is_no_name(policy: Policy) -> None:
    faults = parse(a_submission(applicant={"name": " "}), policy, NOW)
    assert isinstance(faults, tuple)
    assert [(fault.field, fault.code) for fault in faults] == [("applicant.name", "missing")]


def test_each_attribute_that_is_wrong_is_named_but_not_those_a_sender_invents(policy: Policy) -> None:
    category = policy.categories["education.student_aid"]
    asked = replace(category, attributes={"urgent": frozenset({True, False}), "grade": frozenset({1, 2})})
    known = replace(policy, categories={category.code: asked})
    body = a_submission(category=category.code, attributes={"urgent": 1, "grade": True, "phone of": "x"})
    faults = parse(body, known, NOW)
    assert isinstance(faults, tuple)
    assert [(fault.field, fault.code) for fault in faults] == [
        ("attributes", "unknown_attribute"),
        ("attributes.urgent", "not_one_of"),
        ("attributes.grade", "not_one_of"),
    ]
    assert faults[0].facts == {"known": ["grade", "urgent"]}
    assert faults[1].facts == {"allowed": ["false", "true"]}


@pytest.mark.parametrize(
    ("number", "fine"),
    [
        ("000000199001010018", True),  # a region that there is not: nobody's number, and a right one
        ("00000019900101000x", True),
        ("810000199001010000", True),
        ("", True),
        ("00000019900101001", False),
        ("0000001990010100183", False),
        ("000000199001010019", False),
        ("000000199002300017", False),
        ("00000020990101001X", False),
        ("000000900101001", False),
        ("1.10101E+17", False),
        ("００００００199001010018", False),
        ("E12345678", False),
    ],
)
def test_an_identity_number_is_one_or_is_left_out(policy: Policy, number: str, *, fine: bool) -> None:
    found = parse(a_submission(applicant={"name": "张示例", "id_number": number}), policy, NOW)
    if fine:
        assert isinstance(found, Submission)
        assert found.applicant.id_number == number.upper()
    else:
        assert isinstance(found, tuple)
        assert [(fault.field, fault.code) for fault in found] == [("applicant.id_number", "bad_id_number")]
        assert number not in str(found)


@pytest.mark.parametrize(
    ("phone", "fine"),
    [
        ("12345", True),
        ("000-0000000", True),
        ("+86 100 0000 0000", True),
        ("(0313) 0000000-801", True),
        ("1234", False),
        ("1" * 21, False),
        ("no phone", False),
        ("1.00E+10", False),
        ("１００００００００００", False),
    ],
)
def test_a_telephone_number_can_be_dialled(policy: Policy, phone: str, *, fine: bool) -> None:
    found = parse(a_submission(applicant={"name": "张示例", "phone": phone}), policy, NOW)
    assert isinstance(found, Submission) is fine
    assert fine or [(fault.field, fault.code) for fault in found] == [("applicant.phone", "bad_phone")]


@pytest.mark.parametrize(
    ("email", "fine"),
    [
        ("a.b+c@home.example", True),
        ("", True),
        ("a@b", False),
        ("a b@home.example", False),
        ("a@home.example, b@home.example", False),
        ("a@home.example\r\nBcc: b@home.example", False),
        ("张@home.example", False),
    ],
)
def test_an_email_is_one_address(policy: Policy, email: str, *, fine: bool) -> None:
    found = parse(a_submission(applicant={"name": "张示例", "email": email}), policy, NOW)
    assert isinstance(found, Submission) is fine
    assert fine or [(fault.field, fault.code) for fault in found] == [("applicant.email", "bad_email")]


def test_a_field_that_there_is_not_is_refused_also_of_the_applicant(policy: Policy) -> None:
    found = parse(a_submission(sumary="x", applicant={"name": "张示例", "telephone": "1"}), policy, NOW)
    assert isinstance(found, tuple)
    assert [(fault.field, fault.code) for fault in found] == [("", "unknown_field"), ("applicant", "unknown_field")]


def test_a_material_that_the_policy_does_not_know_is_refused(policy: Policy) -> None:
    found = parse(a_submission(materials=["identity_card", "no_such_paper"]), policy, NOW)
    assert isinstance(found, tuple)
    assert [(fault.field, fault.code) for fault in found] == [("materials", "unknown_material")]


def test_the_same_instant_and_area_are_the_same_content(policy: Policy) -> None:
    written = (
        "2026-03-02T09:00:00+08:00",
        "2026-03-02T01:00:00Z",
        "2026-03-02T01:00:00.000Z",
        "2026-03-02T09:00+08:00",
    )
    told = [
        parse(a_submission(received_at=at, area=area), policy, NOW)
        for at in written
        for area in ("130722", "130722000000")
    ]
    assert all(isinstance(one, Submission) for one in told)
    assert len({canonical(one) for one in told if isinstance(one, Submission)}) == 1


def test_null_says_as_much_as_leaving_it_out(policy: Policy) -> None:
    null = dict.fromkeys(("channel", "summary", "attributes", "materials"))
    bare, told = (parse(a_submission(**{**dict.fromkeys(null, ...), **more}), policy, NOW) for more in ({}, null))
    assert isinstance(bare, Submission)
    assert isinstance(told, Submission)
    assert canonical(bare) == canonical(told)


def test_undeclared_attributes_are_refused(policy: Policy) -> None:
    faults = parse(a_submission(attributes={"note": "free text"}), policy, NOW)
    assert isinstance(faults, tuple)
    assert [fault.code for fault in faults] == ["unknown_attribute"]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner), max_leaves=4
)


@given(field=st.sampled_from(Submission.__struct_fields__), value=junk)
def test_no_value_in_any_field_breaks_the_reader(field: str, value: object) -> None:
    found = parse(a_submission(**{field: value}), load_once(), NOW)
    assert isinstance(found, Submission | tuple)


CACHE: list[Policy] = []


def load_once() -> Policy:
    if not CACHE:
        CACHE.append(load_policy(ROOT / "deploy" / "policies" / "zhangjiakou"))
    return CACHE[0]


def test_a_fault_never_repeats_what_was_sent(policy: Policy) -> None:
    faults = parse(a_submission(source="110101 190001010000"), policy, NOW)
    assert isinstance(faults, tuple)
    assert "190001010000" not in str(faults)


def test_the_order_of_fields_does_not_change_the_content(policy: Policy) -> None:
    body = json.loads(a_submission())
    turned = json.dumps(dict(reversed(body.items()))).encode()
    first, second = parse(a_submission(), policy, NOW), parse(turned, policy, NOW)
    assert isinstance(first, Submission)
    assert isinstance(second, Submission)
    assert canonical(first) == canonical(second)


@given(serial=st.integers(1, 99_999), position=st.integers(0, 18), digit=st.integers(0, 9))
def test_a_wrong_digit_in_a_case_number_is_noticed(serial: int, position: int, digit: int) -> None:
    number = case_number("130722", "20260302", serial)
    assert is_case_number(number)
    places = [at for at, char in enumerate(number) if char.isdigit()]
    at = places[position]
    slipped = f"{number[:at]}{digit}{number[at + 1 :]}"
    assert is_case_number(slipped) == (slipped == number)


@pytest.mark.parametrize("text", ["", "130722", "130722-20260302-00001", "x" * 20, "１30722-20260302-00017-4"])
def test_other_texts_are_no_case_numbers(text: str) -> None:
    assert not is_case_number(text)


def test_terminal_states_stay_terminal() -> None:
    assert {
        CaseState.NOT_ACCEPTED,
        CaseState.WITHDRAWN,
        CaseState.TERMINATED,
        CaseState.ARCHIVED,
    } == TERMINAL


@given(moves=st.lists(st.sampled_from(Move), max_size=12))
def test_every_walk_stays_on_the_table(moves: list[Move]) -> None:
    state = CaseState.REGISTERED
    for move in moves:
        following = after(state, move)
        assert (following is None) == ((state, move) not in MOVES)
        assert following is None or state not in TERMINAL
        state = following or state


def test_the_drawing_shows_the_same_moves() -> None:
    drawing = (ROOT / "docs" / "reference" / "case-states.md").read_text("utf-8")
    drawn = set(re.findall(r"^ +([A-Z_]+) --> ([A-Z_]+): ([a-z_]+)$", drawing, re.MULTILINE))
    assert drawn == {(before.name, following.name, move.value) for (before, move), following in MOVES.items()}
    listed = set(re.findall(r"^\| ([A-Z_]+) \| (.+) \| (yes)? ?\|$", drawing, re.MULTILINE))
    assert listed == {(state.name, state.zh, "yes" if state in TERMINAL else "") for state in CaseState}


def test_yesterdays_matter_is_welcome(policy: Policy) -> None:
    body = a_submission(received_at=(NOW - timedelta(days=1)).isoformat())
    assert isinstance(parse(body, policy, NOW), Submission)
